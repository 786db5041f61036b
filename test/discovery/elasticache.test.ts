/**
 * ElastiCache discovery from the answers of AWS to targets: the labels of Prometheus, pages,
 * configured caches, and what a failure of each call costs.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { elastiCacheMechanism } from '../../src/discovery/elasticache/mechanism.ts';
import { makeCacheTargets } from '../../src/discovery/elasticache/targets.ts';
import { mechanismOf } from '../../src/discovery/mechanisms.ts';
import { type RunningDiscovery, startDiscovery } from '../kit/discovery.ts';
import { type EmulatedAws, startEmulatedAws } from '../kit/emulated-aws.ts';

async function openAccount(context: TestContext): Promise<EmulatedAws> {
  const aws = await startEmulatedAws();
  context.after(() => aws.close());
  return aws;
}

function start(context: TestContext, endpoint: string, config: object = {}): RunningDiscovery {
  const given = { region: 'us-east-1', endpoint, call_budget: 1, ...config };
  return startDiscovery(context, elastiCacheMechanism, given, { mechanism: 'elasticache' });
}

/** A cluster of one node, which is named as the cluster is. */
function oneNode(name: string, more: object = {}) {
  return { name, nodes: [{ id: '0001', host: name }], ...more };
}

const NODE = '__meta_elasticache_cache_cluster_';
const SERVERLESS = '__meta_elasticache_serverless_cache_';

