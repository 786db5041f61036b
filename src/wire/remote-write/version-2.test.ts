import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { NativeHistogram } from '../../model/histogram.ts';
import { makeLabelSet } from '../../model/labels.ts';
import { WireError } from '../errors.ts';
import { BYTES, FIXED64, tagOf, VARINT } from '../protobuf/wire-format.ts';
import { ProtoReader } from '../protobuf/reader.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { decodeWriteRequest } from './decoder.ts';
import { encodeLabels } from './labels.ts';
import { WriteRequestEncoder } from './encoder.ts';
import { encodeExtraMetadata, stripExtras } from './extras.ts';
import { upgradeMessages } from './upgrade.ts';
import { downgradeRequest } from './downgrade.ts';

const T0 = 1_700_000_000_000;

const histogram: NativeHistogram = {
  schema: 3,
  zeroThreshold: 0,
  zeroCount: 1,
  count: 8,
  sum: 12.5,
  isFloat: false,
  resetHint: 'unknown',
  positiveSpans: [{ offset: 2, length: 2 }],
  positiveCounts: [3, 4],
  negativeSpans: [],
  negativeCounts: [],
  customValues: [],
};

/** The content of a 1.0 message, in a comparable form. */
function meaningOf(message: Uint8Array): string[] {
  const lines: string[] = [];
  const text = (labels: { name: string; value: string }[]): string =>
    labels.map(({ name, value }) => `${name}=${value}`).join(',');
  decodeWriteRequest(message, {
    series(labels, times, values, count) {
      const bits = new BigUint64Array(values.buffer);
      for (let i = 0; i < count; i++)
        lines.push(`${text([...labels])} ${times[i]} ${bits[i]!.toString(16)}`);
    },
    // Without the start, which 1.0 has no field for.
    histograms: (labels, list) =>
      void lines.push(
        ...list.map(
          ({ histogram, tMs }) => `${text([...labels])} ${tMs} ${JSON.stringify(histogram)}`,
        ),
      ),
    exemplars: (labels, list) =>
      void lines.push(...list.map((one) => `${text([...labels])} ${JSON.stringify(one)}`)),
    metadata: (one) => void lines.push(JSON.stringify(one)),
  });
  return lines;
}

function symbolsOf(request: Uint8Array): string[] {
  const reader = new ProtoReader(request);
  const symbols: string[] = [];
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(4, BYTES)) symbols.push(reader.string());
    else reader.skip(tag);
  }
  return symbols;
}

test('a request names every string once and says all that the messages of the queue say', () => {
  const labels = encodeLabels(makeLabelSet({ __name__: 'a_total', job: 'x' }));
  const metadata = encodeExtraMetadata({ type: 'counter', help: 'How many.', unit: '' });
  const known = Buffer.concat([labels, metadata]);
  const first = new WriteRequestEncoder();
  first.append(known, T0, 1.5, T0 - 1_000);
  first.appendExemplar(known, { labels: makeLabelSet({ trace_id: 'x' }), value: 2, tMs: T0 });
  first.appendHistogram(encodeLabels(makeLabelSet({ __name__: 'h', job: 'x' })), T0, histogram, T0);
  const second = new WriteRequestEncoder();
  second.appendStale(known, T0 + 1);
  const { message, counts } = upgradeMessages([first.bytes(), second.bytes()]);
  assert.deepEqual(counts, { samples: 2, histograms: 1, exemplars: 1, exemplarsLeftOut: 0 });
  assert.deepEqual(symbolsOf(message), [
    '',
    '__name__',
    'a_total',
    'job',
    'x',
    'How many.',
    'trace_id',
    'h',
  ]);
  const told = meaningOf(downgradeRequest(message));
  assert.deepEqual(told.slice(0, 2), [
    `__name__=a_total,job=x ${T0} 3ff8000000000000`,
    `__name__=a_total,job=x ${T0 + 1} 7ff0000000000002`,
  ]);
  assert.match(told[2]!, /"trace_id".*"value":2/);
  assert.match(told[3]!, /__name__=h,job=x .*"positiveCounts":\[3,4\]/);
  assert.equal(
    told[4],
    JSON.stringify({ type: 'counter', name: 'a_total', help: 'How many.', unit: '' }),
  );
});

test('start timestamps and metadata are removed for a receiver of 1.0', () => {
  const labels = encodeLabels(makeLabelSet({ __name__: 'a' }));
  const plain = new WriteRequestEncoder();
  plain.append(labels, T0, 1);
  plain.appendHistogram(labels, T0, histogram);
  const rich = new WriteRequestEncoder();
  const extra = encodeExtraMetadata({ type: 'gauge', help: 'h', unit: 'u' });
  const known = Buffer.concat([labels, extra]);
  rich.append(known, T0, 1, T0 - 5);
  rich.appendHistogram(known, T0, histogram, T0 - 5);
  assert.notDeepEqual(rich.bytes(), plain.bytes());
  assert.deepEqual(meaningOf(rich.bytes()), meaningOf(plain.bytes()));
  assert.deepEqual(Buffer.from(stripExtras(rich.bytes())), Buffer.from(plain.bytes()));
});

