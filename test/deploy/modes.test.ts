/** Where the collector runs: beside each application, and what does not go with that. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfigText } from '../../src/config/load.ts';
import { describeDeployment } from '../../src/deploy/describe.ts';
import { deploymentSchema } from '../../src/deploy/schema.ts';
import {
  type AwsValue,
  type DeploymentTemplate,
  Joined,
  Reference,
} from '../../src/deploy/template.ts';
import { describeModel, MODELS, ON_MACHINES, SMALLEST, WEBAPP } from './models.ts';

type Members = Readonly<Record<string, unknown>>;

const propertiesOf = ({ resources }: DeploymentTemplate, id: string): Members =>
  resources.find((one) => one.id === id)?.properties ?? {};

const containersOf = (template: DeploymentTemplate, id: string): readonly Members[] =>
  propertiesOf(template, id)['ContainerDefinitions'] as readonly Members[];

/** A text as it is once AWS has filled in its values. */
function fillIn(value: AwsValue | undefined): string {
  if (value instanceof Reference) return 'ws-0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f';
  if (value instanceof Joined) return value.parts.map(fillIn).join('');
  return typeof value === 'string' ? value : '';
}

function variableOf(container: Members | undefined, name: string): string {
  const variables = container?.['Environment'] as readonly { Name: string; Value: AwsValue }[];
  return fillIn(variables.find(({ Name }) => Name === name)?.Value);
}

const actionsOf = (template: DeploymentTemplate, id: string): string[] =>
  [...JSON.stringify(propertiesOf(template, id)['Policies']).matchAll(/"([a-z]+:[A-Z]\w+)"/g)].map(
    ([, action]) => action!,
  );

const TRACED = 'a sidecar with traces and limits, without an exporter';

test('a sidecar stands in each task; no service of the collector, no Cloud Map, no way in', () => {
  const template = describeModel(MODELS['a sidecar'] ?? {});
  assert.deepEqual(
    template.resources.map(({ id }) => id),
    [
      'Cluster', 'Logs', 'ExecutionRole', 'Workspace', 'TargetSecurityGroup', 'WebappTaskRole',
      'WebappTask', 'WebappService',
    ],
  ); // prettier-ignore
  assert.deepEqual(actionsOf(template, 'WebappTaskRole'), ['aps:RemoteWrite']);
  const [application, exporter, collector] = containersOf(template, 'WebappTask');
  assert.deepEqual(
    [application, exporter, collector].map((one) => [one?.['Name'], one?.['Essential']]),
    [['webapp', true], ['ecs-exporter', false], ['collector', false]],
  ); // prettier-ignore
  // What depends on a container ends before it.
  assert.deepEqual(application?.['DependsOn'], [
    { ContainerName: 'collector', Condition: 'START' },
  ]);
  assert.equal(collector?.['StopTimeout'], 60);
  assert.match(String(collector['Command']), /--stop-timeout,55s$/);
  assert.deepEqual(propertiesOf(template, 'WebappTask')['Volumes'], [{ Name: 'queue' }]);
});

test('the configuration of a sidecar is one that "check config" has nothing to say of', async () => {
  for (const [model, id, jobs, receivers] of [
    ['a sidecar', 'WebappTask', ['webapp', 'ecs-exporter'], 0],
    [TRACED, 'WebappTask', ['webapp'], 1],
    [TRACED, 'JobTask', ['job', 'ecs-exporter'], 0],
  ] as const) {
    const collector = containersOf(describeModel(MODELS[model] ?? {}), id).at(-1);
    const text = variableOf(collector, 'AMPERAGE_CONFIGURATION');
    const { plan, findings } = await checkConfigText(text, 'c.yaml', { env: {} });
    assert.deepEqual(findings, []);
    assert.deepEqual(
      plan?.sources.map((one) => one.id),
      [...jobs, 'amperage'].map((job) => `prometheus/${job}`),
    );
    assert.equal(plan.traceReceivers.length, receivers);
    const [job] = plan.sources;
    assert.equal(job?.scrape.metricsPath, id === 'WebappTask' && receivers ? PATH : '/metrics');
  }
});
const PATH = '/a?b="${c}"';

