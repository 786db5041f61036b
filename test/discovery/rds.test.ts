/**
 * RDS discovery from the answers of AWS to targets: the labels of Prometheus, pages, clusters by
 * name, filters, and what a failure of each call costs.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { mechanismOf } from '../../src/discovery/mechanisms.ts';
import { rdsMechanism } from '../../src/discovery/rds/mechanism.ts';
import { makeDatabaseTargets } from '../../src/discovery/rds/targets.ts';
import { type RunningDiscovery, startDiscovery } from '../kit/discovery.ts';
import { type EmulatedAws, startEmulatedAws } from '../kit/emulated-aws.ts';

async function openAccount(context: TestContext): Promise<EmulatedAws> {
  const aws = await startEmulatedAws();
  context.after(() => aws.close());
  return aws;
}

function start(context: TestContext, endpoint: string, config: object = {}): RunningDiscovery {
  const given = { region: 'us-east-1', endpoint, port: 9_187, call_budget: 1, ...config };
  return startDiscovery(context, rdsMechanism, given, { mechanism: 'rds' });
}

test("instances of clusters are targets with Prometheus' labels, at one port", async (context) => {
  const aws = await openAccount(context);
  const arn = aws.account.rds.put({
    name: 'orders',
    tags: { 'aws:team': 'shop' },
    members: { AllocatedStorage: 1, MultiAZ: true, DBClusterParameterGroup: 'p' },
    instances: [
      {
        name: 'orders-1',
        host: 'orders-1.x.rds.example',
        isWriter: true,
        tags: { 'a.b': 'c' },
        members: { DBSubnetGroup: { DBSubnetGroupName: 's' }, DbInstancePort: 0 },
      },
      { name: 'orders-2', host: 'orders-2.x.rds.example' },
      { name: 'orders-3' },
    ],
  });
  const run = start(context, aws.url);
  await run.until(() => run.lists.length > 0);
  const targets = (run.lists.at(-1) ?? []).flatMap((group) =>
    group.targets.map((target) => ({ ...group.labels, ...target })),
  );
  const labelsOf = (name: string, isWriter: boolean): object => ({
    __address__: `${name}.x.rds.example:9187`,
    __meta_rds_cluster_allocated_storage: '1',
    __meta_rds_cluster_arn: arn,
    __meta_rds_cluster_cluster_create_time: '2026-01-01T00:00:00Z',
    __meta_rds_cluster_engine: 'aurora-postgresql',
    __meta_rds_cluster_identifier: 'orders',
    __meta_rds_cluster_multi_az: 'true',
    __meta_rds_cluster_parameter_group: 'p',
    __meta_rds_cluster_port: '5432',
    __meta_rds_cluster_resource_id: 'cluster-orders',
    __meta_rds_cluster_status: 'available',
    __meta_rds_cluster_tag_aws_team: 'shop',
    __meta_rds_instance_arn: `arn:aws:rds:us-east-1:000000000000:db:${name}`,
    __meta_rds_instance_db_cluster_identifier: 'orders',
    __meta_rds_instance_endpoint_address: `${name}.x.rds.example`,
    __meta_rds_instance_endpoint_port: '5432',
    __meta_rds_instance_engine: 'aurora-postgresql',
    __meta_rds_instance_identifier: name,
    __meta_rds_instance_instance_create_time: '2026-01-01T00:00:00Z',
    __meta_rds_instance_is_cluster_writer: String(isWriter),
    __meta_rds_instance_resource_id: `db-${name}`,
    __meta_rds_instance_status: 'available',
  });
  assert.deepEqual(targets, [
    {
      ...labelsOf('orders-1', true),
      __meta_rds_instance_port: '0',
      __meta_rds_instance_subnet_group: 's',
      __meta_rds_instance_tag_a_b: 'c',
    },
    labelsOf('orders-2', false),
  ]);
});

/** The labels of Prometheus' documentation, by the word after `__meta_rds_`. */
const DOCUMENTED = {
  cluster:
    'activity_stream_kinesis_stream_name activity_stream_kms_key_id activity_stream_mode ' +
    'activity_stream_status allocated_storage arn auto_minor_version_upgrade ' +
    'automatic_restart_time aws_backup_recovery_point_arn backtrack_consumed_change_records ' +
    'backtrack_window backup_retention_period capacity character_set_name clone_group_id ' +
    'cluster_create_time cluster_scalability_type copy_tags_to_snapshot cross_account_clone ' +
    'database_insights_mode database_name db_system_id deletion_protection ' +
    'earliest_backtrack_time earliest_restorable_time endpoint engine ' +
    'engine_lifecycle_support engine_mode engine_version global_cluster_identifier ' +
    'global_write_forwarding_requested global_write_forwarding_status hosted_zone_id ' +
    'http_endpoint_enabled iam_database_authentication_enabled identifier instance_class ' +
    'io_optimized_next_allowed_modification_time iops kms_key_id latest_restorable_time ' +
    'local_write_forwarding_status master_username monitoring_interval monitoring_role_arn ' +
    'multi_az network_type parameter_group percent_progress performance_insights_enabled ' +
    'performance_insights_kms_key_id performance_insights_retention_period port ' +
    'preferred_backup_window preferred_maintenance_window publicly_accessible reader_endpoint ' +
    'replication_source_identifier resource_id serverless_v2_platform_version status ' +
    'storage_encrypted storage_encryption_type storage_throughput storage_type subnet_group ' +
    'upgrade_rollout_order',
  instance:
    'activity_stream_engine_native_audit_fields_included activity_stream_kinesis_stream_name ' +
    'activity_stream_kms_key_id activity_stream_mode activity_stream_policy_status ' +
    'activity_stream_status allocated_storage arn auto_minor_version_upgrade ' +
    'automatic_restart_time automation_mode availability_zone aws_backup_recovery_point_arn ' +
    'backup_retention_period backup_target ca_certificate_identifier character_set_name class ' +
    'copy_tags_to_snapshot custom_iam_instance_profile customer_owned_ip_enabled ' +
    'database_insights_mode db_cluster_identifier db_name db_system_id dedicated_log_volume ' +
    'deletion_protection endpoint_address endpoint_hosted_zone_id endpoint_port engine ' +
    'engine_lifecycle_support engine_version enhanced_monitoring_resource_arn ' +
    'iam_database_authentication_enabled identifier instance_create_time iops ' +
    'is_cluster_writer is_storage_config_upgrade_available kms_key_id latest_restorable_time ' +
    'license_model listener_endpoint_address listener_endpoint_hosted_zone_id ' +
    'listener_endpoint_port master_username max_allocated_storage monitoring_interval ' +
    'monitoring_role_arn multi_az multi_tenant nchar_character_set_name network_type ' +
    'percent_progress performance_insights_enabled performance_insights_kms_key_id ' +
    'performance_insights_retention_period port preferred_backup_window ' +
    'preferred_maintenance_window promotion_tier publicly_accessible ' +
    'read_replica_source_db_cluster_identifier read_replica_source_db_instance_identifier ' +
    'replica_mode resource_id resume_full_automation_mode_time secondary_availability_zone ' +
    'status storage_encrypted storage_encryption_type storage_throughput storage_type ' +
    'storage_volume_status subnet_group tde_credential_arn timezone upgrade_rollout_order',
};

