/**
 * What a policy must allow for actions of ECS. Roles of a task definition are handed to ECS when
 * it is registered, and again when a task of it is run.
 * Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
 */
import {
  type AccessRule,
  type AccessTable,
  describeTags,
  type Need,
  needOn,
  passRole,
  textOf,
  textsOf,
} from '../access.ts';
import type { AwsInput } from '../service.ts';
import type { EcsState } from './state.ts';

const CLUSTER_ACTIONS =
  'CreateCluster DeleteCluster DeregisterContainerInstance ListContainerInstances ' +
  'PutClusterCapacityProviders UpdateCluster';
const PROVIDER_ACTIONS =
  'CreateCapacityProvider DeleteCapacityProvider DescribeCapacityProviders UpdateCapacityProvider';

export function createEcsAccess(state: EcsState): AccessTable {
  const clusterName = (input: AwsInput): string =>
    (textOf(input, 'cluster') || textOf(input, 'clusterName') || 'default').split('/').at(-1) ?? '';
  /** The ARN of what lies in the cluster, by its name, id or ARN. */
  const within = (kind: string, input: AwsInput, id: string): string =>
    id.startsWith('arn:')
      ? id
      : state.arn(kind, `${clusterName(input)}/${id.split('/').at(-1) ?? ''}`);
  const definitionArn = (name: string): string => {
    const id = name.split('/').at(-1) ?? '';
    if (id.includes(':')) return state.arn('task-definition', id);
    const latest = [...state.definitions.all.values()].findLast(({ family }) => family === id);
    return latest?.taskDefinitionArn ?? state.arn('task-definition', `${id}:1`);
  };
  const providerArn = (name: string): string =>
    state.arn('capacity-provider', name.split('/').at(-1) ?? '');
  const context = (input: AwsInput): NonNullable<Need['context']> => ({
    'ecs:cluster': state.arn('cluster', clusterName(input)),
    ...describeTags(input),
    ...(textOf(input, 'taskDefinition') !== '' && {
      'ecs:task-definition': definitionArn(textOf(input, 'taskDefinition')),
    }),
    ...(typeof input['enableExecuteCommand'] === 'boolean' && {
      'ecs:enable-execute-command': String(input['enableExecuteCommand']),
    }),
  });
  const on = (
    actions: string,
    resources: (input: AwsInput) => string | readonly string[],
  ): AccessTable => needOn('ecs', actions, resources, context);
  const each = (actions: string, kind: string, key: string): AccessTable =>
    on(actions, (input) => textsOf(input, key).map((id) => within(kind, input, id)));
  const handOver = (roles: readonly unknown[]): Need[] =>
    roles.flatMap((arn) =>
      typeof arn === 'string' && arn !== '' ? [passRole(arn, 'ecs-tasks.amazonaws.com')] : [],
    );
  const table: AccessTable = {
    ...on(CLUSTER_ACTIONS, (input) => state.arn('cluster', clusterName(input))),
    ...on('DescribeClusters', (input) =>
      (textsOf(input, 'clusters').length === 0 ? ['default'] : textsOf(input, 'clusters')).map(
        (id) => state.arn('cluster', id.split('/').at(-1) ?? ''),
      ),
    ),
    ...on('ListServices', () => '*'),
    ...on('ListTasks', (input) =>
      within('container-instance', input, textOf(input, 'containerInstance') || '*'),
    ),
    ...on('StopTask', (input) => within('task', input, textOf(input, 'task'))),
    ...each('DescribeTasks', 'task', 'tasks'),
    ...each('DescribeServices', 'service', 'services'),
    ...each(
      'DescribeContainerInstances UpdateContainerInstancesState',
      'container-instance',
      'containerInstances',
    ),
    ...on('CreateService', (input) => within('service', input, textOf(input, 'serviceName'))),
    ...on(PROVIDER_ACTIONS, (input) => {
      const one = textOf(input, 'name') || textOf(input, 'capacityProvider');
      const names = one === '' ? textsOf(input, 'capacityProviders') : [one];
      return (names.length === 0 ? ['*'] : names).map((name) =>
        state.arn('capacity-provider', name.split('/').at(-1) ?? ''),
      );
    }),
    ...on('DeleteTaskDefinitions', (input) => textsOf(input, 'taskDefinitions').map(definitionArn)),
    ...on('UpdateService DeleteService', (input) =>
      within('service', input, textOf(input, 'service')),
    ),
    ...on('RegisterTaskDefinition', (input) =>
      state.arn('task-definition', `${textOf(input, 'family')}:*`),
    ),
    ...on('RunTask', (input) => definitionArn(textOf(input, 'taskDefinition'))),
    ...on('TagResource UntagResource ListTagsForResource', (input) => textOf(input, 'resourceArn')),
  };
  const withRoles: AccessTable = {
    ...table,
    RegisterTaskDefinition: join(table['RegisterTaskDefinition'], (input) =>
      handOver([input['taskRoleArn'], input['executionRoleArn']]),
    ),
    RunTask: join(table['RunTask'], (input) => {
      const arn = definitionArn(textOf(input, 'taskDefinition'));
      const found: object | undefined = state.definitions.all.get(arn.split('/').at(-1) ?? '');
      const { taskRoleArn, executionRoleArn } = { ...found } as Readonly<Record<string, unknown>>;
      return handOver([taskRoleArn, executionRoleArn]);
    }),
  };
  const made: readonly (readonly [string, (input: AwsInput) => string])[] = [
    ['CreateCluster', (input) => state.arn('cluster', clusterName(input))],
    ['CreateService', (input) => within('service', input, textOf(input, 'serviceName'))],
    [
      'RegisterTaskDefinition',
      (input) => state.arn('task-definition', `${textOf(input, 'family')}:*`),
    ],
    ['RunTask', (input) => within('task', input, '*')],
    ['CreateCapacityProvider', (input) => providerArn(textOf(input, 'name'))],
  ];
  return {
    ...withRoles,
    ...Object.fromEntries(
      made.map(([name, arn]) => [name, addTagging(withRoles[name], name, arn)]),
    ),
  };
}

/** What is made with tags needs the tagging too. */
function addTagging(
  rule: AccessRule | undefined,
  action: string,
  resource: (input: AwsInput) => string,
): AccessRule {
  return join(rule, (input) => {
    const tags = describeTags(input);
    if (Object.keys(tags).length === 0) return [];
    const context = { ...tags, 'ecs:CreateAction': action };
    return [{ action: 'ecs:TagResource', resource: resource(input), context }];
  });
}

function join(
  rule: AccessRule | undefined,
  more: (input: AwsInput) => readonly Need[],
): AccessRule {
  return (input, at) => [...(rule?.(input, at) ?? []), ...more(input)];
}