test('only a task that sends traces has a receiver of them, and the permissions', () => {
  const template = describeModel(MODELS[TRACED] ?? {});
  const traced = actionsOf(template, 'WebappTaskRole');
  assert.ok(traced.includes('xray:PutTraceSegments') && traced.includes('xray:GetSamplingRules'));
  assert.deepEqual(actionsOf(template, 'JobTaskRole'), ['aps:RemoteWrite']);
  const [application, collector] = containersOf(template, 'WebappTask');
  assert.equal(variableOf(application, 'AWS_XRAY_DAEMON_ADDRESS'), '127.0.0.1:2000');
  assert.deepEqual([collector?.['Cpu'], collector?.['Memory']], [128, 256]);
  const endpoints = template.resources.flatMap(({ id, type }) =>
    type === 'AWS::EC2::VPCEndpoint' ? [id] : [],
  );
  assert.deepEqual(endpoints, [
    'EndpointApsWorkspaces', 'EndpointEcrApi', 'EndpointEcrDkr', 'EndpointLogs', 'EndpointXray',
    'EndpointS3',
  ]); // prettier-ignore
});

test('a sidecar with a configuration of its own reads it from SSM', () => {
  const template = describeModel(MODELS['sidecars with a configuration of their own'] ?? {});
  assert.deepEqual(actionsOf(template, 'WebappTaskRole'), ['aps:RemoteWrite', 'ssm:GetParameter']);
  assert.match(
    String(containersOf(template, 'WebappTask').at(-1)?.['Command']),
    /--config,ssm:\/metrics\/collector,--config.auto-reload-interval,1m/,
  );
});

test('ECS chooses managed instances, by roles that it is handed, for tasks of their processor', () => {
  const template = describeModel(MODELS['three that share managed instances of x86'] ?? {});
  const { ClusterName, Name, ManagedInstancesProvider } = propertiesOf(
    template,
    'CapacityProvider',
  );
  assert.deepEqual([ClusterName, Name], ['prod', 'managed-metrics']);
  assert.deepEqual((ManagedInstancesProvider as Members)['InstanceLaunchTemplate'], {
    Ec2InstanceProfileArn: new Reference('InstanceProfile', 'Arn'),
    NetworkConfiguration: {
      Subnets: [new Reference('PrivateSubnet1'), new Reference('PrivateSubnet2')],
      SecurityGroups: [new Reference('InstanceSecurityGroup', 'GroupId')],
    },
    InstanceRequirements: {
      VCpuCount: { Min: 2 },
      MemoryMiB: { Min: 4_096 },
      CpuManufacturers: ['intel', 'amd'],
    },
  });
  // AWS's policy of the infrastructure passes a role of one name alone.
  assert.match(
    JSON.stringify(propertiesOf(template, 'InfrastructureRole')['Policies']),
    /"Action":\["iam:PassRole"\],.*"iam:PassedToService":"ec2\.amazonaws\.com"/,
  );
  const service = propertiesOf(template, 'CollectorService');
  assert.deepEqual(service['CapacityProviderStrategy'], [
    { CapacityProvider: new Reference('CapacityProvider'), Weight: 1 },
  ]);
  assert.equal('LaunchType' in service, false);
  const task = propertiesOf(template, 'CollectorTask');
  assert.deepEqual(task['RequiresCompatibilities'], ['MANAGED_INSTANCES']);
  const ids = template.resources.map(({ id }) => id);
  assert.ok(ids.includes('EndpointEcsAgent') && ids.includes('EndpointEcsTelemetry'));
});

test('on a machine of yours: its network, no VPC, and the processor by a constraint', () => {
  const template = describeModel(MODELS['one on machines of their own'] ?? {});
  assert.deepEqual(
    template.resources.map(({ id }) => id),
    [
      'Logs', 'ExecutionRole', 'Workspace', 'CollectorConfiguration', 'CollectorRole',
      'CollectorTask', 'CollectorService',
    ],
  ); // prettier-ignore
  const service = propertiesOf(template, 'CollectorService');
  assert.equal(service['LaunchType'], 'EXTERNAL');
  for (const key of ['NetworkConfiguration', 'ServiceRegistries', 'CapacityProviderStrategy'])
    assert.equal(key in service, false, key);
  // The port of the machine is one: the old task ends before the new one starts.
  const ephemeral = describeModel(external({}));
  assert.match(
    JSON.stringify(propertiesOf(ephemeral, 'CollectorService')),
    /"MaximumPercent":100,"MinimumHealthyPercent":0/,
  );
  const task = propertiesOf(template, 'CollectorTask');
  assert.deepEqual([task['NetworkMode'], task['RequiresCompatibilities']], ['host', ['EXTERNAL']]);
  assert.equal('RuntimePlatform' in task, false);
  assert.deepEqual(task['PlacementConstraints'], [
    { Type: 'memberOf', Expression: 'attribute:ecs.cpu-architecture == arm64' },
  ]);
  const [collector] = containersOf(template, 'CollectorTask');
  assert.match(String(collector?.['Command']), /--web.listen-address,127\.0\.0\.1:9090$/);
  assert.deepEqual(collector?.['PortMappings'], [{ ContainerPort: 9_090, Protocol: 'tcp' }]);
});