test('each label that Prometheus documents has the member of its name, and there is no other', () => {
  const every = new Proxy(
    {},
    { get: (_, name) => (name === 'DBClusterMembers' || name === 'TagList' ? [] : 'x') },
  );
  const endpoint = { Address: 'a', HostedZoneId: 'z', Port: 1 };
  const cluster = new Proxy(every, {
    get: (_, name) =>
      name === 'DBClusterMembers'
        ? [{ DBInstanceIdentifier: 'x', IsClusterWriter: false }]
        : Reflect.get(every, name),
  });
  const instance = new Proxy(every, {
    get: (_, name) => {
      if (name === 'Endpoint' || name === 'ListenerEndpoint') return endpoint;
      return name === 'DBSubnetGroup' ? { DBSubnetGroupName: 's' } : Reflect.get(every, name);
    },
  });
  const { group } = makeDatabaseTargets(cluster as never, [instance], 80);
  const [target = {}] = group.targets;
  const named = (part: keyof typeof DOCUMENTED): string[] =>
    DOCUMENTED[part].split(' ').map((word) => `__meta_rds_${part}_${word}`);
  assert.deepEqual(Object.keys(group.labels ?? {}).toSorted(), named('cluster').toSorted());
  assert.deepEqual(
    Object.keys(target).toSorted(),
    ['__address__', ...named('instance')].toSorted(),
  );
});

test('an instance without an endpoint is told as no target', () => {
  const cluster = { DBClusterArn: 'arn:a', DBClusterIdentifier: 'a' };
  const { group, explained } = makeDatabaseTargets(
    cluster,
    [{ DBInstanceArn: 'i', Endpoint: { Address: 'h' } }, { Endpoint: { Address: '::1', Port: 1 } }],
    80,
  );
  assert.deepEqual(
    group.targets.map((target) => target['__address__']),
    ['[::1]:80'],
  );
  assert.deepEqual(
    explained.map(({ verdicts }) => verdicts[0]?.words),
    ['the instance has no endpoint, or one without a port', 'an instance of the cluster, port 80'],
  );
});

