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

test('bug: an hour of outage is a line, then one a minute with the sum, whatever batches it hits', async () => {
  const all = bench();
  let isAway = true;
  const { deliver } = scripted([() => (isAway ? failure() : DONE)]);
  const patient = withRetry(deliver, { ...all, backoff });
  const batches = [1, 2, 3].map((item) => patient([chunkOf([item])], 1, all.signals));
  await all.clock.advance(10_000);
  assert.equal(all.lines.length, 1);
  assert.match(all.lines[0]!, /level=warn.*tried again.*failures=1/);
  for (let i = 0; i < 59; i++) await all.clock.advance(60_000);
  const { length } = all.lines;
  assert.ok(length >= 55 && length <= 60, `${length} lines in an hour`);
  assert.match(all.lines[1]!, /level=error.*failures=\d{2,} for_ms=6\d{4}/);
  isAway = false;
  await all.clock.advance(10_000);
  await Promise.all(batches);
  assert.equal(all.lines.length, length + 1);
  assert.match(
    all.lines.at(-1)!,
    /level=info.*it delivers again.*failures=\d{4,} after_ms=35\d{5}/,
  );
});

test('what must be mended in the set-up is an error at once, also in the middle of an outage', async () => {
  const all = bench();
  const { deliver } = scripted([() => failure(1), () => failure(1, 'SINK_FORBIDDEN')]);
  const delivered = withRetry(deliver, { ...all, backoff })([chunkOf([1])], 1, all.signals);
  delivered.catch(() => undefined);
  for (let i = 0; i < 50; i++) await all.clock.advance(1_000);
  const levels = all.lines.map((line) => /level=(\w+)/.exec(line)?.[1]);
  assert.deepEqual(levels, ['warn', 'error']);
  all.end();
  await assert.rejects(delivered);
  assert.equal(all.load.failing, 0);
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