test("nodes and serverless caches are targets with Prometheus' labels, at the port of their endpoint", async (context) => {
  const aws = await openAccount(context);
  const { elastiCache } = aws.account;
  const cluster = elastiCache.putCluster({
    name: 'orders-001',
    replicationGroup: 'orders',
    tags: { 'aws:team': 'shop' },
    members: {
      AuthTokenEnabled: false,
      CacheParameterGroup: { CacheParameterGroupName: 'default.valkey8' },
      SecurityGroups: [{ SecurityGroupId: 'sg-1', Status: 'active' }, { SecurityGroupId: 'sg-2' }],
      PendingModifiedValues: { CacheNodeIdsToRemove: ['0003', '0004'] },
      LogDeliveryConfigurations: [
        {
          DestinationType: 'cloudwatch-logs',
          DestinationDetails: { CloudWatchLogsDetails: { LogGroup: '/redis' } },
        },
      ],
    },
    nodes: [
      { id: '0001', host: 'orders-001.x.cache.example' },
      {
        id: '0002',
        host: '2001:db8::1',
        members: { Endpoint: { Address: '2001:db8::1', Port: 11_211 } },
      },
      { id: '0003' },
    ],
  });
  const serverless = elastiCache.putServerless({
    name: 'carts',
    host: 'carts.serverless.example',
    tags: { 'a.b': 'c' },
    members: {
      ReaderEndpoint: { Address: 'reader.example', Port: 6_380 },
      SubnetIds: ['subnet-1', 'subnet-2'],
      CacheUsageLimits: { DataStorage: { Maximum: 10, Unit: 'GB' } },
    },
  });
  const run = start(context, aws.url);
  await run.until(() => run.lists.length > 0);
  const targets = (run.lists.at(-1) ?? []).flatMap((group) =>
    group.targets.map((target) => ({ ...group.labels, ...target })),
  );
  const nodeOf = (id: string, host: string, port: string): object => ({
    __address__: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
    __meta_elasticache_deployment_option: 'node',
    [`${NODE}arn`]: cluster,
    [`${NODE}auth_token_enabled`]: 'false',
    [`${NODE}cache_cluster_create_time`]: '2026-01-01T00:00:00Z',
    [`${NODE}cache_cluster_id`]: 'orders-001',
    [`${NODE}cache_cluster_status`]: 'available',
    [`${NODE}cache_parameter_group`]: 'default.valkey8',
    [`${NODE}engine`]: 'valkey',
    [`${NODE}log_delivery_configuration_destination_type_0`]: 'cloudwatch-logs',
    [`${NODE}log_delivery_configuration_log_group_0`]: '/redis',
    [`${NODE}node_create_time`]: '2026-01-01T00:00:00Z',
    [`${NODE}node_endpoint_address`]: host,
    [`${NODE}node_endpoint_port`]: port,
    [`${NODE}node_id`]: id,
    [`${NODE}node_status`]: 'available',
    [`${NODE}num_cache_nodes`]: '3',
    [`${NODE}pending_modified_values_cache_node_ids_to_remove`]: '0003,0004',
    [`${NODE}replication_group_id`]: 'orders',
    [`${NODE}security_group_membership_id_0`]: 'sg-1',
    [`${NODE}security_group_membership_id_1`]: 'sg-2',
    [`${NODE}security_group_membership_status_0`]: 'active',
    [`${NODE}tag_aws_team`]: 'shop',
  });
  assert.deepEqual(targets, [
    nodeOf('0001', 'orders-001.x.cache.example', '6379'),
    nodeOf('0002', '2001:db8::1', '11211'),
    {
      __address__: 'carts.serverless.example:6379',
      __meta_elasticache_deployment_option: 'serverless',
      [`${SERVERLESS}arn`]: serverless,
      [`${SERVERLESS}cache_usage_limit_data_storage_maximum`]: '10',
      [`${SERVERLESS}cache_usage_limit_data_storage_unit`]: 'GB',
      [`${SERVERLESS}create_time`]: '2026-01-01T00:00:00Z',
      [`${SERVERLESS}endpoint_address`]: 'carts.serverless.example',
      [`${SERVERLESS}endpoint_port`]: '6379',
      [`${SERVERLESS}endpoint_reader_address`]: 'reader.example',
      [`${SERVERLESS}endpoint_reader_port`]: '6380',
      [`${SERVERLESS}engine`]: 'valkey',
      [`${SERVERLESS}name`]: 'carts',
      [`${SERVERLESS}reader_endpoint_address`]: 'reader.example',
      [`${SERVERLESS}reader_endpoint_port`]: '6380',
      [`${SERVERLESS}status`]: 'available',
      [`${SERVERLESS}subnet_id_0`]: 'subnet-1',
      [`${SERVERLESS}subnet_id_1`]: 'subnet-2',
      [`${SERVERLESS}tag_a_b`]: 'c',
    },
  ]);
  assert.match(run.metrics.expose(), /sd_not_targets\{.*reason="no_address"\} 1/);
});

/** The labels of Prometheus' documentation, by the word after the prefix; `#` is a number. */
const DOCUMENTED = {
  [NODE]:
    'arn at_rest_encryption_enabled auth_token_enabled auth_token_last_modified ' +
    'auto_minor_version_upgrade cache_cluster_create_time cache_cluster_id ' +
    'cache_cluster_status cache_node_type cache_parameter_group cache_subnet_group_name ' +
    'client_download_landing_page configuration_endpoint_address configuration_endpoint_port ' +
    'engine engine_version ip_discovery log_delivery_configuration_delivery_stream_# ' +
    'log_delivery_configuration_destination_type_# log_delivery_configuration_log_format_# ' +
    'log_delivery_configuration_log_group_# log_delivery_configuration_log_type_# ' +
    'log_delivery_configuration_message_# log_delivery_configuration_status_# network_type ' +
    'node_availability_zone node_create_time node_customer_outpost_arn node_endpoint_address ' +
    'node_endpoint_port node_id node_parameter_group_status node_source_cache_node_id ' +
    'node_status notification_topic_arn notification_topic_status num_cache_nodes ' +
    'pending_modified_values_auth_token_status ' +
    'pending_modified_values_cache_node_ids_to_remove pending_modified_values_cache_node_type ' +
    'pending_modified_values_engine_version pending_modified_values_num_cache_nodes ' +
    'pending_modified_values_transit_encryption_enabled ' +
    'pending_modified_values_transit_encryption_mode preferred_availability_zone ' +
    'preferred_maintenance_window preferred_outpost_arn replication_group_id ' +
    'replication_group_log_delivery_enabled security_group_membership_id_# ' +
    'security_group_membership_status_# snapshot_retention_limit snapshot_window ' +
    'transit_encryption_enabled transit_encryption_mode',
  [SERVERLESS]:
    'arn cache_usage_limit_data_storage_maximum cache_usage_limit_data_storage_minimum ' +
    'cache_usage_limit_data_storage_unit cache_usage_limit_ecpu_per_second_maximum ' +
    'cache_usage_limit_ecpu_per_second_minimum create_time daily_snapshot_time description ' +
    'endpoint_address endpoint_port engine full_engine_version kms_key_id ' +
    'major_engine_version name reader_endpoint_address reader_endpoint_port ' +
    'security_group_id_# snapshot_retention_limit status subnet_id_# user_group_id',
};

