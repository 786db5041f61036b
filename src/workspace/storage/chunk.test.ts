import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeChunk, encodeChunk } from './chunk.ts';

function words(values: Float64Array): number[] {
  return [...new Uint32Array(values.buffer, values.byteOffset, values.length * 2)];
}

test('a decoded chunk has the bits that were encoded', () => {
  const gap = fc.oneof(
    fc.constant(15_000),
    fc.integer({ min: 14_900, max: 15_100 }),
    fc.integer({ min: 1, max: 2 ** 42 }),
  );
  const bits = fc.oneof(
    fc.double().map((value) => [...new Uint32Array(Float64Array.of(value).buffer)] as const),
    fc.tuple(fc.nat(0xffffffff), fc.nat(0xffffffff)),
    fc.constant([2, 0x7ff00000] as const),
    fc
      .integer({ min: 0, max: 1_000 })
      .map((value) => [...new Uint32Array(Float64Array.of(value).buffer)] as const),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(gap, bits), { minLength: 1, maxLength: 200 }), (samples) => {
      let time = 1_700_000_000_000;
      const times = Float64Array.from(samples, ([step]) => (time += step));
      const values = new Float64Array(samples.length);
      new Uint32Array(values.buffer).set(samples.flatMap(([, pair]) => [...pair]));
      const decoded = decodeChunk(encodeChunk(times, values), times.length);
      assert.deepEqual(decoded.timesMs, times);
      assert.deepEqual(words(decoded.values), words(values));
    }),
    { numRuns: 500 },
  );
});

test('a steady counter takes less than 3.5 bytes per sample', () => {
  const times = Float64Array.from({ length: 120 }, (_, i) => 1_700_000_000_000 + i * 15_000);
  const values = Float64Array.from({ length: 120 }, (_, i) => i * 3);
  assert.ok(encodeChunk(times, values).length / 120 < 3.5);
});
