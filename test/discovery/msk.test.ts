/**
 * MSK discovery from the answers of AWS to targets: the labels of Prometheus, pages, clusters by
 * ARN, what a failure costs, and the bound.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { ClusterDiscovery } from '../../src/discovery/clusters.ts';
import { mechanismOf } from '../../src/discovery/mechanisms.ts';
import { makeMskSource } from '../../src/discovery/msk/discovery.ts';
import { mskMechanism } from '../../src/discovery/msk/mechanism.ts';
import { makeClusterTargets } from '../../src/discovery/msk/targets.ts';
import { createDiscoveryWorld, type RunningDiscovery, startDiscovery } from '../kit/discovery.ts';
import { type EmulatedAws, startEmulatedAws } from '../kit/emulated-aws.ts';

async function openAccount(context: TestContext): Promise<EmulatedAws> {
  const aws = await startEmulatedAws();
  context.after(() => aws.close());
  return aws;
}

function start(context: TestContext, endpoint: string, config: object = {}): RunningDiscovery {
  const given = { region: 'us-east-1', endpoint, port: 11_001, call_budget: 1, ...config };
  return startDiscovery(context, mskMechanism, given, { mechanism: 'msk' });
}

/** The labels of the cluster that stands in each target. */
const CLUSTER = (arn: string) => ({
  __meta_msk_cluster_arn: arn,
  __meta_msk_cluster_configuration_arn: 'arn:aws:kafka:us-east-1:1:configuration/c/1',
  __meta_msk_cluster_configuration_revision: '3',
  __meta_msk_cluster_jmx_exporter_enabled: 'true',
  __meta_msk_cluster_kafka_version: '3.9.x',
  __meta_msk_cluster_name: 'orders',
  __meta_msk_cluster_state: 'ACTIVE',
  __meta_msk_cluster_tag_aws_team: 'shop',
  __meta_msk_cluster_type: 'PROVISIONED',
  __meta_msk_cluster_version: 'K3P5ROKL5A1OLE',
  __meta_msk_node_added_time: '2026-01-01T00:00:00.000Z',
  __meta_msk_node_instance_type: 'm7g.large',
});

test("brokers and controllers are targets with Prometheus' labels, one for each endpoint", async (context) => {
  const aws = await openAccount(context);
  const arn = aws.account.kafka.put({
    name: 'orders',
    tags: { 'aws:team': 'shop' },
    configuration: { arn: 'arn:aws:kafka:us-east-1:1:configuration/c/1', revision: 3 },
    monitoring: { jmx: true, node: false },
    brokers: [['b-1.orders.example', 'b-1-2.orders.example']],
    controllers: [['c-1.orders.example']],
  });
  const run = start(context, aws.url);
  await run.until(() => run.lists.length > 0);
  const nodeArn = (kind: string): string => `${arn.replace(':cluster/', `:${kind}/`)}/1`;
  const broker = {
    ...CLUSTER(arn),
    __meta_msk_broker_client_subnet: 'subnet-0aa',
    __meta_msk_broker_client_vpc_ip: '10.0.0.1',
    __meta_msk_broker_id: '1',
    __meta_msk_broker_node_exporter_enabled: 'false',
    __meta_msk_node_arn: nodeArn('broker'),
    __meta_msk_node_attached_eni: 'eni-1',
    __meta_msk_node_type: 'BROKER',
  };
  const groups = run.lists.at(-1) ?? [];
  const targets = groups.flatMap((group) =>
    group.targets.map((target) => ({ ...group.labels, ...target })),
  );
  assert.deepEqual(targets, [
    {
      ...broker,
      __address__: 'b-1.orders.example:11001',
      __meta_msk_broker_endpoint_index: '0',
    },
    {
      ...broker,
      __address__: 'b-1-2.orders.example:11001',
      __meta_msk_broker_endpoint_index: '1',
    },
    {
      ...CLUSTER(arn),
      __address__: 'c-1.orders.example:11001',
      __meta_msk_controller_endpoint_index: '0',
      __meta_msk_node_arn: nodeArn('controller'),
      __meta_msk_node_type: 'CONTROLLER',
    },
  ]);
});

test('without open monitoring and a configuration their labels are absent, not false', () => {
  const cluster = { ClusterArn: 'arn:a', ClusterType: 'PROVISIONED', Provisioned: {} } as const;
  const nodes = [
    { NodeARN: 'n', BrokerNodeInfo: { Endpoints: ['2001:db8::1'] } },
    { NodeARN: 'z', ZookeeperNodeInfo: { Endpoints: ['z-1'] } },
    { NodeARN: 'e', BrokerNodeInfo: {} },
  ];
  const { group, explained } = makeClusterTargets(
    cluster as unknown as Parameters<typeof makeClusterTargets>[0],
    nodes,
    80,
  );
  assert.deepEqual(group, {
    source: 'arn:a',
    labels: { __meta_msk_cluster_arn: 'arn:a', __meta_msk_cluster_type: 'PROVISIONED' },
    targets: [
      {
        __address__: '[2001:db8::1]:80',
        __meta_msk_broker_endpoint_index: '0',
        __meta_msk_broker_id: '0',
        __meta_msk_node_arn: 'n',
        __meta_msk_node_type: 'BROKER',
      },
    ],
  });
  assert.deepEqual(
    explained.map(({ task, verdicts }) => [task, verdicts[0]?.words]),
    [
      ['n', 'an endpoint of the broker, port 80'],
      ['z', 'the node is neither a broker nor a controller'],
      ['e', 'the broker has no endpoint'],
    ],
  );
});

