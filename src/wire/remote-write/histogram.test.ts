/** Native histograms are decoded as they were encoded, and take no more bytes than the bound. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { NativeHistogram } from '../../model/histogram.ts';
import { makeLabelSet } from '../../model/labels.ts';
import { WireError } from '../errors.ts';
import { decodeWriteRequest } from './decoder.ts';
import { WriteRequestEncoder } from './encoder.ts';
import { boundHistogram } from './histogram.ts';
import { encodeLabels } from './labels.ts';

const T0 = 1_700_000_000_000;
const LABELS = encodeLabels(makeLabelSet({ __name__: 'h' }));
const PLAIN = { noNullPrototype: true } as const;

const whole = fc.oneof(fc.nat(50), fc.nat(2 ** 50));
const spans = fc.array(fc.record({ offset: fc.integer(), length: fc.nat() }, PLAIN));
const histogram = fc.boolean().chain((isFloat): fc.Arbitrary<NativeHistogram> => {
  const count = isFloat ? fc.double({ noNaN: true }) : whole;
  return fc.record(
    {
      schema: fc.constantFrom(-53, -4, 0, 8),
      zeroThreshold: fc.double({ noNaN: true }),
      zeroCount: count,
      count,
      sum: fc.double(),
      isFloat: fc.constant(isFloat),
      resetHint: fc.constantFrom('unknown', 'reset', 'no-reset', 'gauge'),
      positiveSpans: spans,
      positiveCounts: fc.array(count),
      negativeSpans: spans,
      negativeCounts: fc.array(count),
      customValues: fc.array(fc.double()),
    },
    PLAIN,
  );
});

function encode(one: NativeHistogram, tMs: number, startMs: number): Uint8Array {
  const encoder = new WriteRequestEncoder();
  encoder.appendHistogram(LABELS, tMs, one, startMs);
  return encoder.bytes();
}

function decode(message: Uint8Array): unknown[] {
  const found: unknown[] = [];
  decodeWriteRequest(message, {
    series: () => undefined,
    histograms: (_labels, list) => void found.push(...list),
  });
  return found;
}

test('histograms come back as they were, within the bound of their bytes', () => {
  const time = fc.integer({ min: -(2 ** 45), max: 2 ** 45 });
  fc.assert(
    fc.property(histogram, time, time, (one, tMs, startMs) => {
      const message = encode(one, tMs, startMs);
      assert.deepEqual(decode(message), [{ histogram: one, tMs, startMs, isStale: false }]);
      const series = LABELS.length + 12;
      assert.ok(message.length <= boundHistogram(one) + series, String(message.length));
    }),
    { numRuns: 500 },
  );
});

test('counts beyond 2^53 are refused, and not read as other ones', () => {
  const small: NativeHistogram = {
    schema: 0,
    zeroThreshold: 0,
    zeroCount: 0,
    count: 1,
    sum: 1,
    isFloat: false,
    resetHint: 'unknown',
    positiveSpans: [{ offset: 0, length: 2 }],
    positiveCounts: [1, 0],
    negativeSpans: [],
    negativeCounts: [],
    customValues: [],
  };
  assert.equal(decode(encode(small, T0, 0)).length, 1);
  const beyond: Partial<NativeHistogram>[] = [
    { count: 2 ** 63 },
    { zeroCount: 2 ** 64 },
    { positiveCounts: [2 ** 53 - 1, 2 ** 53] },
    { positiveSpans: [{ offset: -(2 ** 63), length: 2 }] },
  ];
  for (const one of beyond)
    assert.throws(() => decode(encode({ ...small, ...one }, T0, 0)), WireError);
});