/** An object that has each member: those that are named, and a text for all others. */
function every(members: object): never {
  return new Proxy(members, {
    get: (_, name) => (name in members ? Reflect.get(members, name) : 'x'),
  }) as never;
}

test('each label that Prometheus documents has the member of its name, and there is no other', () => {
  const endpoint = { Address: 'a', Port: 1 };
  const cluster = every({
    ConfigurationEndpoint: endpoint,
    CacheParameterGroup: every({}),
    NotificationConfiguration: every({}),
    PendingModifiedValues: every({ CacheNodeIdsToRemove: ['x'] }),
    SecurityGroups: [every({})],
    LogDeliveryConfigurations: [
      every({
        DestinationDetails: {
          CloudWatchLogsDetails: { LogGroup: 'g' },
          KinesisFirehoseDetails: { DeliveryStream: 's' },
        },
      }),
    ],
    CacheNodes: [every({ Endpoint: endpoint })],
  });
  const serverless = every({
    Endpoint: endpoint,
    ReaderEndpoint: endpoint,
    SecurityGroupIds: ['x'],
    SubnetIds: ['x'],
    CacheUsageLimits: { DataStorage: every({}), ECPUPerSecond: every({}) },
  });
  const namesOf = (cache: Parameters<typeof makeCacheTargets>[0]): string[] => {
    const { labels, targets } = makeCacheTargets(cache, []).group;
    return Object.keys({ ...labels, ...targets[0] }).toSorted();
  };
  const named = (prefix: string, words = ''): string[] => {
    const labels = words.split(' ').map((word) => prefix + word.replace('#', '0'));
    return ['__address__', '__meta_elasticache_deployment_option', ...labels].toSorted();
  };
  assert.deepEqual(namesOf({ arn: 'x', cluster }), named(NODE, DOCUMENTED[NODE]));
  // What Prometheus sets in fact in the place of `reader_endpoint_*`.
  const readers = ' endpoint_reader_address endpoint_reader_port';
  assert.deepEqual(
    namesOf({ arn: 'x', serverless }),
    named(SERVERLESS, `${DOCUMENTED[SERVERLESS]}${readers}`),
  );
});

test('all pages are read, clusters in replication groups and others once, tags of what has an address alone', async (context) => {
  const aws = await openAccount(context);
  const { elastiCache } = aws.account;
  for (let at = 0; at < 4; at++)
    elastiCache.putCluster(oneNode(`c${at}`, at < 2 ? { replicationGroup: 'g' } : {}));
  elastiCache.putCluster({ name: 'creating', nodes: [{ id: '0001' }] });
  for (let at = 0; at < 3; at++) elastiCache.putServerless({ name: `s${at}`, host: `s${at}` });
  elastiCache.putServerless({ name: 'creating' });
  aws.cloud.trouble.set({ pageSizes: { DescribeCacheClusters: 2, DescribeServerlessCaches: 2 } });
  const run = start(context, aws.url);
  await run.until(() => run.lists.length > 0);
  const hosts = ['c0', 'c1', 'c2', 'c3', 's0', 's1', 's2'].map((host) => `${host}:6379`);
  assert.deepEqual(run.addresses().toSorted(), hosts);
  assert.deepEqual(aws.cloud.takeCalls(), {
    DescribeCacheClusters: 3,
    DescribeServerlessCaches: 2,
    ListTagsForResource: 7,
  });
});

