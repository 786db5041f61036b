/** Delivery as a whole, over a real queue on virtual time. */
import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import { componentContract } from './contracts/component.ts';
import { bench, chunkOf, NumberProtocol } from './kit/delivery.ts';
import { RecoverableError } from '../src/kernel/errors.ts';
import { systemClock } from '../src/kernel/clock.ts';
import { DurableQueue } from '../src/queue/queue.ts';
import { Delivery } from '../src/delivery/delivery.ts';
import { DELIVERY_DEFAULTS } from '../src/delivery/settings.ts';
import { temporaryFolder } from './kit/folder.ts';
import { createWorld } from './kit/world.ts';

const settings = { ...DELIVERY_DEFAULTS, batchSendDeadlineMs: 0, shardsMax: 1 };

async function open(t: TestContext, protocol: NumberProtocol, directory = temporaryFolder(t)) {
  const all = bench(protocol);
  const queue = new DurableQueue({ name: 'test', directory, lanes: 1, capBytes: 1e9 }, all.world);
  const make = (of = protocol): Delivery<unknown> =>
    new Delivery({ name: 'test', queue, protocol: of, settings, world: all.world });
  await queue.start();
  t.after(() => queue.stop());
  return { ...all, queue, make };
}

test('another delivery goes on where one was released: nothing is lost or drained, and the order stays', async (t) => {
  const away = new NumberProtocol(() => {
    throw new RecoverableError('SINK_UNAVAILABLE', 'away', { retryAfterMs: 30_000 });
  });
  const { queue, make, clock } = await open(t, away);
  const first = make();
  await first.start();
  queue.append(chunkOf([1]));
  await clock.advance(100);
  const released = first.release(1_000);
  await clock.advance(0);
  await released;
  assert.equal(queue.pendingItems, 1);
  queue.append(chunkOf([2]));
  const there = new NumberProtocol();
  const second = make(there);
  await second.start();
  for (let i = 0; i < 5; i++) await clock.advance(10);
  queue.append(chunkOf([3]));
  for (let i = 0; i < 5; i++) await clock.advance(10);
  assert.deepEqual(there.sent.flat(), [1, 2, 3]);
  assert.equal(queue.pendingItems, 0);
  await second.stop(0);
});

test('a stop sends what is queued', async (t) => {
  const there = new NumberProtocol();
  const { queue, make } = await open(t, there);
  const delivery = make();
  await delivery.start();
  for (let i = 1; i <= 5; i++) queue.append(chunkOf([i]));
  await delivery.stop(5_000);
  assert.deepEqual(there.sent.flat(), [1, 2, 3, 4, 5]);
});

test('a stop does not wait for a protocol that never answers: its items stay queued, and the log says so', async (t) => {
  const silent = new NumberProtocol(() => new Promise(() => undefined));
  const { queue, make, clock, lines } = await open(t, silent);
  const delivery = make();
  await delivery.start();
  queue.append(chunkOf([1, 2]));
  for (let i = 0; i < 5; i++) await clock.advance(10);
  assert.equal(silent.sent.length, 1);
  const stopped = delivery.stop(1_000);
  for (let i = 0; i < 5; i++) await clock.advance(500);
  await stopped;
  assert.equal(queue.pendingItems, 2);
  await queue.stop();
  assert.match(lines.join(), /left for the next run.*items=2/);
});

componentContract('delivery', () => {
  const directory = temporaryFolder({ after });
  const world = createWorld({ clock: systemClock });
  const queue = new DurableQueue({ name: 'contract', directory, lanes: 1, capBytes: 1e6 }, world);
  const delivery = new Delivery({
    name: 'contract',
    queue,
    protocol: new NumberProtocol(),
    settings,
    world,
  });
  return {
    name: delivery.name,
    start: async () => {
      await queue.start();
      await delivery.start();
    },
    stop: async (deadlineMs) => {
      await delivery.stop(deadlineMs);
      await queue.stop();
    },
  };
});
