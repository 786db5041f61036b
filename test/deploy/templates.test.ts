/** Templates of deployments, judged by what AWS publishes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { permissionsOfPlan } from '../../src/config/used-permissions.ts';
import { checkConfigText } from '../../src/config/load.ts';
import { TEMPLATE_PLACE } from '../../src/deploy/permissions.ts';
import { deploymentSchema } from '../../src/deploy/schema.ts';
import {
  type AwsValue,
  type DeploymentTemplate,
  type Properties,
  Joined,
  Reference,
} from '../../src/deploy/template.ts';
import { describeModel, MODELS, SMALLEST, WEBAPP } from './models.ts';
import { judgePolicies } from './policies.ts';
import { judgeByServiceSpec } from './service-spec.ts';

/** Why an action may have all resources. */
const WHOLE = new Map([
  ['servicediscovery:ListTagsForResource', 'services come and go'],
  ['servicediscovery:DiscoverInstances', 'services come and go'],
  ['servicediscovery:DiscoverInstancesRevision', 'services come and go'],
  ['cloudwatch:GetMetricData', 'metrics of AWS itself are in no data set'],
  ['cloudwatch:ListMetrics', 'metrics of AWS itself are in no data set'],
]);

for (const [name, more] of Object.entries(MODELS))
  test(`${name}: as the schemas of CloudFormation and IAM say`, async () => {
    const template = describeModel(more);
    assert.deepEqual(judgeByServiceSpec(template), []);
    assert.deepEqual(await judgePolicies(template, WHOLE), []);
  });

/** A text as it is once AWS has filled in its values. */
function fillIn(value: AwsValue): string {
  if (typeof value === 'string') return value;
  if (value instanceof Reference) return 'ws-0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f';
  assert.ok(value instanceof Joined);
  return value.parts.map(fillIn).join('');
}

test('each configuration that is made is one that "check config" has nothing to say of', async () => {
  let checked = 0;
  for (const [name, more] of Object.entries(MODELS)) {
    const { resources } = describeModel(more);
    const made = resources.find(({ id }) => id === 'CollectorConfiguration');
    const text = fillIn(made?.properties['Value'] ?? '');
    if (made === undefined || text.startsWith('text of')) continue;
    const env = { AMPERAGE_REPLICA: 'metrics-a' };
    const { findings, plan } = await checkConfigText(text, 'prometheus.yml', { env });
    assert.deepEqual(findings, [], name);
    assert.ok(plan !== undefined && plan.sources.length > 0);
    if (text.includes('__replica__'))
      assert.match(JSON.stringify(plan), /__replica__=.{1,2}metrics-a/, name);
    checked += 1;
  }
  assert.ok(checked > 8);
});

test('metrics in CloudWatch: what the configuration does is what the role may do', async () => {
  const { resources } = describeModel(MODELS['metrics in CloudWatch'] ?? {});
  const of = (id: string): Properties => resources.find((one) => one.id === id)?.properties ?? {};
  const text = fillIn(of('CollectorConfiguration')['Value'] ?? '');
  const { plan } = await checkConfigText(text, 'prometheus.yml', {});
  assert.ok(plan !== undefined);
  const needed = permissionsOfPlan(plan, TEMPLATE_PLACE).filter(({ id }) => id !== 'WriteSamples');
  const role = JSON.stringify(of('CollectorRole'));
  // The group is there: the template makes it.
  assert.deepEqual(
    needed.map(({ id }) => [id, role.includes(`"Sid":"${id}"`)]),
    [
      ['WriteMetricEvents', true],
      ['MakeLogGroup', false],
      ['FindByCloudMap', true],
    ],
  );
  const events = needed.find(({ id }) => id === 'WriteMetricEvents');
  const stream = ':log-group:/metrics/metrics:log-stream:*';
  for (const one of [role, JSON.stringify(events)]) assert.ok(one.includes(stream));
  assert.equal(of('MetricEvents')['LogGroupName'], '/metrics/metrics');
  assert.match(text, /log_group_name: \/metrics\/metrics\n/);
});

const PUBLIC = { network: { ...SMALLEST.network, public: true } };
const ID = 'ws-0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f';