test('caches are chosen by the ARN of a cluster, of a replication group and of a serverless cache, those alone', async (context) => {
  const aws = await openAccount(context);
  const { elastiCache } = aws.account;
  for (const name of ['orders-001', 'orders-002'])
    elastiCache.putCluster(oneNode(name, { replicationGroup: 'orders' }));
  elastiCache.putCluster(oneNode('orders', { replicationGroup: 'other' }));
  const single = elastiCache.putCluster(oneNode('single'));
  const carts = elastiCache.putServerless({ name: 'carts', host: 'carts' });
  elastiCache.putServerless({ name: 'orders', host: 'serverless' });
  const group = elastiCache.arnOf('orders', 'replicationgroup');
  const find = async (...clusters: string[]): Promise<string[]> => {
    const run = start(context, aws.url, { clusters });
    await run.until(() => run.lists.length > 0);
    return run.addresses().map((address) => address.replace(':6379', ''));
  };
  assert.deepEqual(await find(group, group), ['orders-001', 'orders-002']);
  assert.deepEqual(aws.cloud.takeCalls(), { DescribeCacheClusters: 1, ListTagsForResource: 2 });
  assert.deepEqual(await find(carts), ['carts']);
  assert.deepEqual(aws.cloud.takeCalls(), { DescribeServerlessCaches: 1, ListTagsForResource: 1 });
  assert.deepEqual(await find(single, carts), ['single', 'carts']);
});

test('a configured cache that is not there is told and costs no other; where none is there the last list stays', async (context) => {
  const aws = await openAccount(context);
  const { elastiCache } = aws.account;
  const [a, b] = ['a', 'b'].map((name) => elastiCache.putCluster(oneNode(name)));
  const run = start(context, aws.url, { clusters: [a, b], refresh_interval: '1s' });
  await run.until(() => run.lists.length > 0);
  assert.deepEqual(run.addresses(), ['a:6379', 'b:6379']);
  elastiCache.clusters.delete(b ?? '');
  await run.until(() => run.addresses().join() === 'a:6379', 20_000);
  const said = (): string => run.lines.map((line) => JSON.stringify(line)).join('\n');
  assert.match(said(), /cluster:b why=.*it is not in us-east-1/);
  elastiCache.clusters.delete(a ?? '');
  await run.until(() => /it is not in us-east-1, nor is another/.test(said()), 20_000);
  assert.deepEqual(run.addresses(), ['a:6379']);
  elastiCache.putCluster(oneNode('b'));
  await run.until(() => run.addresses().join() === 'b:6379', 20_000);
});

test('the role elasticache of aws_sd_configs finds the same', async (context) => {
  const aws = await openAccount(context);
  aws.account.elastiCache.putCluster(oneNode('a'));
  const carts = aws.account.elastiCache.putServerless({ name: 'carts', host: 'carts' });
  const config = { role: 'elasticache', region: 'us-east-1', endpoint: aws.url, port: 0 };
  const mechanism = mechanismOf('aws_sd_configs');
  const run = startDiscovery(context, mechanism, config, { mechanism: 'aws' });
  await run.until(() => run.lists.length > 0);
  assert.deepEqual(run.addresses(), ['a:6379', 'carts:6379']);
  const some = startDiscovery(
    context,
    mechanism,
    { ...config, clusters: [carts] },
    { mechanism: 'aws' },
  );
  await some.until(() => some.lists.length > 0);
  assert.deepEqual(some.addresses(), ['carts:6379']);
});

