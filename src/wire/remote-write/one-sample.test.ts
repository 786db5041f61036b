/** The layout of a series with one sample: all functions of one-sample.ts agree on its offsets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeLabelSet } from '../../model/labels.ts';
import { decodeWriteRequest } from './decoder.ts';
import { encodeLabels } from './labels.ts';
import {
  boundOneSample,
  endFromValue,
  endOfSteadySeries,
  isSameTime,
  isSteadyTime,
  labelsOfOneSample,
  measureOneSample,
  putOneSample,
  putValue,
  SOME_STEADY_MS,
  START_FIELD_BYTES,
  SteadyTime,
  valueFromEnd,
} from './one-sample.ts';

const anyTime = fc.oneof(
  fc.integer({ min: -(2 ** 45), max: 2 ** 45 }),
  fc.constantFrom(2 ** 35 - 1, 2 ** 35, 2 ** 42 - 1, 2 ** 42),
);
const steadyTime = fc.integer({ min: 2 ** 35, max: 2 ** 42 - 1 });
const labels = fc
  .array(fc.string({ maxLength: 120 }), { minLength: 1, maxLength: 5 })
  .map((list) => encodeLabels(makeLabelSet(Object.fromEntries(list.map((v, i) => [`l${i}`, v])))));

/** A series behind `at` bytes of something else, with as many behind it. */
function write(
  of: Uint8Array,
  time: { readonly tMs: number; readonly startMs: number },
  at: number,
): { bytes: Uint8Array<ArrayBuffer>; view: DataView; valueAt: number; end: number } {
  const bytes = new Uint8Array(at + measureOneSample(of.length, time.tMs, time.startMs) + at);
  const valueAt = putOneSample(bytes, at, of, time.tMs, time.startMs);
  return { bytes, view: new DataView(bytes.buffer), valueAt, end: bytes.length - at };
}

function read(message: Uint8Array): [tMs: number, value: number][] {
  const found: [number, number][] = [];
  decodeWriteRequest(message, {
    series: (_labels, times, values) => void found.push([times[0]!, values[0]!]),
  });
  return found;
}

test('a series is as long as was measured, within the bound, and holds what was given', () => {
  const startMs = fc.oneof(fc.constant(0), anyTime);
  fc.assert(
    fc.property(labels, anyTime, startMs, fc.double(), fc.nat(9), (of, tMs, start, value, at) => {
      const { bytes, view, valueAt, end } = write(of, { tMs, startMs: start }, at);
      putValue(view, valueAt, value);
      assert.equal(endFromValue(bytes, valueAt), end);
      assert.ok(end - at <= boundOneSample(of.length));
      assert.deepEqual(read(bytes.subarray(at, end)), [[tMs, value]]);
      const isFound = isSteadyTime(tMs) && start === 0;
      assert.equal(endOfSteadySeries(bytes, at), isFound ? end : -1);
    }),
  );
});

test('of a steady series labels, value and time are found from its end, and patched there', () => {
  const start = fc.oneof(fc.constant(0), steadyTime);
  fc.assert(
    fc.property(labels, steadyTime, start, fc.nat(9), (of, tMs, startMs, at) => {
      const { bytes, view, valueAt, end } = write(of, { tMs: SOME_STEADY_MS, startMs }, at);
      const startBytes = startMs === 0 ? 0 : START_FIELD_BYTES;
      assert.equal(valueFromEnd(end, startBytes), valueAt);
      assert.deepEqual(labelsOfOneSample(bytes, at, end, startBytes), of);
      const time = new SteadyTime();
      assert.ok(time.set(tMs));
      time.patch(view, valueAt);
      putValue(view, valueAt, 1.5);
      assert.deepEqual(read(bytes.subarray(at, end)), [[tMs, 1.5]]);
      const whole = write(of, { tMs, startMs }, at);
      putValue(whole.view, valueAt, 1.5);
      assert.deepEqual(bytes, whole.bytes);
    }),
  );
});

test('times are compared to their last bit', () => {
  const of = encodeLabels(makeLabelSet({ a: 'b' }));
  fc.assert(
    fc.property(steadyTime, fc.nat(41), (tMs, bit) => {
      const other = tMs + (Math.floor(tMs / 2 ** bit) % 2 === 0 ? 1 : -1) * 2 ** bit;
      if (!isSteadyTime(other)) return;
      const length = measureOneSample(of.length, tMs, 0);
      const bytes = new Uint8Array(length * 3);
      const places = [tMs, other, tMs].map((one, index) =>
        putOneSample(bytes, index * length, of, one, 0),
      );
      const view = new DataView(bytes.buffer);
      assert.ok(isSameTime(view, places[0]!, places[2]!));
      assert.ok(!isSameTime(view, places[0]!, places[1]!));
    }),
  );
});

test('what is cut off, or is no series of one sample, has no end', () => {
  const { bytes, end } = write(
    encodeLabels(makeLabelSet({ a: 'b' })),
    { tMs: SOME_STEADY_MS, startMs: 0 },
    0,
  );
  for (let at = 0; at < end; at++) assert.equal(endOfSteadySeries(bytes.subarray(0, at), 0), -1);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(20), (some, start) => {
      const found = endOfSteadySeries(some, start);
      assert.ok(found === -1 || found > start);
    }),
    { numRuns: 1_000 },
  );
});

test('a value whose bytes look like the head of a series is none', () => {
  const of = encodeLabels(makeLabelSet({ a: 'b' }));
  const { bytes, valueAt } = write(of, { tMs: SOME_STEADY_MS, startMs: 0 }, 0);
  // A tag and a length that leads to the end of the series round it.
  bytes.set([0x0a, 7], valueAt + 6);
  assert.equal(endOfSteadySeries(bytes, valueAt + 6), -1);
});

test('a time that is not six bytes long is refused', () => {
  const time = new SteadyTime();
  assert.ok(time.set(SOME_STEADY_MS));
  for (const tMs of [0, -1, 2 ** 35 - 1, 2 ** 42, NaN]) assert.ok(!time.set(tMs));
  assert.equal(time.tMs, SOME_STEADY_MS);
});
