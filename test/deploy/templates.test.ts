/** Templates of deployments, judged by what AWS publishes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeploymentTemplate } from '../../src/deploy/template.ts';
import { describeModel, MODELS } from './models.ts';
import { judgePolicies } from './policies.ts';
import { judgeByServiceSpec } from './service-spec.ts';

/** Why an action may have all resources. */
const WHOLE = new Map([
  ['servicediscovery:ListTagsForResource', 'services come and go'],
  ['servicediscovery:DiscoverInstances', 'services come and go'],
  ['servicediscovery:DiscoverInstancesRevision', 'services come and go'],
]);

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