test('all pages of clusters and nodes are read; serverless clusters are not asked for', async (context) => {
  const aws = await openAccount(context);
  const { kafka } = aws.account;
  const { trouble } = aws.cloud;
  for (let at = 0; at < 5; at++)
    kafka.put({
      name: `c${at}`,
      brokers: Array.from({ length: 3 }, (_, broker) => [`b${broker}.c${at}`]),
    });
  kafka.put({ name: 'none', type: 'SERVERLESS' });
  trouble.set({ pageSizes: { ListClustersV2: 2, ListNodes: 2 } });
  const run = start(context, aws.url);
  await run.until(() => run.lists.length > 0);
  assert.equal(run.addresses().length, 15);
  assert.deepEqual(aws.cloud.takeCalls(), { ListClustersV2: 3, ListNodes: 10 });
});

test('clusters by ARN are described, those alone; a serverless one is told once', async (context) => {
  const aws = await openAccount(context);
  const { kafka } = aws.account;
  const orders = kafka.put({ name: 'orders', brokers: [['b.orders']] });
  kafka.put({ name: 'other', brokers: [['b.other']] });
  const serverless = kafka.put({ name: 'none', type: 'SERVERLESS' });
  const run = start(context, aws.url, { clusters: [orders, serverless, orders] });
  await run.until(() => run.lists.length > 2);
  assert.deepEqual(run.addresses(), ['b.orders:11001']);
  const told = run.lines.filter((line) => /only provisioned ones/.test(JSON.stringify(line)));
  assert.equal(told.length, 1);
  assert.equal(aws.cloud.takeCalls()['ListClustersV2'], undefined);
});

test('the role msk of aws_sd_configs finds the same, at port 80 where none is given', async (context) => {
  const aws = await openAccount(context);
  aws.account.kafka.put({ name: 'orders', brokers: [['b.orders']] });
  const config = { role: 'msk', region: 'us-east-1', endpoint: aws.url, port: 0 };
  const run = startDiscovery(context, mechanismOf('aws_sd_configs'), config, { mechanism: 'aws' });
  await run.until(() => run.lists.length > 0);
  assert.deepEqual(run.addresses(), ['b.orders:80']);
});

test('a cluster whose nodes cannot be listed keeps its targets and holds up no other', async (context) => {
  const aws = await openAccount(context);
  const { kafka } = aws.account;
  const { trouble } = aws.cloud;
  const broken = kafka.put({ name: 'broken', brokers: [['b.broken']] });
  kafka.put({ name: 'orders', brokers: [['b.orders']] });
  const run = start(context, aws.url);
  await run.until(() => run.lists.length > 0);
  trouble.set({
    faults: [{ action: 'ListNodes', containing: broken, code: 'ForbiddenException', status: 403 }],
  });
  kafka.put({ name: 'orders', brokers: [['b.orders'], ['b-2.orders']] });
  await run.until(() => run.addresses().length === 3, 20_000);
  assert.deepEqual(run.addresses().toSorted(), [
    'b-2.orders:11001',
    'b.broken:11001',
    'b.orders:11001',
  ]);
  const said = run.lines.map((line) => JSON.stringify(line)).join('\n');
  assert.match(said, /the role in use needs kafka:ListNodes/);
  trouble.set({});
  kafka.clusters.delete(broken);
  await run.until(() => run.addresses().length === 2, 20_000);
});

test('throttled calls are repeated, and slow down', async (context) => {
  const aws = await openAccount(context);
  aws.account.kafka.put({ name: 'orders', brokers: [['b.orders']] });
  const throttled = { code: 'TooManyRequestsException', status: 429 };
  aws.cloud.trouble.set({ faults: [{ action: 'ListNodes', count: 3, ...throttled }] });
  const run = start(context, aws.url);
  await run.until(() => run.lists.length > 0);
  assert.equal(run.failures(), 0);
  assert.match(run.metrics.expose(), /calls_throttled_total\{category="kafka_read"\} 3/);
});

test('more clusters than the bound are an error that says what to do, and none is read beyond it', async () => {
  const abort = new AbortController();
  const world = createDiscoveryWorld('msk', { signal: abort.signal, takesPartial: true });
  const clusters = Array.from({ length: 1_001 }, (_, at) => ({
    ClusterArn: `arn:${at}`,
    ClusterType: 'PROVISIONED' as const,
  }));
  const read: string[] = [];
  const source = makeMskSource(
    {
      region: 'us-east-1',
      listClusters: async (onPage) => onPage(clusters),
      describeCluster: async () => assert.fail('nothing is asked for by ARN'),
      listNodes: async (arn) => {
        read.push(arn);
        return [];
      },
    },
    { port: 80 },
    world.log,
  );
  const config = { region: 'us-east-1', call_budget: 1, port: 80, refresh_interval: 60_000 };
  const discovery = new ClusterDiscovery(config, world, source);
  for await (const groups of discovery.run()) {
    assert.equal(groups.length, 1_000);
    abort.abort();
  }
  assert.equal(read.length, 1_000);
  const said = world.lines.map((line) => JSON.stringify(line)).join('\n');
  assert.match(said, /more than 1000 clusters; choose some by/);
});
