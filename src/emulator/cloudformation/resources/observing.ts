/** Log groups, parameters and alarms. */
import { AwsError } from '../../service.ts';
import { isSameProperty, parseShape } from '../property-shape.ts';
import {
  asTagMap,
  compareTags,
  findMember,
  joinTags,
  pickMembers,
  takeText,
  unlessMissing,
  type Made,
  type ResourceKind,
  type Site,
  type ResourceTag,
} from '../resource-kind.ts';
import type { Values } from '../values.ts';

const TAGS = 'Tags[{Key* Value*}]';

async function setRetention(logGroupName: string, properties: Values, site: Site): Promise<void> {
  const { RetentionInDays: days } = properties;
  if (days === undefined) await site.call('logs', 'DeleteRetentionPolicy', { logGroupName });
  else await site.call('logs', 'PutRetentionPolicy', { logGroupName, retentionInDays: days });
}

async function askGroup({ id }: Made, { call }: Site): Promise<Values | undefined> {
  const answer = await call('logs', 'DescribeLogGroups', { logGroupNamePrefix: id });
  const groups = (answer['logGroups'] ?? []) as readonly Values[];
  return groups.find(({ logGroupName }) => logGroupName === id);
}

const logGroup: ResourceKind = {
  type: 'AWS::Logs::LogGroup',
  shape: parseShape(`LogGroupName! RetentionInDays:n KmsKeyId LogGroupClass ${TAGS}`),
  attributes: ['Arn'],
  name: 'LogGroupName',
  create: async (properties, site) => {
    const { KmsKeyId, LogGroupClass } = properties;
    const id = String(properties['LogGroupName'] ?? site.makeName(512));
    const tags = joinTags(properties['Tags'], site.tags);
    await site.call('logs', 'CreateLogGroup', {
      logGroupName: id,
      ...(KmsKeyId === undefined ? {} : { kmsKeyId: KmsKeyId }),
      ...(LogGroupClass === undefined ? {} : { logGroupClass: LogGroupClass }),
      ...(tags.length === 0 ? {} : { tags: asTagMap(tags) }),
    });
    return { id, attributes: { Arn: groupArn(id, site) } };
  },
  settle: async (made, properties, site) => {
    if (properties['RetentionInDays'] !== undefined) await setRetention(made.id, properties, site);
    return made;
  },
  update: async (made, { before, after, tagsBefore }, site) => {
    for (const name of ['KmsKeyId', 'LogGroupClass'])
      if (before[name] !== after[name])
        throw new AwsError('NotUpdatable', `${name} of a log group cannot be changed here`);
    if (before['RetentionInDays'] !== after['RetentionInDays'])
      await setRetention(made.id, after, site);
    const { added, removed } = compareTags(
      joinTags(before['Tags'], tagsBefore),
      joinTags(after['Tags'], site.tags),
    );
    const resourceArn = groupArn(made.id, site).replace(/:\*$/, '');
    if (removed.length > 0)
      await site.call('logs', 'UntagResource', { resourceArn, tagKeys: removed });
    if (added.length > 0)
      await site.call('logs', 'TagResource', { resourceArn, tags: asTagMap(added) });
    return made;
  },
  remove: async ({ id }, _properties, { call }) => {
    await call('logs', 'DeleteLogGroup', { logGroupName: id });
  },
  read: async (made, _properties, site) => {
    const found = await askGroup(made, site);
    return found === undefined
      ? undefined
      : {
          LogGroupName: found['logGroupName'],
          RetentionInDays: found['retentionInDays'],
          KmsKeyId: found['kmsKeyId'],
          LogGroupClass: found['logGroupClass'],
        };
  },
};

function groupArn(name: string, { region, accountId }: Site): string {
  return `arn:aws:logs:${region}:${accountId}:log-group:${name}:*`;
}

function parameterInput(properties: Values): Record<string, unknown> {
  return pickMembers(properties, 'Value Type Description Tier AllowedPattern DataType');
}

/** The tags of a parameter are a map. */
function parameterTags(properties: Values, stackTags: readonly ResourceTag[]): ResourceTag[] {
  const own = Object.entries((properties['Tags'] ?? {}) as Record<string, string>);
  return joinTags(
    own.map(([Key, Value]) => ({ Key, Value })),
    stackTags,
  );
}