test('what AWS has not, or what is not built, is refused at its key', () => {
  const rows: readonly (readonly [object, string, RegExp])[] = [
    [{ collector: { mode: 'daemon' } }, 'collector.mode', /set launch: ec2/],
    [{ collector: { queue: 'host' } }, 'collector.queue', /Fargate has no instance/],
    [{ collector: { count: 2, stop_timeout: 9 } }, 'collector.stop_timeout', /at least 10/],
    [
      { collector: { queue: 'host', launch: 'ec2', count: 2 } },
      'collector.queue',
      /share a folder/,
    ],
    [{ collector: { mode: 'daemon', launch: 'ec2', count: 2 } }, 'collector.count', /leave count/],
    [{ collector: { mode: 'daemon', launch: 'ec2', pair: true } }, 'collector.pair', /two central/],
    [{ services: [{ ...WEBAPP, traces: true }] }, 'traces', /set traces: true/],
    // Both stand in a script and in YAML.
    [{ cluster: { name: 'a; b' } }, 'cluster.name', /expected letters/],
    [{ namespace: { name: "a'b" } }, 'namespace.name', /expected a name of DNS/],
    [{ namespace: { id: 'ns-0a' } }, 'namespace.name', /give it beside the id/],
    [
      { network: { ...SMALLEST.network, subnets: ['subnet-0a', 'subnet-0a'] } },
      'network.subnets',
      /twice/,
    ],
    [{ cluster: { create: false, instances: {} } }, 'cluster.instances', /would be replaced/],
    [{ collector: { launch: 'ec2' } }, 'cluster.instances', /a new cluster has no instances/],
    [
      { cluster: { instances: { type: 'c7g.large' } }, collector: { architecture: 'x86_64' } },
      'cluster.instances.type',
      /not of the architecture/,
    ],
    [
      { ...PUBLIC, cluster: { name: 'a', create: false }, collector: { launch: 'ec2' } },
      'network.public',
      /no public address/,
    ],
    [
      { network: { ...SMALLEST.network, endpoints: true } },
      'network.route_tables',
      /need the route tables/,
    ],
    [{ workspace: { id: ID, alert_manager: 'a' } }, 'workspace.alert_manager', /leave it out/],
    [{ workspace: { id: ID, query_logging: true } }, 'workspace.query_logging', /leave it out/],
    [{ workspace: { id: ID, retention_days: 9 } }, 'workspace.id', /leave them out/],
    [
      { cluster: { instances: { desired: 9, max: 2 } } },
      'cluster.instances.desired',
      /more than max/,
    ],
    [{ collector: { cpu: 300, memory: 700 } }, 'collector.memory', /Fargate has no task/],
    [{ collector: { cpu: 256, memory: 4_096 } }, 'collector.memory', /Fargate has no task/],
    [{ services: [{ ...WEBAPP, cpu: 128, memory: 128 }] }, 'services.0.memory', /Fargate has no/],
    [
      { services: [{ ...WEBAPP, name: 'collector' }] },
      'services',
      /none may be "amperage", "collector"/,
    ],
    [{ services: [WEBAPP, { ...WEBAPP, name: 'web-app' }] }, 'services', /two services need names/],
    [{ network: { vpc: 'vpc-0a' } }, 'network', /vpc needs subnets/],
    [{ network: { create: true, cidr: '10.300.0.0/16' } }, 'network.cidr', /a private \/16/],
    [{ network: { create: true, cidr: '8.8.0.0/16' } }, 'network.cidr', /a private \/16/],
    [{ namespace: { name: 'a..b' } }, 'namespace.name', /a name of DNS/],
    [{ tags: { 'aws:a': 'b' } }, 'tags', /1 to 128 letters/],
    [{ tags: { a: 'b\nc' } }, 'tags.a', /up to 256 letters/],
    [
      { services: [{ ...WEBAPP, environment: { 'a=b': 'c' } }] },
      'services.0.environment',
      /no "=" in it/,
    ],
    [{ network: { vpc: 'vpc-0a', create: true } }, 'network', /either vpc and subnets/],
    [
      { cloudwatch: { metrics: ['a'] }, collector: { configuration: 'a.yml' } },
      'cloudwatch',
      /add emf_write to it/,
    ],
    [{ cloudwatch: { metrics: ['a'] }, collector: { pair: true } }, 'cloudwatch', /adds them up/],
    [{ cloudwatch: { metrics: [] } }, 'cloudwatch.metrics', /selects no metric/],
    [{ cloudwatch: { metrics: ['('] } }, 'cloudwatch.metrics.0', /no regular expression/],
    [{ cloudwatch: { metrics: ['a'], namespace: 'AWS/A' } }, 'cloudwatch.namespace', /not AWS/],
    [{ cluster: { node_exporter: {} } }, 'cluster.node_exporter', /no instances to look at/],
    [{ services: [{ ...WEBAPP, name: 'node-exporter' }] }, 'services', /none may be/],
  ];
  for (const [more, at, message] of rows) {
    const { error } = deploymentSchema.safeParse({ ...SMALLEST, ...more });
    const issue = error?.issues.find(({ path }) => path.join('.') === at);
    assert.match(issue?.message ?? '', message, `${JSON.stringify(more)} at ${at}`);
  }
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

test('a tag of the deployment does not stand beside one that a resource has by this key', () => {
  const { resources } = describeModel({
    network: { create: true },
    tags: { Name: 'mine', team: 'x' },
  });
  const vpc = resources.find(({ id }) => id === 'Vpc')?.properties['Tags'];
  assert.deepEqual(vpc, [
    { Key: 'Name', Value: 'metrics' },
    { Key: 'team', Value: 'x' },
  ]);
});

test('a service with a sidecar may have the name of any role of the template', () => {
  const services = ['execution', 'grafana'].map((name) => ({ ...WEBAPP, name }));
  const { resources } = describeModel({
    collector: { mode: 'sidecar' },
    grafana_role: true,
    services,
  });
  assert.equal(resources.filter(({ type }) => type === 'AWS::IAM::Role').length, 4);
});
