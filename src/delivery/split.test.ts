import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bench, chunkOf, DONE, itemsIn, NumberProtocol } from '../../test/kit/delivery.ts';
import { MemoryQueue } from '../../test/kit/memory-queue.ts';
import { createWorld } from '../../test/kit/world.ts';
import type { Chunk } from '../model/queue.ts';
import { attemptOver, type Deliver, type Outcome } from './attempt.ts';
import { DELIVERY_DEFAULTS } from './settings.ts';
import { runShard } from './shard.ts';
import { withSplitting } from './split.ts';

/** Refuses what `judge` says, and keeps what it takes. */
function receiver(judge: (items: readonly number[], chunks: readonly Chunk[]) => Outcome): {
  deliver: Deliver;
  taken: number[];
  requests: number[];
} {
  const taken: number[] = [];
  const requests: number[] = [];
  const deliver: Deliver = (chunks) => {
    const items = itemsIn(chunks);
    requests.push(items.length);
    const outcome = judge(items, chunks);
    if (outcome.kind === 'done') taken.push(...items);
    return Promise.resolve(outcome);
  };
  return { deliver, taken, requests };
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

const tooLarge = (max: number) =>
  receiver((items, chunks) =>
    items.length > max ? { kind: 'split', chunks, text: '413 for a single one' } : DONE,
  );

test('what is too large as a whole goes in halves, each item once', async () => {
  const protocol = new NumberProtocol();
  const all = bench(protocol);
  const { deliver, taken } = tooLarge(3);
  const outcome = await withSplitting(deliver, { ...all, protocol })(
    [chunkOf(range(20))],
    1,
    all.signals,
  );
  taken.sort((a, b) => a - b);
  assert.deepEqual([outcome, taken, all.lost()], [DONE, range(20), []]);
});

test('an item that is too large alone is lost, and counted for its owner', async () => {
  const protocol = new NumberProtocol();
  const all = bench(protocol);
  const { deliver } = tooLarge(0);
  await withSplitting(deliver, { ...all, protocol })([chunkOf([1, 2, 3])], 1, all.signals);
  assert.deepEqual(all.lost().toSorted(), [
    'too_large even 1',
    'too_large odd 1',
    'too_large odd 1',
  ]);
  assert.match(all.lines.join(), /refused items.*answer="413 for a single one"/);
});

test('one bad item does not cost the others, wherever it stands', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 64 }), fc.nat(63), async (count, at) => {
      const bad = (at % count) + 1;
      const protocol = new NumberProtocol();
      const all = bench(protocol);
      const { deliver, taken } = receiver((items, chunks) =>
        items.includes(bad)
          ? { kind: 'refused', chunks, reason: 'bad_label', isSeparable: true, text: '400' }
          : DONE,
      );
      await withSplitting(deliver, { ...all, protocol })([chunkOf(range(count))], 1, all.signals);
      assert.deepEqual(
        taken.toSorted((a, b) => a - b),
        range(count).filter((item) => item !== bad),
      );
      assert.deepEqual(all.lost(), [`bad_label ${bad % 2 === 1 ? 'odd' : 'even'} 1`]);
    }),
    { numRuns: 50 },
  );
});

test('a search ends: where everything is bad the rest is lost together', async () => {
  const protocol = new NumberProtocol();
  const all = bench(protocol);
  const { deliver, requests } = receiver((_, chunks) => ({
    kind: 'refused',
    chunks,
    reason: 'bad_label',
    isSeparable: true,
    text: '400',
  }));
  await withSplitting(deliver, { ...all, protocol })([chunkOf(range(10_000))], 1, all.signals);
  assert.ok(requests.length <= 512 + 32, `${requests.length} requests`);
  const lost = all.lost().reduce((sum, line) => sum + Number(line.split(' ')[2]), 0);
  assert.equal(lost, 10_000);
});

test('chunks that are refused whole, however many, cost no other chunk', async () => {
  const protocol = new NumberProtocol();
  const all = bench(protocol);
  const { deliver, taken, requests } = receiver((items, chunks) =>
    items.some((item) => item % 4 !== 0)
      ? { kind: 'refused', chunks, reason: 'out_of_order', isSeparable: true, text: '400' }
      : DONE,
  );
  // Three chunks of four are another's too, and none of their items is taken.
  const chunks = Array.from({ length: 400 }, (_, at) =>
    chunkOf([at, at + 400, at + 800].map((item) => (at % 4 === 0 ? item * 4 : item * 4 + 1))),
  );
  await withSplitting(deliver, { ...all, protocol })(chunks, 1, all.signals);
  assert.equal(taken.length, 300);
  assert.ok(requests.length <= 2 * 400 + 512, `${requests.length} requests`);
});

test('what is refused as a whole is not searched, nor where a protocol cannot halve', async () => {
  for (const isSeparable of [false, true]) {
    const protocol = new NumberProtocol();
    const all = bench(protocol);
    const { deliver, requests } = receiver((_, chunks) => ({
      kind: 'refused',
      chunks,
      reason: 'too_old',
      isSeparable,
      text: '400',
    }));
    const options = { ...all, protocol: isSeparable ? {} : protocol };
    await withSplitting(deliver, options)([chunkOf([1, 2])], 1, all.signals);
    assert.deepEqual([requests, all.lost()], [[2], ['too_old odd 1', 'too_old even 1']]);
    assert.equal(all.load.newestOutMs, 2, 'delivery is not behind what is lost');
  }
});

test('a batch that ends half way is neither sent nor counted as a whole again', async () => {
  const world = createWorld();
  const queue = new MemoryQueue();
  const numbers = [1, 2, 3, 4];
  for (const number of numbers) queue.append(chunkOf([number]));
  const round = new AbortController();
  const requests: number[][] = [];
  // Odd numbers are refused; at 4 the number of shards changes, and there is no answer.
  const protocol = new NumberProtocol((items) => {
    requests.push([...items]);
    if (items.includes(4) && items.length === 1 && !round.signal.aborted) {
      round.abort(new Error('the number of shards changes'));
      throw new Error('no answer');
    }
    const isBad = items.some((item) => item % 2 === 1);
    const refused = { kind: 'refused', reason: 'bad', isSeparable: true, text: '' } as const;
    return isBad ? refused : { kind: 'delivered', bytes: 1 };
  });
  const all = bench(protocol);
  const attempt = attemptOver(protocol, all);
  const deliver = withSplitting(attempt, { ...all, protocol });
  const settings = { ...DELIVERY_DEFAULTS, batchSendDeadlineMs: 0 };
  const shard = { queue, settings, deliver, world };
  await runShard([0], shard, { ending: round.signal, stopping: round.signal });
  assert.deepEqual(all.lost(), ['bad odd 1', 'bad odd 1']);
  assert.equal(queue.pendingItems, 1);
  const next = new AbortController();
  queue.drain();
  requests.length = 0;
  await runShard([0], shard, { ending: next.signal, stopping: next.signal });
  assert.deepEqual([requests, all.lost().length, queue.pendingItems], [[[4]], 2, 0]);
});
