/** Workspaces of AMP and what finds targets for them, in calls: AMP, Cloud Map, alarms. */
import { join, Joined, type Properties, Reference } from '../template.ts';
import {
  ANSWER,
  asWord,
  given,
  type Kind,
  lowerKeys,
  nameOf,
  own,
  pick,
  type CallStep,
  tagMap,
  take,
  type Word,
} from './calls.ts';

const amp = (...list: readonly Word[]): CallStep => ({ words: ['amp', ...list] });
const lower = (value: Properties): Properties => lowerKeys(value, () => false) as Properties;

const notDeleting = (alias: Word): Word => join`alias=='${alias}' && status.statusCode!='DELETING'`;

const workspace: Kind = (subject) => {
  const properties = take(subject, [
    'Alias', 'KmsKeyArn', 'AlertManagerDefinition', 'QueryLoggingConfiguration',
    'WorkspaceConfiguration', 'Tags',
  ]); // prettier-ignore
  const alias = nameOf(subject, 'Alias');
  const id = { workspaceId: own(subject, 'WorkspaceId') };
  const set = (
    name: string,
    operation: string,
    input: Properties,
    otherwise?: string,
  ): CallStep[] =>
    properties[name] === undefined
      ? []
      : [
          {
            operation,
            input: { ...id, ...input },
            ...(otherwise === undefined ? {} : { otherwise }),
          },
        ];
  return {
    find: {
      // Aliases need not be unique, and the call takes them as prefixes.
      words: ['amp', 'list-workspaces', '--alias', alias],
      query: join`workspaces[?${notDeleting(alias)}] | [0].[arn,arn,workspaceId]`,
    },
    values: ['', 'Arn', 'WorkspaceId'],
    make: [
      {
        operation: 'amp create-workspace',
        input: {
          alias,
          ...given('kmsKeyArn', properties['KmsKeyArn']),
          ...tagMap(properties['Tags']),
        },
      },
    ],
    ready: [amp('wait', 'workspace-active', '--workspace-id', own(subject, 'WorkspaceId'))],
    configure: [
      ...set(
        'WorkspaceConfiguration',
        'amp update-workspace-configuration',
        lower((properties['WorkspaceConfiguration'] ?? {}) as Properties),
      ),
      ...set(
        'AlertManagerDefinition',
        'amp put-alert-manager-definition',
        given('data', properties['AlertManagerDefinition']),
        'amp create-alert-manager-definition',
      ),
      ...set(
        'QueryLoggingConfiguration',
        'amp update-query-logging-configuration',
        lower((properties['QueryLoggingConfiguration'] ?? {}) as Properties),
        'amp create-query-logging-configuration',
      ),
    ],
    remove: [amp('delete-workspace', '--workspace-id', own(subject, 'WorkspaceId'))],
  };
};

/** The API wants the id, CloudFormation the ARN that ends with it. */
function workspaceId(arn: Word): Word {
  if (arn instanceof Reference) return arn.get('WorkspaceId');
  const last = arn instanceof Joined ? arn.parts.at(-1) : arn;
  if (typeof last === 'string') return last.slice(last.lastIndexOf('/') + 1);
  throw new Error(
    'a workspace is named neither by its resource nor by an ARN that ends with its id',
  );
}

const rules: Kind = (subject) => {
  const properties = take(subject, ['Workspace', 'Name', 'Data', 'Tags']);
  const where = workspaceId(asWord(properties['Workspace']));
  const name = nameOf(subject, 'Name');
  const input = { workspaceId: where, name, ...given('data', properties['Data']) };
  const named = ['--workspace-id', where, '--name', name];
  return {
    find: {
      words: ['amp', 'describe-rule-groups-namespace', ...named],
      query: 'ruleGroupsNamespace.[arn,arn]',
    },
    values: ['', 'Arn'],
    make: [
      {
        operation: 'amp create-rule-groups-namespace',
        input: { ...input, ...tagMap(properties['Tags']) },
      },
    ],
    ready: [
      {
        words: ['amp', 'describe-rule-groups-namespace', ...named],
        query: 'ruleGroupsNamespace.status.statusCode',
        until: 'ACTIVE',
      },
    ],
    update: [{ operation: 'amp put-rule-groups-namespace', input }],
    remove: [amp('delete-rule-groups-namespace', ...named)],
  };
};

const map = (...list: readonly Word[]): CallStep => ({ words: ['servicediscovery', ...list] });

const namespace: Kind = (subject) => {
  const input = take(subject, ['Name', 'Vpc', 'Description', 'Properties', 'Tags']);
  return {
    find: {
      words: ['servicediscovery', 'list-namespaces', '--filters', 'Name=TYPE,Values=DNS_PRIVATE'],
      query: join`Namespaces[?Name=='${asWord(input['Name'])}'] | [0].[Id,Id,Arn]`,
    },
    values: ['', 'Id', 'Arn'],
    make: [
      {
        operation: 'servicediscovery create-private-dns-namespace',
        input,
        answer: 'OperationId',
      },
      // The call ends before its operation does.
      {
        words: ['servicediscovery', 'get-operation', '--operation-id', ANSWER],
        query: 'Operation.Status',
        until: 'SUCCESS',
      },
    ],
    remove: [map('delete-namespace', '--id', own(subject))],
  };
};

const registry: Kind = (subject) => {
  const input = take(subject, [
    'Name', 'NamespaceId', 'DnsConfig', 'Description', 'HealthCheckConfig',
    'HealthCheckCustomConfig', 'Type', 'Tags',
  ]); // prettier-ignore
  return {
    find: {
      words: [
        'servicediscovery', 'list-services', '--filters',
        join`Name=NAMESPACE_ID,Values=${asWord(input['NamespaceId'])}`,
      ],
      query: join`Services[?Name=='${asWord(input['Name'])}'] | [0].[Id,Id,Arn,Name]`,
    },
    values: ['', 'Id', 'Arn', 'Name'],
    make: [{ operation: 'servicediscovery create-service', input }],
    remove: [map('delete-service', '--id', own(subject))],
  }; // prettier-ignore
};

const ALARM = [
  'AlarmDescription', 'ActionsEnabled', 'OKActions', 'AlarmActions', 'InsufficientDataActions',
  'MetricName', 'Namespace', 'Statistic', 'ExtendedStatistic', 'Dimensions', 'Period', 'Unit',
  'EvaluationPeriods', 'DatapointsToAlarm', 'Threshold', 'ComparisonOperator', 'TreatMissingData',
  'EvaluateLowSampleCountPercentile', 'Metrics', 'ThresholdMetricId', 'Tags',
]; // prettier-ignore

const alarm: Kind = (subject) => {
  const properties = take(subject, ['AlarmName', ...ALARM]);
  const name = nameOf(subject, 'AlarmName');
  const put = {
    operation: 'cloudwatch put-metric-alarm',
    input: { AlarmName: name, ...pick(properties, ALARM) },
  };
  return {
    find: {
      words: ['cloudwatch', 'describe-alarms', '--alarm-names', name],
      query: 'MetricAlarms[0].[AlarmName,AlarmArn]',
    },
    values: ['', 'Arn'],
    make: [put],
    update: [put],
    remove: [{ words: ['cloudwatch', 'delete-alarms', '--alarm-names', name] }],
  };
};

export const metricKinds: Readonly<Record<string, Kind>> = {
  'AWS::APS::Workspace': workspace,
  'AWS::APS::RuleGroupsNamespace': rules,
  'AWS::ServiceDiscovery::PrivateDnsNamespace': namespace,
  'AWS::ServiceDiscovery::Service': registry,
  'AWS::CloudWatch::Alarm': alarm,
};