test('an exemplar without a sample beside it has no place in a request, and is counted', () => {
  const encoder = new WriteRequestEncoder();
  const labels = encodeLabels(makeLabelSet({ __name__: 'a' }));
  encoder.appendExemplar(labels, { labels: [], value: 1, tMs: T0 });
  const { message, counts } = upgradeMessages([encoder.bytes()]);
  assert.equal(counts.exemplarsLeftOut, 1);
  assert.deepEqual(meaningOf(downgradeRequest(message)), []);
});

test('any samples come back, each series in order', () => {
  const name = fc.string({ minLength: 1, maxLength: 8, unit: 'binary' });
  const sample = fc.record({ series: fc.nat(3), value: fc.double() });
  fc.assert(
    fc.property(fc.array(name, { minLength: 4, maxLength: 4 }), fc.array(sample), (names, list) => {
      const messages = list.map(({ series, value }, index) => {
        const encoder = new WriteRequestEncoder();
        const label = encodeLabels(makeLabelSet({ __name__: names[series]!, i: String(series) }));
        encoder.append(label, T0 + index, value);
        return new Uint8Array(encoder.bytes());
      });
      const sent = messages.flatMap((message) => meaningOf(message));
      const came = meaningOf(downgradeRequest(upgradeMessages(messages).message));
      assert.deepEqual(came.toSorted(), sent.toSorted());
      for (const series of names.keys()) {
        const own = (lines: string[]): string[] =>
          lines.filter((line) => line.includes(`,i=${series} `));
        assert.deepEqual(own(came), own(sent));
      }
    }),
  );
});

test('label refs one by one are taken as packed ones are, between other fields too', () => {
  const request = new ProtoWriter();
  for (const symbol of ['', '__name__', 'a', 'job', 'x']) request.string(4, symbol);
  const series = new ProtoWriter();
  for (const ref of [1, 2]) {
    series.varint(tagOf(1, VARINT));
    series.varint(ref);
  }
  series.field(2, new Uint8Array([tagOf(2, VARINT), 7]));
  series.field(1, new Uint8Array([3, 4]));
  request.field(5, series.written());
  assert.deepEqual(meaningOf(downgradeRequest(request.written())), ['__name__=a,job=x 7 0']);
});

test('label refs of another wire type are refused, and leave no series without labels', () => {
  const series = new ProtoWriter(64);
  series.varint(tagOf(1, FIXED64));
  series.raw(new Uint8Array(8));
  const request = new ProtoWriter(64);
  request.field(5, series.written());
  assert.throws(() => downgradeRequest(request.written()), /label refs of wire type 1/);
});

test('the start of a counter is left out, wherever the release candidates have it', () => {
  const number = (field: number, value: number): Uint8Array => {
    const writer = new ProtoWriter(16);
    writer.varint(tagOf(field, VARINT));
    writer.varint(value);
    return writer.written();
  };
  /** A sample and a histogram, each with fields of its own, in a series with fields of its own. */
  const request = (own: {
    readonly sample?: Uint8Array;
    readonly histogram?: Uint8Array;
    readonly series?: Uint8Array;
  }): Uint8Array => {
    const none = new Uint8Array(0);
    const series = new ProtoWriter(256);
    series.field(1, new Uint8Array([1, 2]));
    series.field(2, Buffer.concat([number(2, T0), own.sample ?? none]));
    series.field(3, Buffer.concat([number(1, 8), number(15, T0), own.histogram ?? none]));
    series.raw(own.series ?? none);
    const writer = new ProtoWriter(512);
    for (const symbol of ['', '__name__', 'a']) writer.string(4, symbol);
    writer.field(5, series.written());
    return writer.written();
  };
  const plain = Buffer.from(downgradeRequest(request({})));
  assert.equal(meaningOf(plain).length, 2);
  // 2.0-rc.3, which Prometheus spoke before 3.8: TimeSeries.created_timestamp.
  const before = request({ series: number(6, T0 - 1_000) });
  // 2.0-rc.4, since Prometheus 3.8: Sample.start_timestamp and Histogram.start_timestamp.
  const since = request({ sample: number(3, T0 - 1_000), histogram: number(17, T0 - 1_000) });
  for (const form of [before, since]) assert.deepEqual(Buffer.from(downgradeRequest(form)), plain);
});

test('metadata that says a type alone needs no symbols', () => {
  const series = new ProtoWriter();
  series.field(5, new Uint8Array([tagOf(1, VARINT), 1]));
  const request = new ProtoWriter();
  request.field(5, series.written());
  assert.deepEqual(meaningOf(downgradeRequest(request.written())), []);
});

test('a malformed request is refused with what is wrong', () => {
  const request = (symbols: string[], refs: number[]): Uint8Array => {
    const writer = new ProtoWriter();
    for (const symbol of symbols) writer.string(4, symbol);
    const packed = new ProtoWriter();
    for (const ref of refs) packed.varint(ref);
    const series = new ProtoWriter();
    series.field(1, packed.written());
    writer.field(5, series.written());
    return writer.written();
  };
  assert.throws(
    () => downgradeRequest(request(['', 'a'], [1, 2])),
    /ref 2 is beyond its 2 symbols/,
  );
  assert.throws(() => downgradeRequest(request(['', 'a'], [1])), /odd number/);
  assert.throws(() => downgradeRequest(request(['x', 'a'], [0, 1])), /first symbol/);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        downgradeRequest(bytes);
        upgradeMessages([bytes]);
        stripExtras(bytes);
      } catch (error) {
        assert.ok(error instanceof WireError, String(error));
      }
    }),
  );
});