test('a machine whose targets are in a configuration elsewhere has no permission to find some', () => {
  const collector = { launch: 'external', configuration: 's3://bucket/prometheus.yml' };
  const template = describeModel({ ...ON_MACHINES, collector });
  assert.deepEqual(actionsOf(template, 'CollectorRole'), ['aps:RemoteWrite']);
});

test('daemons on machines of yours do not share: each has the targets of its configuration', () => {
  const template = describeModel(MODELS['a daemon on machines of their own'] ?? {});
  assert.equal(propertiesOf(template, 'CollectorService')['SchedulingStrategy'], 'DAEMON');
  const [collector] = containersOf(template, 'CollectorTask');
  assert.doesNotMatch(String(collector?.['Command']), /--shard/);
});

const SIDECAR = { collector: { mode: 'sidecar' }, services: [WEBAPP] };
const managed = (more: object): object => ({ collector: { launch: 'managed', ...more } });
const external = (more: object): object => ({
  ...ON_MACHINES,
  discovery: 'docker-labels',
  collector: { launch: 'external' },
  ...more,
});
const sidecar = (more: object): object => ({ collector: { mode: 'sidecar', ...more } });

test('what does not go with where the collector runs is refused at its key', () => {
  const rows: readonly (readonly [object, string, RegExp])[] = [
    [{ ...SIDECAR, services: [] }, 'services', /runs beside a service/],
    [
      {
        network: { create: true },
        namespace: { name: 'shop', id: 'ns-0a1b' },
        services: [WEBAPP],
      },
      'namespace.id',
      /of one VPC/,
    ],
    [{ ...SIDECAR, ...sidecar({ launch: 'ec2' }) }, 'collector.launch', /on Fargate/],
    [{ ...SIDECAR, ...sidecar({ queue: 'efs' }) }, 'collector.queue', /on its task/],
    [{ ...SIDECAR, ...sidecar({ queue: 'host' }) }, 'collector.queue', /on its task/],
    [{ ...SIDECAR, ...sidecar({ count: 2 }) }, 'collector.count', /as many sidecars/],
    [{ ...SIDECAR, ...sidecar({ pair: true }) }, 'collector.pair', /two central/],
    [{ ...SIDECAR, ...sidecar({ memory: 512 }) }, 'services.0.memory', /takes all of it/],
    [{ ...SIDECAR, ...sidecar({ cpu: 256 }) }, 'services.0.cpu', /takes all of it/],
    [{ ...SIDECAR, discovery: 'docker-labels' }, 'discovery', /finds no others/],
    [{ ...SIDECAR, namespace: { id: 'ns-0a1b' } }, 'namespace.id', /not registered/],
    [{ ...SIDECAR, traces: true }, 'traces', /no service sends traces/],
    [
      { ...SIDECAR, services: [{ ...WEBAPP, port: 9_090 }] },
      'services.0.port',
      /listens there, in the same task/,
    ],
    [{ network: {} }, 'network', /give either vpc and subnets/],
    [managed({ mode: 'daemon' }), 'collector.mode', /no daemon of its own/],
    [managed({ queue: 'host' }), 'collector.queue', /no folder of the instance/],
    [
      { ...managed({}), cluster: { instances: {} } },
      'cluster.instances',
      /instances of its own, which ECS chooses/,
    ],
    [
      { ...managed({}), network: { ...SMALLEST.network, public: true } },
      'network.public',
      /no public address/,
    ],
    [external({ network: SMALLEST.network }), 'network', /in no VPC: leave network out/],
    [external({ network: { endpoints: true, create: true } }), 'network', /in no VPC/],
    [external({ cluster: {} }), 'cluster', /waits for a machine/],
    [external({ services: [WEBAPP] }), 'services', /does not reach tasks on Fargate/],
    [external({ discovery: 'cloud-map' }), 'discovery', /not in Cloud Map/],
    [external({ namespace: { id: 'ns-0a1b' } }), 'namespace.id', /not registered/],
    [external({ traces: true }), 'traces', /no name leads applications/],
    [
      external({ collector: { launch: 'external', queue: 'efs' } }),
      'collector.queue',
      /mount no EFS/,
    ],
    [
      external({ collector: { launch: 'external', count: 2 } }),
      'collector.count',
      /addresses in a VPC/,
    ],
    [
      external({ collector: { launch: 'external', mode: 'daemon' } }),
      'collector.configuration',
      /do not share targets/,
    ],
    [{ collector: { launch: 'app-runner' } }, 'collector.launch', /takes CPU away between req/],
    [{ collector: { launch: 'lambda' } }, 'collector.launch', /expected one of/],
    [{ services: [{ ...WEBAPP, name: 'ecs-exporter' }] }, 'services', /or "ecs-exporter"/],
    [{ services: [{ ...WEBAPP, name: 'metrics-collector' }] }, 'services', /another part/],
    [{ ...SIDECAR, services: [{ ...WEBAPP, name: 'amperage' }] }, 'services', /"amperage"/],
    [{ services: [{ ...WEBAPP, port: 9_779 }] }, 'services.0.port', /exporter listens there/],
    [{ ...SIDECAR, cluster: { instances: {} } }, 'cluster.instances', /on Fargate/],
    [{ ...SIDECAR, namespace: { name: 'apps' } }, 'namespace.name', /not registered/],
    [external({ namespace: { name: 'apps' } }), 'namespace.name', /not registered/],
    [
      { discovery: 'docker-labels', namespace: { id: 'ns-0a1b', name: 'apps' } },
      'namespace.id',
      /nothing is registered/,
    ],
    [
      { collector: { configuration: 'a.yml' }, namespace: { name: 'apps' } },
      'namespace.name',
      /nothing is registered/,
    ],
  ];
  for (const [more, at, message] of rows) {
    const { error } = deploymentSchema.safeParse({ ...SMALLEST, ...more });
    const issue = error?.issues.find(({ path }) => path.join('.') === at);
    assert.match(issue?.message ?? '', message, `${JSON.stringify(more)} at ${at}`);
  }
});

