/** When the groups of clusters count as a whole list, and which of them are made again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterState } from '../../src/discovery/ecs/cluster.ts';
import type { TaskFacts } from '../../src/discovery/ecs/facts.ts';
import { GroupLists } from '../../src/discovery/ecs/group-lists.ts';
import { Registry } from '../../src/kernel/metrics.ts';
import { createDiscoveryWorld } from '../kit/discovery.ts';

function fixture(metrics = new Registry(), signal = new AbortController().signal): GroupLists {
  const world = createDiscoveryWorld('ecs', { metrics, signal });
  const rules = { services: [], definitions: [], dockerLabels: [], isDynamic: false };
  const options = { profile: 'prometheus' as const, rules, portOfTask: 80 };
  return new GroupLists({ ...options, dropUnhealthy: false, jobLabel: '' }, world);
}

function makeInterface(value: string) {
  return {
    type: 'ElasticNetworkInterface',
    details: [{ name: 'privateIPv4Address', value }],
  };
}

function makeFacts(count: number): TaskFacts[] {
  return Array.from({ length: count }, (_, index) => ({
    region: 'r',
    cluster: {},
    task: {
      taskArn: `arn:task/${index}`,
      clusterArn: 'arn:cluster/c',
      lastStatus: 'RUNNING',
      // Every second task has no address and is therefore not a target.
      ...(index % 2 === 0
        ? { attachments: [makeInterface(`10.0.${index >> 8}.${index & 255}`)] }
        : {}),
    },
    definition: undefined,
    containerInstance: undefined,
    ec2: undefined,
    service: undefined,
    networkInterface: undefined,
  }));
}

interface FakeCluster {
  readAtMs: number | undefined;
  facts: () => Iterable<TaskFacts>;
}

const asState = (cluster: FakeCluster): ClusterState => cluster as unknown as ClusterState;

test('a cluster whose first reading ends while its groups are made does not count as read', async () => {
  const lists = fixture();
  const cluster: FakeCluster = { readAtMs: undefined, facts: () => [] };
  cluster.facts = function* () {
    // The reading ends while the groups are made.
    cluster.readAtMs = 1;
    yield* [];
  };
  assert.equal((await lists.render([asState(cluster)])).isRead, false);
  assert.equal((await lists.render([asState(cluster)])).isRead, false, 'nothing new was told');
  lists.touch(asState(cluster));
  assert.equal((await lists.render([asState(cluster)])).isRead, true);
});

test('groups are made anew for clusters that have changed, and for no others', async () => {
  const lists = fixture();
  const made = [0, 0];
  const clusters = made.map((_, index) =>
    asState({ readAtMs: 1, facts: () => ((made[index] = (made[index] ?? 0) + 1), makeFacts(2)) }),
  );
  await lists.render(clusters);
  lists.touch(clusters[1]!);
  const { groups } = await lists.render(clusters);
  assert.deepEqual(made, [1, 2]);
  assert.equal(groups.length, 2, 'one of each cluster');
});

test('a reason that no container has any more is 0 in the metric', async () => {
  const metrics = new Registry();
  const lists = fixture(metrics);
  const cluster: FakeCluster = { readAtMs: 1, facts: () => makeFacts(2) };
  await lists.render([asState(cluster)]);
  assert.match(metrics.expose(), /not_targets\{mechanism="ecs",reason="no_address"\} 1/);
  cluster.facts = () => makeFacts(1);
  lists.touch(asState(cluster));
  await lists.render([asState(cluster)]);
  assert.match(metrics.expose(), /not_targets\{mechanism="ecs",reason="no_address"\} 0/);
});

test('two discoveries of one mechanism are counted together until one ends', async () => {
  const metrics = new Registry();
  const ending = new AbortController();
  const first = fixture(metrics, ending.signal);
  const second = fixture(metrics);
  const few = asState({ readAtMs: 1, facts: () => makeFacts(2) });
  const many = asState({ readAtMs: 1, facts: () => makeFacts(6) });
  const count = (): string | undefined => /reason="no_address"\} (\d+)/.exec(metrics.expose())?.[1];
  await first.render([few]);
  await second.render([many]);
  assert.equal(count(), '4');
  await first.render([few]);
  assert.equal(count(), '4', 'the same list once more');
  ending.abort();
  assert.equal(count(), '3', 'only those of the second');
  first.touch(few);
  await first.render([few]);
  assert.equal(count(), '3', 'what has ended counts no more');
});
