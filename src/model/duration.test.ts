import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDurationMs, parseDurationMs } from './duration.ts';

test('durations are read as Prometheus reads them', () => {
  const cases: [string, number | undefined][] = [
    ['0', 0],
    ['15s', 15_000],
    ['1h30m', 5_400_000],
    [
      '1y2w3d4h5m6s7ms',
      31_536_000_000 + 1_209_600_000 + 259_200_000 + 14_400_000 + 300_000 + 6_007,
    ],
    ['', undefined],
    ['60', undefined],
    ['1m1h', undefined],
    ['-1s', undefined],
    ['1.5s', undefined],
    ['1s1s', undefined],
  ];
  for (const [text, expected] of cases) assert.equal(parseDurationMs(text), expected, text);
});

test('a printed duration reads back as itself', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 12 }), (spanMs) => {
      assert.equal(parseDurationMs(formatDurationMs(spanMs)), spanMs);
    }),
  );
  assert.equal(formatDurationMs(90_000), '1m30s');
});