test('all pages of clusters and instances are read', async (context) => {
  const aws = await openAccount(context);
  const { rds } = aws.account;
  const { trouble } = aws.cloud;
  for (let at = 0; at < 5; at++)
    rds.put({
      name: `c${at}`,
      instances: Array.from({ length: 3 }, (_, one) => ({
        name: `c${at}-${one}`,
        host: `i${one}.c${at}`,
      })),
    });
  trouble.set({ pageSizes: { DescribeDBClusters: 2, DescribeDBInstances: 2 } });
  const run = start(context, aws.url);
  await run.until(() => run.lists.length > 0);
  assert.equal(run.addresses().length, 15);
  assert.deepEqual(aws.cloud.takeCalls(), { DescribeDBClusters: 3, DescribeDBInstances: 10 });
});

test('clusters by name or ARN are described, those alone, and filters choose among instances', async (context) => {
  const aws = await openAccount(context);
  const { rds } = aws.account;
  const put = (name: string): string =>
    rds.put({
      name,
      instances: [
        { name: `${name}-1`, host: `${name}-1` },
        { name: `${name}-2`, host: `${name}-2` },
      ],
    });
  const orders = put('orders');
  for (const name of ['carts', 'other']) put(name);
  const run = start(context, aws.url, { clusters: [orders, 'carts', orders] });
  await run.until(() => run.lists.length > 0);
  assert.deepEqual(run.addresses(), [
    'orders-1:9187',
    'orders-2:9187',
    'carts-1:9187',
    'carts-2:9187',
  ]);
  const filters = [{ name: 'db-instance-id', values: ['orders-2', 'other-1'] }];
  const some = start(context, aws.url, { filters });
  await some.until(() => some.lists.length > 0);
  assert.deepEqual(some.addresses().toSorted(), ['orders-2:9187', 'other-1:9187']);
});

test('the role rds of aws_sd_configs finds the same, with its filters, at port 80 where none is given', async (context) => {
  const aws = await openAccount(context);
  const instances = ['a', 'b'].map((name) => ({ name, host: name }));
  aws.account.rds.put({ name: 'orders', instances });
  const filters = [{ name: 'db-instance-id', values: ['b'] }];
  const config = { role: 'rds', region: 'us-east-1', endpoint: aws.url, port: 0, filters };
  const run = startDiscovery(context, mechanismOf('aws_sd_configs'), config, { mechanism: 'aws' });
  await run.until(() => run.lists.length > 0);
  assert.deepEqual(run.addresses(), ['b:80']);
});

for (const action of ['DescribeDBClusters', 'DescribeDBInstances'])
  test(`while ${action} fails the last good list stays`, async (context) => {
    const aws = await openAccount(context);
    const { rds } = aws.account;
    const { trouble } = aws.cloud;
    rds.put({ name: 'orders', instances: [{ name: 'a', host: 'a' }] });
    const run = start(context, aws.url);
    await run.until(() => run.lists.length > 0);
    trouble.set({ faults: [{ action, code: 'AccessDenied', status: 403 }] });
    const failures = run.failures();
    await run.until(() => run.failures() > failures + 1, 20_000);
    assert.deepEqual(run.addresses(), ['a:9187']);
    const said = run.lines.map((line) => JSON.stringify(line)).join('\n');
    assert.match(said, new RegExp(`the role in use needs rds:${action}`));
    trouble.set({});
    rds.put({ name: 'orders', instances: [{ name: 'b', host: 'b' }] });
    await run.until(() => run.addresses().join() === 'b:9187', 20_000);
  });

test('a cluster whose instances cannot be described holds up no other', async (context) => {
  const aws = await openAccount(context);
  const { rds } = aws.account;
  const { trouble } = aws.cloud;
  const broken = rds.put({ name: 'broken', instances: [{ name: 'x', host: 'x' }] });
  rds.put({ name: 'orders', instances: [{ name: 'a', host: 'a' }] });
  const run = start(context, aws.url);
  await run.until(() => run.lists.length > 0);
  trouble.set({
    faults: [{ action: 'DescribeDBInstances', containing: broken, code: 'InternalFailure' }],
  });
  rds.put({ name: 'orders', instances: [{ name: 'b', host: 'b' }] });
  await run.until(() => run.addresses().includes('b:9187'), 20_000);
  assert.deepEqual(run.addresses().toSorted(), ['b:9187', 'x:9187']);
});

test('throttled calls are repeated, and slow down', async (context) => {
  const aws = await openAccount(context);
  aws.account.rds.put({ name: 'orders', instances: [{ name: 'a', host: 'a' }] });
  aws.cloud.trouble.set({ faults: [{ action: 'DescribeDBInstances', count: 3 }] });
  const run = start(context, aws.url);
  await run.until(() => run.lists.length > 0);
  assert.equal(run.failures(), 0);
  assert.match(run.metrics.expose(), /calls_throttled_total\{category="rds_read"\} 3/);
});
