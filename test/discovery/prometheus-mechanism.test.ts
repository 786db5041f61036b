/**
 * Prometheus' keys, from the answers of AWS to targets: what is read for the labels, which clusters
 * are read, and that a failed call costs no known target, where Prometheus loses the whole cluster.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type EmulatedAws, startEmulatedAws } from '../kit/emulated-aws.ts';
import { startRole } from './running.ts';

let aws: EmulatedAws;
before(async () => {
  aws = await startEmulatedAws();
  const { account } = aws;
  const { ecs, ecsServices } = account;
  const shop = ecs.createCluster('shop', [{ key: 'cost center', value: '42' }]);
  account.addInstance(shop, 'i-0123456789abcdef0', '10.1.0.1', { Name: 'node-1' });
  account.addInstance(shop, 'mi-0fedcba9876543210', '192.168.0.9');
  ecs.register('web', [{ name: 'app', image: 'web:1' }]);
  ecs.register('tool', [{ name: 'app', image: 'tool:1' }], 'host');
  ecsServices.create(shop, {
    serviceName: 'web',
    taskDefinition: 'web',
    desiredCount: 1,
    tags: [{ key: 'team', value: 'a' }],
  });
  ecs.run(shop, {
    taskDefinition: 'web',
    address: '10.0.0.7',
    publicAddress: '198.51.100.7',
    group: 'nightly',
  });
  ecs.run(shop, { taskDefinition: 'tool', launchType: 'EC2' });
  ecs.run(shop, {
    taskDefinition: 'tool',
    launchType: 'EXTERNAL',
    containerInstance: 'mi-0fedcba9876543210',
  });
  const pending = ecs.run(shop, { taskDefinition: 'web', address: '10.0.0.8' });
  ecs.change(pending, { lastStatus: 'PENDING' });
  ecs.run(ecs.createCluster('other'), { taskDefinition: 'web', address: '10.0.0.9' });
});
after(() => aws.close());

test('every task with an address is one target, with all that AWS tells of it', async (context) => {
  const run = startRole(context, { endpoint: aws.url, clusters: ['shop'], port: 9100 });
  await run.until(() => run.targets().length === 4);
  const by = (label: string, value: string): Readonly<Record<string, string>> =>
    run.targets().find((one) => one[`__meta_ecs_${label}`] === value) ?? {};
  const service = by('service', 'web');
  assert.equal(service['__meta_ecs_service_status'], 'ACTIVE');
  assert.equal(service['__meta_ecs_tag_service_team'], 'a');
  assert.equal(service['__meta_ecs_tag_cluster_cost_center'], '42');
  const batch = by('task_group', 'nightly');
  assert.equal(batch['__address__'], '10.0.0.7:9100');
  assert.equal(batch['__meta_ecs_public_ip'], '198.51.100.7');
  const host = by('network_mode', 'bridge');
  assert.equal(host['__address__'], '10.1.0.1:9100');
  assert.equal(host['__meta_ecs_tag_ec2_Name'], 'node-1');
  assert.equal(by('last_status', 'PENDING')['__address__'], '10.0.0.8:9100');
  const reasons = run.explained().flatMap(({ verdicts }) => verdicts.map((one) => one.reason));
  assert.deepEqual(
    reasons.filter((one) => one !== undefined),
    ['no_address'],
  );
});

test('clusters are given by ARN, by name, or are all of the region', async (context) => {
  const { clusterArn } = aws.account.ecs.cluster('other');
  for (const [clusters, count] of [
    [[clusterArn], 1],
    [['other', 'shop'], 5],
    [undefined, 5],
  ] as const) {
    const run = startRole(context, { endpoint: aws.url, clusters });
    await run.until(() => run.targets().length === count);
    assert.ok(run.addresses().includes('10.0.0.9:80'));
  }
});

test('a call that fails costs no target that is known, and no other cluster', async (context) => {
  const { ecs } = aws.account;
  const { trouble } = aws.cloud;
  context.after(() => void trouble.set({}));
  const run = startRole(context, { endpoint: aws.url, refresh_interval: '10s' });
  await run.until(() => run.targets().length === 5);
  for (const action of ['DescribeTasks', 'DescribeServices', 'DescribeContainerInstances']) {
    trouble.set({ faults: [{ action, cluster: 'shop', code: 'ServerException' }] });
    const task = ecs.run(ecs.cluster('other'), { taskDefinition: 'web' });
    await run.until(() => run.targets().length === 6);
    ecs.stop(task);
    await run.until(() => run.targets().length === 5);
  }
});
