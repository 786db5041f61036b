/**
 * Network interfaces of tasks are read for their public addresses, but only where they are wanted.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { EcsApi } from '../../src/discovery/ecs/api.ts';
import { ClusterState } from '../../src/discovery/ecs/cluster.ts';
import { createDefinitionShelf } from '../../src/discovery/ecs/details.ts';
import { type EmulatedAws, startEmulatedAws } from '../kit/emulated-aws.ts';
import { createDiscoveryWorld } from '../kit/discovery.ts';

async function open(context: TestContext): Promise<{ aws: EmulatedAws; api: EcsApi }> {
  const aws = await startEmulatedAws();
  const access = { region: 'us-east-1', endpoint: aws.url, call_budget: 1 };
  const api = await EcsApi.open(access, createDiscoveryWorld('ecs'));
  context.after(async () => {
    api.close();
    await aws.close();
  });
  return { aws, api };
}

test('the public address of a task comes with its network interface', async (context) => {
  const { aws, api } = await open(context);
  const { ecs } = aws.account;
  const cluster = ecs.createCluster('public');
  ecs.register('web', [{ name: 'app', image: 'web:1' }]);
  ecs.run(cluster, { taskDefinition: 'web', publicAddress: '198.51.100.7' });
  ecs.run(cluster, { taskDefinition: 'web' });
  const state = new ClusterState(
    'public',
    api,
    { shelf: createDefinitionShelf(api, 'needed'), use: 'needed' },
    { services: false, interfaces: true },
  );
  await state.refresh(0);
  const found = [...state.facts()].map((one) => one.networkInterface?.Association?.PublicIp);
  assert.deepEqual(found, ['198.51.100.7', undefined]);
});

test('interfaces are not asked for where nobody wants them', async (context) => {
  const { aws, api } = await open(context);
  const { ecs } = aws.account;
  ecs.register('web', [{ name: 'app', image: 'web:1' }]);
  ecs.run(ecs.createCluster('silent'), { taskDefinition: 'web', publicAddress: '198.51.100.8' });
  const state = new ClusterState(
    'silent',
    api,
    { shelf: createDefinitionShelf(api, 'needed'), use: 'needed' },
    { services: false, interfaces: false },
  );
  await state.refresh(0);
  assert.equal(aws.cloud.takeCalls()['DescribeNetworkInterfaces'], undefined);
  assert.equal([...state.facts()][0]?.networkInterface, undefined);
});