const parameter: ResourceKind = {
  type: 'AWS::SSM::Parameter',
  shape: parseShape('Name! Type* Value* Description Tier AllowedPattern DataType Tags{*}'),
  attributes: ['Type', 'Value', 'Arn'],
  name: 'Name',
  create: async (properties, site) => {
    const name = String(properties['Name'] ?? site.makeName(1_011));
    const tags = parameterTags(properties, site.tags);
    await site.call('ssm', 'PutParameter', {
      Name: name,
      ...parameterInput(properties),
      ...(tags.length === 0 ? {} : { Tags: tags }),
    });
    return { id: name, attributes: parameterAttributes(name, properties, site) };
  },
  update: async (made, { before, after, tagsBefore }, site) => {
    const Name = made.id;
    if (!isSameProperty(parameterInput(before), parameterInput(after)))
      await site.call('ssm', 'PutParameter', { Name, ...parameterInput(after), Overwrite: true });
    const { added, removed } = compareTags(
      parameterTags(before, tagsBefore),
      parameterTags(after, site.tags),
    );
    const subject = { ResourceType: 'Parameter', ResourceId: Name };
    if (removed.length > 0)
      await site.call('ssm', 'RemoveTagsFromResource', { ...subject, TagKeys: removed });
    if (added.length > 0) await site.call('ssm', 'AddTagsToResource', { ...subject, Tags: added });
    return { id: Name, attributes: parameterAttributes(Name, after, site) };
  },
  remove: async ({ id }, _properties, { call }) => {
    await call('ssm', 'DeleteParameter', { Name: id });
  },
  read: async ({ id }, _properties, { call }) => {
    const answer = await unlessMissing(call('ssm', 'GetParameter', { Name: id }));
    return findMember(answer, 'Parameter') as Values | undefined;
  },
};

function parameterAttributes(name: string, { Type, Value }: Values, site: Site): Values {
  const { region, accountId } = site;
  const Arn = `arn:aws:ssm:${region}:${accountId}:parameter/${name.replace(/^\//, '')}`;
  return { Type, Value, Arn };
}

const ALARM =
  'AlarmDescription ActionsEnabled AlarmActions OKActions InsufficientDataActions Namespace ' +
  'MetricName Dimensions Statistic ExtendedStatistic Unit Period EvaluationPeriods ' +
  'DatapointsToAlarm Threshold ComparisonOperator TreatMissingData Metrics ' +
  'EvaluateLowSampleCountPercentile ThresholdMetricId';
const DIMENSIONS = 'Dimensions[{Name* Value*}]';

async function putAlarm(name: string, properties: Values, tags: Values, site: Site): Promise<Made> {
  await site.call('monitoring', 'PutMetricAlarm', {
    AlarmName: name,
    ...pickMembers(properties, ALARM),
    ...tags,
  });
  const Arn = `arn:aws:cloudwatch:${site.region}:${site.accountId}:alarm:${name}`;
  return { id: name, attributes: { Arn } };
}

const alarm: ResourceKind = {
  type: 'AWS::CloudWatch::Alarm',
  shape: parseShape(
    'AlarmName! AlarmDescription ActionsEnabled:b AlarmActions[] OKActions[] ' +
      `InsufficientDataActions[] Namespace MetricName ${DIMENSIONS} Statistic ExtendedStatistic ` +
      'Unit Period:n EvaluationPeriods:n DatapointsToAlarm:n Threshold:n ComparisonOperator ' +
      'TreatMissingData EvaluateLowSampleCountPercentile ThresholdMetricId ' +
      `Metrics[{Id* Expression Label Period:n ReturnData:b AccountId MetricStat{Metric*{` +
      `Namespace MetricName ${DIMENSIONS}} Period*:n Stat* Unit}}] ${TAGS}`,
  ),
  attributes: ['Arn'],
  name: 'AlarmName',
  create: (properties, site) => {
    const tags = joinTags(properties['Tags'], site.tags);
    const name = String(properties['AlarmName'] ?? site.makeName(255));
    return putAlarm(name, properties, tags.length === 0 ? {} : { Tags: tags }, site);
  },
  update: async (made, { before, after, tagsBefore }, site) => {
    await putAlarm(made.id, after, {}, site);
    const { added, removed } = compareTags(
      joinTags(before['Tags'], tagsBefore),
      joinTags(after['Tags'], site.tags),
    );
    const ResourceARN = takeText(made.attributes, 'Arn');
    if (removed.length > 0)
      await site.call('monitoring', 'UntagResource', { ResourceARN, TagKeys: removed });
    if (added.length > 0)
      await site.call('monitoring', 'TagResource', { ResourceARN, Tags: added });
    return made;
  },
  remove: async ({ id }, _properties, { call }) => {
    await call('monitoring', 'DeleteAlarms', { AlarmNames: [id] });
  },
  read: async ({ id }, _properties, { call }) => {
    const answer = await call('monitoring', 'DescribeAlarms', { AlarmNames: [id] });
    return findMember(answer, 'MetricAlarms.0') as Values | undefined;
  },
};

export const OBSERVING_KINDS: readonly ResourceKind[] = [logGroup, parameter, alarm];
