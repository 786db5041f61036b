import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { VirtualClock } from './clock.ts';
import { PermanentError, RecoverableError } from './errors.ts';
import { backoffMs, parseRetryAfterMs, retrying } from './retry.ts';

test('the backoff doubles up to its maximum and keeps at least half of it', () => {
  const backoff = { minMs: 30, maxMs: 5_000 };
  assert.equal(backoffMs(backoff, 1, 0), 15);
  assert.equal(backoffMs(backoff, 1, 0.999_999), 30);
  assert.equal(backoffMs(backoff, 4, 0), 120);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (attempt, random) => {
        const ms = backoffMs(backoff, attempt, random);
        assert.ok(ms >= 15 && ms <= 5_000);
      },
    ),
  );
});

test('Retry-After is read as seconds or as a date, and nothing else', () => {
  const nowMs = Date.parse('2026-01-01T00:00:00Z');
  const cases: [string | undefined, number | undefined][] = [
    ['120', 120_000],
    [' 0 ', 0],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', undefined],
    ['soon', undefined],
    ['-5', undefined],
    [undefined, undefined],
  ];
  for (const [header, expected] of cases)
    assert.equal(parseRetryAfterMs({ 'retry-after': header }, nowMs), expected, String(header));
});

test('the date of Retry-After is of the clock that the Date header shows', () => {
  const headers = {
    date: 'Thu, 01 Jan 2026 00:00:00 GMT',
    'retry-after': 'Thu, 01 Jan 2026 00:00:30 GMT',
  };
  for (const now of ['2025-12-31T22:00:00Z', '2026-01-02T00:00:00Z'])
    assert.equal(parseRetryAfterMs(headers, Date.parse(now)), 30_000);
});

test('a recoverable error is retried after the longer of backoff and Retry-After, others are not', async () => {
  const clock = new VirtualClock(0);
  const waits: number[] = [];
  let calls = 0;
  const result = retrying(
    (attempt) => {
      calls += 1;
      if (attempt === 1)
        return Promise.reject(
          new RecoverableError('SINK_UNAVAILABLE', 'busy', { retryAfterMs: 7_000 }),
        );
      if (attempt === 2) return Promise.reject(new RecoverableError('SINK_UNAVAILABLE', 'busy'));
      return Promise.resolve(attempt);
    },
    {
      clock,
      backoff: { minMs: 100, maxMs: 1_000 },
      signal: new AbortController().signal,
      random: () => 0,
      onRetry: (_error, waitMs) => waits.push(waitMs),
    },
  );
  await clock.advance(10_000);
  assert.equal(await result, 3);
  assert.deepEqual(waits, [7_000, 100]);
  assert.equal(calls, 3);

  const permanent = new PermanentError('SCRAPE_STATUS', 'never');
  await assert.rejects(
    retrying(() => Promise.reject(permanent), {
      clock,
      backoff: { minMs: 1, maxMs: 1 },
      signal: new AbortController().signal,
    }),
    permanent,
  );
});

test('retrying ends when its signal aborts during the wait', async () => {
  const controller = new AbortController();
  const clock = new VirtualClock();
  const attempt = retrying(() => Promise.reject(new RecoverableError('SINK_UNAVAILABLE', 'down')), {
    clock,
    backoff: { minMs: 1_000, maxMs: 1_000 },
    signal: controller.signal,
  });
  await clock.advance(0);
  controller.abort(new Error('stopping'));
  await assert.rejects(attempt, /stopping/);
});

test('a fault of the set-up is tried again soon at first, and then ever less often', async () => {
  const clock = new VirtualClock();
  const waits: number[] = [];
  const all = { clock, signal: new AbortController().signal, random: () => 0.999_999 };
  const attempts = (retryAfterMs?: number) =>
    retrying(
      (attempt) =>
        attempt > 9
          ? Promise.resolve(attempt)
          : Promise.reject(
              new RecoverableError('SINK_NOT_FOUND', '404', { isOfSetUp: true, retryAfterMs }),
            ),
      {
        ...all,
        backoff: { minMs: 30, maxMs: 5_000 },
        onRetry: (_error, waitMs) => void waits.push(waitMs),
      },
    );
  const one = attempts();
  await clock.advance(200_000);
  await one;
  assert.deepEqual(
    waits.splice(0),
    [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000],
  );
  const asked = attempts(3_000);
  await clock.advance(200_000);
  await asked;
  assert.deepEqual(waits, [3_000, 3_000, 3_000, 3_000, 3_000, 3_000, 3_000, 3_840, 5_000]);
});
