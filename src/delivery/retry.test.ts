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

const linesOf = (lines: readonly string[]): string[] =>
  lines.map((line) =>
    line.includes('it delivers again')
      ? `again ${/ failures=(\d+)/.exec(line)?.[1]}`
      : `${/level=(\w+)/.exec(line)?.[1]} ${/ failures=(\d+)/.exec(line)?.[1]}`,
  );

test('the first failure is logged at once, then a line a minute that counts them', async () => {
  const all = bench();
  const { deliver } = scripted([
    ...Array.from({ length: 149 }, () => () => failure(1_000)),
    () => DONE,
  ]);
  const delivered = withRetry(deliver, { ...all, backoff })([chunkOf([1])], 1, all.signals);
  for (let i = 0; i < 149; i++) await all.clock.advance(1_000);
  await delivered;
  // From the eleventh failure of a batch on they are errors.
  assert.deepEqual(linesOf(all.lines), ['warn 1', 'error 10', 'error 60', 'error 60', 'again 149']);
  assert.match(all.lines.at(-1) ?? '', /after_ms=149000/);
});

test('a fault of the set-up is an error at once, also behind a failure that passes', async () => {
  const all = bench();
  const { deliver } = scripted([
    () => failure(1),
    () => failure(1, 'SINK_FORBIDDEN'),
    () => failure(1),
  ]);
  const delivered = withRetry(deliver, { ...all, backoff })([chunkOf([1])], 1, all.signals);
  delivered.catch(() => undefined);
  for (let i = 0; i < 5; i++) await all.clock.advance(1_000);
  assert.deepEqual(linesOf(all.lines), ['warn 1', 'error 1']);
  all.end();
  await assert.rejects(delivered);
});

test('batches of a sink share its lines, and one that is delivered does not end the silence', async () => {
  const all = bench();
  let isAway = true;
  const deliver: Deliver = (chunks) =>
    isAway && itemsIn(chunks)[0] !== 9
      ? Promise.reject(failure(1_000, 'SINK_FORBIDDEN'))
      : Promise.resolve(DONE);
  const patient = withRetry(deliver, { ...all, backoff });
  const batches = [1, 2, 3].map((item) => patient([chunkOf([item])], 1, all.signals));
  for (let i = 0; i < 119; i++) {
    await all.clock.advance(1_000);
    await patient([chunkOf([9])], 1, all.signals);
  }
  assert.deepEqual([linesOf(all.lines), all.load.failing], [['error 1', 'error 180'], 3]);
  isAway = false;
  await all.clock.advance(1_000);
  await Promise.all(batches);
  assert.deepEqual(linesOf(all.lines).slice(2), ['again 360']);
});

test('a receiver that refuses now and then has two lines a minute', async () => {
  const all = bench();
  let tries = 0;
  const deliver: Deliver = () =>
    tries++ % 2 === 0 ? Promise.reject(failure(500)) : Promise.resolve(DONE);
  const patient = withRetry(deliver, { ...all, backoff });
  for (let i = 0; i < 120; i++) {
    const delivered = patient([chunkOf([1])], 1, all.signals);
    await all.clock.advance(1_000);
    await delivered;
  }
  assert.deepEqual(linesOf(all.lines), ['warn 1', 'again 1', 'warn 60', 'again 1']);
});

test('two sinks have lines of their own', async () => {
  const [first, second] = [bench(), bench()];
  const { deliver } = scripted([() => failure(1_000)]);
  const fine: Deliver = () => Promise.resolve(DONE);
  const failing = withRetry(deliver, { ...first, backoff })([chunkOf([1])], 1, first.signals);
  failing.catch(() => undefined);
  await withRetry(fine, { ...second, backoff })([chunkOf([1])], 1, second.signals);
  await first.clock.advance(5_000);
  assert.deepEqual([first.lines.length, second.lines.length], [1, 0]);
  first.end();
  await assert.rejects(failing);
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