for (const action of ['DescribeCacheClusters', 'DescribeServerlessCaches', 'ListTagsForResource'])
  test(`while ${action} fails the last good list stays`, async (context) => {
    const aws = await openAccount(context);
    const { elastiCache } = aws.account;
    const { trouble } = aws.cloud;
    const put = (host: string): void => {
      elastiCache.putCluster({ name: 'orders', nodes: [{ id: '0001', host }] });
      elastiCache.putServerless({ name: 'carts', host: `${host}-serverless` });
    };
    put('a');
    const run = start(context, aws.url);
    await run.until(() => run.lists.length > 0);
    trouble.set({ faults: [{ action, code: 'AccessDenied', status: 403 }] });
    const failures = run.failures();
    await run.until(() => run.failures() > failures + 1, 20_000);
    assert.deepEqual(run.addresses(), ['a:6379', 'a-serverless:6379']);
    const said = run.lines.map((line) => JSON.stringify(line)).join('\n');
    assert.match(said, new RegExp(`the role in use needs elasticache:${action}`));
    trouble.set({});
    put('b');
    await run.until(() => run.addresses().join() === 'b:6379,b-serverless:6379', 20_000);
  });

test('while one list fails, the other one forgets what is gone', async (context) => {
  const aws = await openAccount(context);
  const { elastiCache } = aws.account;
  const [, gone = ''] = ['a', 'b'].map((name) => elastiCache.putCluster(oneNode(name)));
  const carts = elastiCache.putServerless({ name: 'carts', host: 'carts' });
  const run = start(context, aws.url);
  await run.until(() => run.lists.length > 0);
  assert.deepEqual(run.addresses(), ['a:6379', 'b:6379', 'carts:6379']);
  aws.cloud.trouble.set({ faults: [{ action: 'DescribeServerlessCaches', code: 'Internal' }] });
  elastiCache.clusters.delete(gone);
  elastiCache.serverless.delete(carts);
  await run.until(() => run.addresses().join() === 'a:6379,carts:6379', 20_000);
  elastiCache.clusters.clear();
  await run.until(() => run.addresses().join() === 'carts:6379', 20_000);
  aws.cloud.trouble.set({});
  await run.until(() => run.addresses().length === 0, 20_000);
});

test('a cluster whose tags AWS does not tell keeps its targets and holds up no other', async (context) => {
  const aws = await openAccount(context);
  const { elastiCache } = aws.account;
  for (const name of ['a', 'b']) elastiCache.putCluster(oneNode(name));
  const run = start(context, aws.url);
  await run.until(() => run.lists.length > 0);
  elastiCache.putCluster(oneNode('a', { status: 'modifying', nodes: [{ id: '0001', host: 'x' }] }));
  elastiCache.putCluster({ name: 'b', nodes: [{ id: '0001', host: 'y' }] });
  await run.until(() => run.addresses().includes('y:6379'), 20_000);
  assert.deepEqual(run.addresses(), ['a:6379', 'y:6379']);
});

test('throttled calls are repeated, and slow down', async (context) => {
  const aws = await openAccount(context);
  aws.account.elastiCache.putCluster(oneNode('a'));
  aws.cloud.trouble.set({ faults: [{ action: 'ListTagsForResource', count: 3 }] });
  const run = start(context, aws.url);
  await run.until(() => run.lists.length > 0);
  assert.equal(run.failures(), 0);
  assert.match(run.metrics.expose(), /calls_throttled_total\{category="elasticache_read"\} 3/);
});

test('an answer with a cache without an ARN is no answer', async (context) => {
  const aws = await openAccount(context);
  aws.account.elastiCache.putCluster(oneNode('a', { members: { ARN: '' } }));
  const run = start(context, aws.url);
  await run.until(() => run.failures() > 0);
  assert.deepEqual(run.lists, []);
});
