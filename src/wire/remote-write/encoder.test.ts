/**
 * Remote write messages: what is encoded is decoded, bits and all; hostile bytes end in a
 * WireError.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeLabelSet } from '../../model/labels.ts';
import { STALE_NAN_HIGH, STALE_NAN_LOW } from '../../model/sample.ts';
import { WireError } from '../errors.ts';
import { BYTES, FIXED64, tagOf, VARINT } from '../protobuf/wire-format.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { decodeWriteRequest } from './decoder.ts';
import { encodeLabels } from './labels.ts';
import { type MetricMetadata } from './metadata.ts';
import { scanSeries } from './ranges.ts';
import { WriteRequestEncoder } from './encoder.ts';

interface Decoded {
  labels: { name: string; value: string }[];
  samples: [tMs: number, high: number, low: number][];
}

function decode(message: Uint8Array): Decoded[] {
  const all: Decoded[] = [];
  decodeWriteRequest(message, {
    series(labels, timestampsMs, values, count) {
      const view = new DataView(values.buffer);
      const little = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
      const samples: Decoded['samples'] = [];
      for (let i = 0; i < count; i++) {
        const high = view.getUint32(i * 8 + (little ? 4 : 0), little);
        samples.push([timestampsMs[i]!, high, view.getUint32(i * 8 + (little ? 0 : 4), little)]);
      }
      all.push({ labels: [...labels], samples });
    },
  });
  return all;
}

function bitsOf(value: number): [number, number] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return [view.getUint32(0), view.getUint32(4)];
}

const labels = fc
  .dictionary(
    fc.string({ minLength: 1, unit: 'grapheme' }),
    fc.string({ minLength: 1, unit: 'grapheme' }),
  )
  .map((record) => makeLabelSet(record));
const timeMs = fc.oneof(fc.integer({ min: 0, max: 2 ** 45 }), fc.maxSafeInteger());

test('series and samples come back as they were', () => {
  const series = fc.tuple(labels, timeMs, fc.oneof(fc.double(), fc.constant('stale' as const)));
  fc.assert(
    fc.property(fc.array(series, { maxLength: 20 }), (input) => {
      const encoder = new WriteRequestEncoder(1);
      for (const [set, tMs, value] of input) {
        if (value === 'stale') encoder.appendStale(encodeLabels(set), tMs);
        else encoder.append(encodeLabels(set), tMs, value);
      }
      const expected = input.map(([set, tMs, value]): Decoded => {
        const bits = value === 'stale' ? [STALE_NAN_HIGH, STALE_NAN_LOW] : bitsOf(value);
        return { labels: [...set], samples: [[tMs, bits[0]!, bits[1]!]] };
      });
      assert.deepEqual(decode(encoder.bytes()), expected);
      const ranges = scanSeries(encoder.bytes());
      assert.deepEqual(
        ranges.map((range) => decode(encoder.bytes().subarray(range.start, range.end))).flat(),
        expected,
      );
      assert.deepEqual(
        ranges.map((range) => [range.samples, range.oldestMs, range.newestMs]),
        input.map(([, tMs]) => [1, tMs, tMs]),
      );
    }),
  );
});

test('the bytes are those of the reference encoder', () => {
  const encoder = new WriteRequestEncoder();
  encoder.append(encodeLabels(makeLabelSet({ __name__: 'up', job: 'a' })), 1_700_000_000_000, 1);
  assert.equal(
    Buffer.from(encoder.bytes()).toString('hex'),
    '0a2c' + // timeseries
      '0a0e0a085f5f6e616d655f5f12027570' + // __name__ up
      '0a080a036a6f62120161' + // job a
      '121009000000000000f03f1080d095ffbc31', // 1 at 2023-11-14T22:13:20Z
  );
});

test('a value that begins with a byte order mark keeps it', () => {
  const encoder = new WriteRequestEncoder();
  encoder.append(encodeLabels(makeLabelSet({ a: '\uFEFFx' })), 1, 1);
  assert.deepEqual(decode(encoder.bytes())[0]?.labels, [{ name: 'a', value: '\uFEFFx' }]);
});

test('a rolled back append leaves no trace', () => {
  const encoder = new WriteRequestEncoder();
  const up = encodeLabels(makeLabelSet({ __name__: 'up' }));
  encoder.append(up, 1, 1);
  const { length } = encoder;
  encoder.append(up, 2, 2);
  encoder.truncate(length);
  assert.equal(decode(encoder.bytes()).length, 1);
});

test('metadata comes back, between series', () => {
  const encoder = new WriteRequestEncoder();
  const given: MetricMetadata = { type: 'counter', name: 'a_total', help: 'café', unit: 's' };
  encoder.append(encodeLabels(makeLabelSet({ __name__: 'a_total' })), 1, 1);
  encoder.appendMetadata(given);
  const seen: MetricMetadata[] = [];
  const counts = decodeWriteRequest(encoder.bytes(), {
    series: () => undefined,
    metadata: (metadata) => void seen.push(metadata),
  });
  assert.deepEqual(seen, [given]);
  assert.deepEqual(counts, { series: 1, samples: 1, histograms: 0, exemplars: 0, metadata: 1 });
});

test('many samples in one series are read, histograms and exemplars counted, the unknown skipped', () => {
  const series = new ProtoWriter();
  series.field(4, new Uint8Array([1, 2]));
  for (let i = 0; i < 100; i++) {
    const sample = new ProtoWriter();
    sample.varint(tagOf(2, VARINT));
    sample.int64(i - 50);
    sample.varint(tagOf(1, FIXED64));
    sample.double(i);
    series.field(2, sample.written());
  }
  series.field(3, new Uint8Array());
  series.field(99, new Uint8Array([7]));
  series.raw(encodeLabels(makeLabelSet({ __name__: 'late' })));
  const message = new ProtoWriter();
  message.varint(tagOf(7, VARINT));
  message.varint(300);
  message.varint(tagOf(9, 5));
  message.raw(new Uint8Array(4));
  message.field(1, series.written());
  const [only] = decode(message.written());
  assert.deepEqual(only?.labels, [{ name: '__name__', value: 'late' }]);
  assert.deepEqual(
    only?.samples,
    Array.from({ length: 100 }, (_, i) => [i - 50, ...bitsOf(i)]),
  );
  const counts = decodeWriteRequest(message.written(), { series: () => undefined });
  assert.deepEqual([counts.histograms, counts.exemplars, counts.samples], [1, 1, 100]);
});

test('random and cut messages end in series or in a WireError', () => {
  const tryIt = (bytes: Uint8Array): void => {
    for (const read of [decode, scanSeries]) {
      try {
        read(bytes);
      } catch (error) {
        assert.ok(error instanceof WireError, String(error));
      }
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), tryIt));
  const encoder = new WriteRequestEncoder();
  encoder.append(encodeLabels(makeLabelSet({ __name__: 'up', job: 'jöb' })), -5, 1);
  const message = encoder.bytes().slice();
  for (let i = 1; i < message.length; i++) {
    assert.throws(() => decode(message.subarray(0, i)), WireError, `cut at ${i}`);
    for (let bit = 0; bit < 8; bit++) {
      const flipped = message.slice();
      flipped[i]! ^= 1 << bit;
      tryIt(flipped);
    }
  }
});

test('a field longer than its message and a string that is not UTF-8 are refused', () => {
  assert.throws(() => decode(new Uint8Array([tagOf(1, BYTES), 5, 0])), /longer than its message/);
  const label = [tagOf(1, BYTES), 4, 0x0a, 2, 0xc3, 0x28];
  assert.throws(() => decode(new Uint8Array([tagOf(1, BYTES), 6, ...label])), /invalid UTF-8/);
});
