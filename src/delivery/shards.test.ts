import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from '../kernel/metrics.ts';
import { MemoryQueue } from '../../test/kit/memory-queue.ts';
import { createWorld } from '../../test/kit/world.ts';
import type { Outcome } from './attempt.ts';
import { Load } from './load.ts';
import { newDeliveryMetrics } from './metrics.ts';
import { DELIVERY_DEFAULTS } from './settings.ts';
import { LoadSharding, runShards } from './shards.ts';

/**
 * An interval of so many samples a second, each of whose requests takes its share of `msPerItem`.
 */
function interval(load: Load, inPerSecond: number, outPerSecond: number, msPerItem: number): void {
  load.itemsIn = inPerSecond * 10;
  load.itemsOut = outPerSecond * 10;
  load.sendingMs = load.itemsOut * msPerItem;
}

test('shards follow the load up and down, and stay for small changes', () => {
  const load = newLoad();
  const sharding = new LoadSharding({ min: 1, max: 16 });
  interval(load, 10_000, 10_000, 0.05);
  assert.equal(sharding.next(load, 0, 1), 1);
  // A shard sends 2,500 samples a second and 10,000 come.
  for (let i = 0; i < 30; i++) {
    interval(load, 10_000, 2_500, 0.4);
    sharding.next(load, 10_000, 1);
  }
  interval(load, 10_000, 2_500, 0.4);
  assert.equal(sharding.next(load, 10_000, 1), 5);
  interval(load, 10_000, 10_000, 0.4);
  assert.equal(sharding.next(load, 0, 5), 5, 'within the tolerance');
  for (let i = 0; i < 30; i++) {
    interval(load, 100, 100, 0.4);
    sharding.next(load, 0, 5);
  }
  interval(load, 100, 100, 0.4);
  assert.equal(sharding.next(load, 0, 5), 1);
});

test('the number that is asked for is told from the start', async () => {
  const world = createWorld();
  const metrics = newDeliveryMetrics(world.metrics, 'test');
  const ending = AbortSignal.abort();
  const settings = { ...DELIVERY_DEFAULTS, shardsMin: 2 };
  const deliver = (): Promise<Outcome> => Promise.resolve({ kind: 'done' });
  const queue = new MemoryQueue(4);
  const load = new Load(metrics);
  const options = { queue, settings, deliver, world, load, metrics };
  await runShards(options, { ending, stopping: ending });
  assert.equal(world.metric('amperage_sink_shards_desired'), 2);
});

test('a backlog asks for more shards, bounded, and none is given up while behind', () => {
  const load = newLoad();
  const sharding = new LoadSharding({ min: 1, max: 8 });
  interval(load, 1_000, 1_000, 1);
  assert.equal(sharding.next(load, 5_000_000, 1), 8);
  load.newestInMs = 100_000;
  load.newestOutMs = 50_000;
  for (let i = 0; i < 30; i++) {
    interval(load, 1_000, 1_000, 1);
    assert.equal(sharding.next(load, 0, 8), 8);
  }
  load.newestOutMs = 99_000;
  interval(load, 1_000, 1_000, 1);
  assert.equal(sharding.next(load, 0, 8), 1);
});

test('while requests fail, and while nothing is sent, the number stays', () => {
  const load = newLoad();
  const sharding = new LoadSharding({ min: 1, max: 8 });
  assert.equal(sharding.next(load, 1_000_000, 1), 1);
  interval(load, 1_000, 1_000, 5);
  load.failing = 1;
  assert.equal(sharding.next(load, 1_000_000, 1), 1);
});

function newLoad(): Load {
  return new Load(newDeliveryMetrics(new Registry(), 'test'));
}
