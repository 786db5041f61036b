import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, chunkOf, DONE, itemsIn } from '../../test/kit/delivery.ts';
import type { RecoverableCode } from '../kernel/error-codes/catalogue.ts';
import { RecoverableError } from '../kernel/errors.ts';
import type { Chunk } from '../model/queue.ts';
import type { Deliver, Outcome } from './attempt.ts';
import { withRetry } from './retry.ts';

function failure(
  retryAfterMs?: number,
  code: RecoverableCode = 'SINK_UNAVAILABLE',
): RecoverableError {
  return new RecoverableError(code, 'it is away', { retryAfterMs });
}

/** Outcomes by number of the attempt, the last again and again; a thrown error is one too. */
function scripted(
  outcomes: readonly ((chunks: readonly Chunk[]) => Outcome | RecoverableError)[],
): {
  deliver: Deliver;
  sent: number[][];
} {
  const sent: number[][] = [];
  const deliver: Deliver = (chunks, attempt) => {
    sent.push(itemsIn(chunks));
    const outcome = (outcomes[attempt - 1] ?? outcomes.at(-1)!)(chunks);
    return outcome instanceof RecoverableError ? Promise.reject(outcome) : Promise.resolve(outcome);
  };
  return { deliver, sent };
}

const backoff = { minMs: 100, maxMs: 1_000 };

test('what may pass is tried again after what the receiver asks, and counted', async () => {
  const all = bench();
  const again = (chunks: readonly Chunk[]): Outcome => ({
    kind: 'again',
    chunks,
    error: failure(30_000),
  });
  const { deliver, sent } = scripted([again, () => DONE]);
  const random = (): number => 0;
  const delivered = withRetry(deliver, { ...all, backoff, random })(
    [chunkOf([1, 2])],
    1,
    all.signals,
  );
  await all.clock.advance(29_000);
  assert.equal(sent.length, 1);
  assert.equal(all.load.failing, 1);
  await all.clock.advance(1_000);
  assert.deepEqual(await delivered, DONE);
  assert.equal(all.metrics.retried.value, 2);
  assert.equal(all.load.failing, 0);
  assert.match(all.lines.join('\n'), /level=warn.*tried again.*wait_ms=30000[^]*it delivers again/);
});

test('no answer at all is tried again, waiting longer each time, up to the bound', async () => {
  const all = bench();
  const { deliver, sent } = scripted([() => failure()]);
  const options = { ...all, backoff, random: () => 1 };
  const delivered = withRetry(deliver, options)([chunkOf([1])], 1, all.signals);
  delivered.catch(() => undefined);
  const times: number[] = [];
  const startMs = all.clock.nowMs();
  for (let i = 0; i < 100; i++) {
    if (sent.length > times.length) times.push(all.clock.nowMs() - startMs);
    await all.clock.advance(50);
  }
  assert.deepEqual(times.slice(0, 6), [0, 100, 300, 700, 1_500, 2_500]);
  all.end();
  await assert.rejects(delivered);
});

test('of what was taken in part only the rest goes again', async () => {
  const all = bench();
  const { deliver, sent } = scripted([
    () => ({ kind: 'again', chunks: [chunkOf([3])], error: failure() }),
    () => DONE,
  ]);
  const delivered = withRetry(deliver, { ...all, backoff })([chunkOf([1, 2, 3])], 1, all.signals);
  await all.clock.advance(1_000);
  await delivered;
  assert.deepEqual(sent, [[1, 2, 3], [3]]);
  assert.equal(all.metrics.retried.value, 1);
});

test('what lasts, and what must be mended in the set-up, is logged as an error', async () => {
  const all = bench();
  const { deliver } = scripted([() => failure(1, 'SINK_FORBIDDEN'), () => failure(1)]);
  const delivered = withRetry(deliver, { ...all, backoff })([chunkOf([1])], 1, all.signals);
  delivered.catch(() => undefined);
  for (let i = 0; i < 90; i++) await all.clock.advance(1_000);
  const levels = all.lines.map((line) => /level=(\w+)/.exec(line)?.[1]);
  assert.deepEqual(levels.slice(0, 11), [
    'error',
    ...Array.from({ length: 9 }, () => 'warn'),
    'error',
  ]);
  all.end();
  await assert.rejects(delivered);
});

test('errors of a sink are logged once a minute, whatever batch they are of', async () => {
  const all = bench();
  const { deliver } = scripted([() => failure(1_000, 'SINK_FORBIDDEN')]);
  const patient = withRetry(deliver, { ...all, backoff });
  const batches = [1, 2, 3].map((item) => patient([chunkOf([item])], 1, all.signals));
  for (const one of batches) one.catch(() => undefined);
  for (let i = 0; i < 119; i++) await all.clock.advance(1_000);
  const errors = all.lines.filter((line) => line.includes('level=error'));
  assert.deepEqual([errors.length, all.load.failing], [2, 3]);
  all.end();
  await Promise.allSettled(batches);
});

test('what is refused or must be split is not tried again', async () => {
  const all = bench();
  const split = (chunks: readonly Chunk[]): Outcome => ({ kind: 'split', chunks, text: '' });
  const { deliver, sent } = scripted([split]);
  const outcome = await withRetry(deliver, { ...all, backoff })([chunkOf([1])], 1, all.signals);
  assert.deepEqual([outcome.kind, sent.length], ['split', 1]);
});

test('an end while it waits rejects at once, and nothing is sent any more', async () => {
  const all = bench();
  const { deliver, sent } = scripted([() => failure(60_000)]);
  const delivered = withRetry(deliver, { ...all, backoff })([chunkOf([1])], 1, all.signals);
  await all.clock.advance(1_000);
  all.end();
  await assert.rejects(delivered, /the test ends it/);
  await all.clock.advance(120_000);
  assert.equal(sent.length, 1);
});