test('endpoints lead to what discovery and a configuration that is given call', () => {
  const endpointsOf = (more: object, actions?: readonly string[]): string[] => {
    const deployment = deploymentSchema.parse({
      ...SMALLEST,
      network: { create: true, endpoints: true },
      ...more,
    });
    const found = actions && [{ id: 'Found', actions, resources: ['*'], why: 'a test' }];
    const access = { source: [], found };
    return describeDeployment(deployment, () => '', access).resources.map(({ id }) => id);
  };
  const instances = { discovery: 'docker-labels', cluster: { instances: {}, node_exporter: {} } };
  assert.ok(endpointsOf(instances).includes('EndpointEc2'));
  assert.ok(!endpointsOf({ discovery: 'docker-labels' }).includes('EndpointEc2'));
  const given = { collector: { configuration: 'a.yml' } };
  const called = endpointsOf(given, [
    'ec2:DescribeInstances',
    'sts:AssumeRole',
    'cloudwatch:PutMetricData',
  ]);
  for (const id of ['EndpointEc2', 'EndpointSts', 'EndpointMonitoring'])
    assert.ok(called.includes(id), id);
  assert.ok(!called.includes('EndpointServicediscovery'));
});

test('names that YAML takes for something else stay names', async () => {
  const cluster = { name: '123' };
  const template = describeModel({ cloudwatch: { namespace: '#x', metrics: ['a'] } });
  const text = fillIn(propertiesOf(template, 'CollectorConfiguration')['Value'] as AwsValue);
  assert.match(text, /namespace: "#x"/);
  const sidecar = describeModel({
    cluster,
    collector: { mode: 'sidecar' },
    services: [{ ...WEBAPP, name: 'true' }],
  });
  const config = variableOf(containersOf(sidecar, 'TrueTask').at(-1), 'AMPERAGE_CONFIGURATION');
  const { findings } = await checkConfigText(config, 'c.yaml', { env: {} });
  assert.deepEqual(findings, []);
});
