/**
 * The IAM policies that peers publish, each with the discovery that replaces the peer: whoever
 * changes the image and keeps the role finds all targets that the peer found. Every action outside
 * the policy is denied.
 * Sources: the documentation of the peers as of 2026; each policy links its page.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MechanismKey } from '../../src/discovery/mechanisms.ts';
import { openEcsWorld } from './whole/ecs-world.ts';
import { addressesOf, Run } from './whole/world.ts';

interface Policy {
  readonly who: string;
  readonly actions: readonly string[];
  readonly key: MechanismKey;
  readonly config: object;
  readonly port: number;
  /** Actions that are reported as lacking; none of them may be in the policy. */
  readonly lacks: readonly string[];
  /** Whether a member is one that the peer would not find either. */
  readonly isBeyond?: (needs: readonly string[]) => boolean;
}

const clusters = ['one', 'two'];
const prometheus = { role: 'ecs', port: 80 };

const policies: readonly Policy[] = [
  {
    // https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/extension/observer/ecsobserver
    who: 'ecsobserver, and the CloudWatch agent',
    actions: [
      'ListTasks',
      'ListServices',
      'DescribeContainerInstances',
      'DescribeServices',
      'DescribeTasks',
      'DescribeTaskDefinition',
      'DescribeInstances',
    ],
    key: 'amperage_ecs_sd_configs',
    config: { clusters, labels: 'ecsobserver', service_details: true },
    port: 9779,
    lacks: ['ecs:DescribeClusters'],
  },
  {
    // https://github.com/teralytics/prometheus-ecs-discovery
    who: 'prometheus-ecs-discovery',
    actions: [
      'ListClusters',
      'DescribeClusters',
      'ListTasks',
      'DescribeTasks',
      'DescribeTaskDefinition',
      'DescribeContainerInstances',
      'DescribeInstances',
    ],
    key: 'amperage_ecs_sd_configs',
    config: { labels: 'prometheus-ecs-discovery' },
    port: 9779,
    lacks: [],
  },
  {
    // https://prometheus.io/docs/prometheus/latest/configuration/configuration/#aws_sd_config
    who: 'Prometheus',
    actions: [
      'ListClusters',
      'DescribeClusters',
      'ListServices',
      'DescribeServices',
      'ListTasks',
      'DescribeTasks',
      'DescribeContainerInstances',
      'DescribeInstances',
      'DescribeNetworkInterfaces',
    ],
    key: 'aws_sd_configs',
    config: prometheus,
    port: 80,
    lacks: [],
  },
  {
    who: 'Fargate alone, by docker labels',
    actions: ['ListTasks', 'DescribeTasks', 'DescribeTaskDefinition'],
    key: 'amperage_ecs_sd_configs',
    config: { clusters, service_details: true },
    port: 9779,
    lacks: ['ecs:DescribeClusters', 'ecs:DescribeContainerInstances', 'ecs:DescribeServices'],
    isBeyond: (needs) => needs.includes('DescribeContainerInstances'),
  },
  {
    who: 'Fargate alone, one port for each task',
    actions: ['ListTasks', 'DescribeTasks'],
    key: 'aws_sd_configs',
    config: { ...prometheus, clusters },
    port: 80,
    lacks: ['ecs:DescribeClusters', 'ecs:DescribeContainerInstances', 'ecs:DescribeServices'],
    isBeyond: (needs) => needs.includes('DescribeContainerInstances'),
  },
  {
    who: 'instances that ECS tells of and EC2 does not',
    actions: [
      'ListTasks',
      'DescribeTasks',
      'DescribeTaskDefinition',
      'DescribeClusters',
      'DescribeContainerInstances',
    ],
    key: 'amperage_ecs_sd_configs',
    config: { clusters },
    port: 9779,
    lacks: ['ec2:DescribeInstances'],
    isBeyond: (needs) => needs.includes('DescribeInstances'),
  },
];

for (const { who, actions, key, config, port, lacks, isBeyond = () => false } of policies)
  test(`the policy of ${who} is enough`, async () => {
    const definitions = key === 'amperage_ecs_sd_configs';
    const source = await openEcsWorld(config, { port, definitions });
    source.cloud.trouble.set({ only: actions });
    const run = new Run(key, source);
    try {
      await run.forward(5_000);
      const wanted = source.members().filter(({ needs }) => !isBeyond(needs));
      assert.deepEqual(
        addressesOf(run.lists[0]),
        wanted.map(({ address }) => address).toSorted(),
        'the first list',
      );
      const told = new Set(run.lacks.map(({ what }) => what));
      for (const what of lacks) assert.ok(told.has(what), `${what} is not told`);
      for (const what of told) assert.ok(!actions.includes(what.split(':')[1] ?? ''), what);
      for (const { cause, words, what } of run.lacks) {
        assert.equal(cause, 'denied');
        assert.match(words, new RegExp(`^${what} is denied to the role in use; without it: `));
      }
      source.cloud.takeCalls();
      await run.forward(9 * 60_000);
      const asked = Object.keys(source.cloud.takeCalls()).filter((one) => !actions.includes(one));
      assert.deepEqual(asked, [], 'a denied call is left alone for ten minutes');
      source.cloud.trouble.set({});
      await run.forward(10 * 60_000 + source.refreshMs);
      assert.deepEqual(
        addressesOf(run.lists.at(-1)),
        source
          .members()
          .map(({ address }) => address)
          .toSorted(),
        'whole when the role may',
      );
      assert.deepEqual(run.lacks, []);
    } finally {
      await run.stop();
      await source.close();
    }
  });
