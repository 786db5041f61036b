/** Templates of deployments, judged by what AWS publishes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeDeployment } from '../../src/deploy/describe.ts';
import { deploymentSchema } from '../../src/deploy/schema.ts';
import type { DeploymentTemplate } from '../../src/deploy/template.ts';
import { judgePolicies } from './policies.ts';
import { judgeByServiceSpec } from './service-spec.ts';

const SMALLEST = {
  name: 'metrics',
  region: 'eu-west-1',
  image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/amperage:0.1.0',
  network: { vpc: 'vpc-0a1b2c3d', subnets: ['subnet-0a1b2c3d'] },
};
const WEBAPP = { name: 'webapp', image: 'webapp:1', port: 3_000 };

/** By what they try: models beside the smallest one. */
const MODELS: Readonly<Record<string, object>> = {
  smallest: {},
  'a network of its own': { network: { create: true } },
  'a service found by Cloud Map': { services: [WEBAPP] },
  'a service found by docker labels': { services: [WEBAPP], discovery: 'docker-labels' },
};
/** Why an action may have all resources. */
const WHOLE = new Map([
  ['servicediscovery:ListTagsForResource', 'services come and go'],
  ['servicediscovery:DiscoverInstances', 'services come and go'],
  ['servicediscovery:DiscoverInstancesRevision', 'services come and go'],
]);

function describeModel(more: object): DeploymentTemplate {
  const deployment = deploymentSchema.parse({ ...SMALLEST, ...more });
  return describeDeployment(deployment, (file) => `text of ${file}`);
}

for (const [name, more] of Object.entries(MODELS))
  test(`${name}: as the schemas of CloudFormation and IAM say`, async () => {
    const template = describeModel(more);
    assert.deepEqual(judgeByServiceSpec(template), []);
    assert.deepEqual(await judgePolicies(template, WHOLE), []);
  });

test('the judges find what is wrong', async () => {
  const template = describeModel({});
  const spoil = (id: string, more: object): DeploymentTemplate => ({
    ...template,
    resources: template.resources.map((one) =>
      one.id === id ? { ...one, properties: { ...one.properties, ...more } } : one,
    ),
  });
  const faults = (id: string, more: object): string =>
    judgeByServiceSpec(spoil(id, more)).join('; ');
  assert.match(faults('CollectorService', { Foo: 1 }), /CollectorService .*\.Foo is unknown/);
  assert.match(faults('CollectorService', { DesiredCount: '1' }), /DesiredCount is "1", not a nu/);
  assert.match(faults('CollectorService', { PropagateTags: 'X' }), /not one of SERVICE/);
  const statement = { Sid: 'S', Action: ['aps:Write', 'aps:RemoteWrite'], Resource: ['*'] };
  const role = { Policies: [{ PolicyDocument: { Statement: [statement] } }] };
  assert.deepEqual(await judgePolicies(spoil('CollectorRole', role), WHOLE), [
    'CollectorRole: S: there is no aps:Write',
    'CollectorRole: S: aps:RemoteWrite has all resources, and knows some',
  ]);
});

test("the collector's role has what the way of discovery and the sharing need", () => {
  const actionsOf = (more: object): string =>
    JSON.stringify(describeModel(more).resources.find(({ id }) => id === 'CollectorRole'));
  assert.match(actionsOf({}), /servicediscovery:ListServices/);
  assert.doesNotMatch(actionsOf({}), /ecs:ListTasks/);
  const labels = actionsOf({ discovery: 'docker-labels' });
  assert.match(labels, /ecs:ListTasks/);
  assert.doesNotMatch(labels, /servicediscovery/);
  assert.match(actionsOf({ collector: { count: 2 } }), /ecs:ListTasks/);
});
