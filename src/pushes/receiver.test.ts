import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HISTOGRAM as NATIVE } from '../../test/kit/native-histogram.ts';
import { openPushes, writeMessage } from '../../test/kit/push-intake.ts';
import type { NativeHistogram } from '../model/histogram.ts';
import { encodeMessage } from '../wire/protobuf/encode.ts';
import { ProtoWriter } from '../wire/protobuf/writer.ts';
import { EXEMPLAR } from '../wire/remote-write/exemplar.ts';
import { encodeExtraMetadata } from '../wire/remote-write/extras.ts';
import { HISTOGRAM, toHistogramMessage } from '../wire/remote-write/histogram.ts';
import { METRIC_METADATA } from '../wire/remote-write/metadata.ts';
import { compress } from '../wire/snappy.ts';

const T = 1_700_000_000_000;
const UP = { __name__: 'up', instance: 'h:1', job: 'j' };
const up = (value: number, tMs = T) => writeMessage([{ labels: UP, samples: [[value, tMs]] }]);

function field(number: number, bytes: Uint8Array): Uint8Array {
  const writer = new ProtoWriter(64);
  writer.field(number, bytes);
  return writer.written();
}

/** A sample by its bits, with the start of its counter where it is not 0. */
function rawSample(high: number, low: number, tMs: number, startMs = 0): Uint8Array {
  const sample = new ProtoWriter(32);
  sample.varint(0x09);
  sample.uint32(low);
  sample.uint32(high);
  sample.varint(0x10);
  sample.int64(tMs);
  if (startMs !== 0) {
    sample.varint(0x18);
    sample.int64(startMs);
  }
  return field(2, sample.written());
}

for (const version of ['push', 'push2'] as const)
  test(`${version}: what is answered 204 is committed, and known series are asked for once`, async () => {
    const pushes = openPushes();
    const message = writeMessage([
      { labels: UP, samples: [[1, T], [2, T + 1]] },
      { labels: { __name__: 'a', job: 'é' }, samples: [[0.5, T]] },
    ]); // prettier-ignore
    for (let i = 0; i < 2; i++) {
      const { status, headers } = await pushes[version](message);
      assert.equal(status, 204);
      assert.equal(
        headers['x-prometheus-remote-write-samples-written'],
        version === 'push2' ? '3' : undefined,
      );
      assert.deepEqual(pushes.sent().sort(), [
        `a{job="é"} 0.5 @${T}`,
        `up{instance="h:1", job="j"} 1 @${T}`,
        `up{instance="h:1", job="j"} 2 @${T + 1}`,
      ]);
    }
    assert.deepEqual(pushes.made().sort(), ['a{job="é"}', 'up{instance="h:1", job="j"}']);
    const { taken } = pushes.receiver.status;
    assert.deepEqual(taken, { samples: 6, histograms: 0, exemplars: 0 });
    assert.equal(pushes.world.metric('amperage_pushed_series '), 2);
  });

test('series whose labels are written in another order are the same', async () => {
  const pushes = openPushes();
  await pushes.push(up(1));
  const [name, instance, job] = Object.entries(UP).map(([name, value]) => ({ name, value }));
  const labels = [job!, { name: 'empty', value: '' }, instance!, name!];
  await pushes.push(writeMessage([{ labels, samples: [[2, T]] }]));
  assert.equal(pushes.made().length, 1);
  assert.equal(pushes.sent().length, 2);
});

test('stale markers, native histograms, exemplars and starts of counters come through', async () => {
  const pushes = openPushes();
  const native = toHistogramMessage(NATIVE, T, T - 5_000);
  const stale = toHistogramMessage({ ...NATIVE, sum: NaN }, T + 1, 0);
  const staleBytes = Buffer.from(encodeMessage(HISTOGRAM, stale));
  // The sum is field 3: its bits are those of a stale marker.
  const at = staleBytes.indexOf(0x19);
  staleBytes.writeUInt32LE(2, at + 1);
  staleBytes.writeUInt32LE(0x7ff00000, at + 5);
  const exemplar = { labels: [{ name: 'trace_id', value: 'x' }], value: 3, tMs: T };
  const message = writeMessage([
    { labels: UP, fields: rawSample(0x7ff00000, 2, T) },
    { labels: { __name__: 'c_total' }, fields: rawSample(0x3ff00000, 0, T, T - 1_000) },
    {
      labels: { __name__: 'h' },
      fields: Buffer.concat([
        field(4, encodeMessage(HISTOGRAM, native)),
        field(4, staleBytes),
        field(3, encodeMessage(EXEMPLAR, exemplar)),
      ]),
    },
  ]);
  const { status, headers } = await pushes.push2(message);
  assert.equal(status, 204);
  assert.equal(headers['x-prometheus-remote-write-samples-written'], '2');
  assert.equal(headers['x-prometheus-remote-write-histograms-written'], '2');
  assert.equal(headers['x-prometheus-remote-write-exemplars-written'], '1');
  const sent = pushes.sent().sort();
  const started = new Map(pushes.appenders.flatMap(({ created }) => [...created]));
  assert.deepEqual(
    [...started].sort(([a], [b]) => a.localeCompare(b)),
    [
      ['c_total', T - 1_000],
      ['h', T - 5_000],
    ],
  );
  assert.match(sent.join('\n'), new RegExp(`up\\{instance="h:1", job="j"\\} stale @${T}`));
  assert.ok(sent.includes(`h stale @${T + 1}`), sent.join('\n'));
  assert.ok(sent.some((line) => line.startsWith(`h {"schema"`) && line.endsWith(`@${T}`)));
  assert.ok(sent.some((line) => line.includes('trace_id')));
});

test('the start that release candidate 3 of 2.0 says of a series is that of its samples', async () => {
  const pushes = openPushes();
  const request = new ProtoWriter(256);
  for (const symbol of ['', '__name__', 'c_total']) request.string(4, symbol);
  const series = new ProtoWriter(64);
  series.field(1, Buffer.from([1, 2]));
  series.raw(rawSample(0x3ff00000, 0, T));
  series.varint(6 * 8);
  series.int64(T - 9_000);
  request.field(5, series.written());
  const type = 'application/x-protobuf;proto=io.prometheus.write.v2.Request';
  const { status } = await pushes.send(compress(request.written()), { 'content-type': type });
  assert.equal(status, 204);
  assert.deepEqual(pushes.sent(), [`c_total 1 @${T}`]);
  const started = new Map(pushes.appenders.flatMap(({ created }) => [...created]));
  assert.deepEqual([...started], [['c_total', T - 9_000]]);
});

test('metadata of both versions are told of the series of their family', async () => {
  const pushes = openPushes();
  const bucket = { __name__: 'rpc_seconds_bucket', le: '1' };
  const series = writeMessage([{ labels: bucket, samples: [[1, T]] }]);
  await pushes.push(series);
  const told = { type: 'histogram', name: 'rpc_seconds', help: 'calls', unit: 'seconds' } as const;
  const metadata = field(3, encodeMessage(METRIC_METADATA, told));
  assert.equal((await pushes.push(metadata)).status, 204);
  await pushes.push(series);
  const all = () => new Map(pushes.appenders.flatMap(({ metadata: one }) => [...one]));
  assert.match(String(all().get('rpc_seconds_bucket{le="1"}')), /rpc_seconds.*histogram.*calls/);
  const origins = pushes.appenders.flatMap((one) => one.origins);
  assert.deepEqual(origins.at(-1)?.family, {
    name: 'rpc_seconds',
    type: 'histogram',
    unit: 'seconds',
  });
  const count = writeMessage([
    {
      labels: { __name__: 'q_count' },
      samples: [[1, T]],
      fields: encodeExtraMetadata({ type: 'summary', help: 'of 2.0', unit: '' }),
    },
  ]);
  await pushes.push2(count);
  assert.match(String(all().get('q_count')), /q.*summary.*of 2\.0/);
});

test('what is refused for good is said, and the rest is kept', async () => {
  const pushes = openPushes();
  const name = { name: '__name__', value: 'x' };
  const twice = [name, { name: 'a', value: '1' }, { name: 'a', value: '2' }];
  const broken = toHistogramMessage({ ...NATIVE, count: NATIVE.count + 1 }, T, 0);
  const message = writeMessage([
    { labels: [{ name: 'job', value: 'j' }], samples: [[1, T], [2, T]] },
    { labels: [name, { name: '', value: 'v' }], samples: [[1, T]] },
    { labels: twice, samples: [[1, T]] },
    { labels: { __name__: 'h' }, fields: field(4, encodeMessage(HISTOGRAM, broken)) },
    { labels: UP, samples: [[7, T]] },
  ]); // prettier-ignore
  for (const version of ['push', 'push2'] as const) {
    const { status, text, headers } = await pushes[version](message);
    assert.equal(status, 400);
    assert.match(
      text,
      /no metric name: \{job="j"\} \(refused: no_name 2, label_name 1, duplicate_label 1, histogram 1\); the rest is kept/,
    );
    if (version === 'push2')
      assert.equal(headers['x-prometheus-remote-write-samples-written'], '1');
    assert.deepEqual(pushes.sent(), [`up{instance="h:1", job="j"} 7 @${T}`]);
  }
  const rejected = 'amperage_pushed_items_rejected_total{reason="no_name"}';
  assert.equal(pushes.world.metric(rejected), 4);
  assert.deepEqual(pushes.receiver.status.refused, { items: 10, requests: 0 });
});

test('of a malformed request nothing is kept, and what it brought is unknown again', async () => {
  const pushes = openPushes();
  const torn = Buffer.concat([up(1), Buffer.from([0x0a, 0x05, 0x12])]);
  const answer = await pushes.push(torn);
  assert.equal(answer.status, 400);
  assert.match(answer.text, /400: the body can't be read: malformed protobuf: .* at byte \d+/);
  assert.deepEqual(pushes.sent(), []);
  assert.equal(pushes.world.metric('amperage_pushed_series '), 0);
  assert.equal((await pushes.push(up(2))).status, 204);
  assert.deepEqual(pushes.sent(), [`up{instance="h:1", job="j"} 2 @${T}`]);
  assert.equal((await pushes.send(Buffer.from('no snappy'))).status, 400);
  const refused = 'amperage_pushed_requests_total{version="1.0",outcome="malformed"}';
  assert.equal(pushes.world.metric(refused), 2);
});

test('what is no remote write is answered 415, what is too large 413, and what has no way 503', async () => {
  const pushes = openPushes();
  const body = compress(up(1));
  const status = async (headers: Record<string, string | undefined>) =>
    (await pushes.send(body, headers)).status;
  assert.equal(await status({ 'content-type': 'application/json' }), 415);
  assert.equal(await status({ 'content-type': 'application/x-protobuf;proto=other' }), 415);
  assert.equal(await status({ 'content-encoding': 'zstd' }), 415);
  assert.equal(await status({ 'content-encoding': 'SNAPPY' }), 204);
  assert.equal(await status({ 'content-type': undefined, 'content-encoding': undefined }), 204);
  const promise = Buffer.from([0xff, 0xff, 0xff, 0x7f, 0x00]);
  assert.equal((await pushes.send(promise)).status, 413);
  pushes.state.hasSink = false;
  const { status: without, text } = await pushes.send(body);
  assert.equal(without, 503);
  assert.match(text, /no sink takes what is pushed; write a remote_write/);
});

test('labels that 2.0 writes once for many series are bounded', async () => {
  const pushes = openPushes();
  const request = new ProtoWriter(2_000_000);
  for (const symbol of ['', '__name__', 'x'.repeat(1_000_000)]) request.string(4, symbol);
  const series = Buffer.concat([field(1, Buffer.from([1, 2])), field(2, Buffer.alloc(0))]);
  // Either many series or one with many labels.
  const one = new ProtoWriter(64);
  for (let i = 0; i < 100; i++) one.field(1, Buffer.from([1, 2]));
  const single = Buffer.concat([request.written(), field(5, one.written())]);
  for (let i = 0; i < 100; i++) request.field(5, series);
  const type = 'application/x-protobuf;proto=io.prometheus.write.v2.Request';
  const answer = await pushes.send(compress(request.written()), { 'content-type': type });
  assert.equal(answer.status, 413);
  assert.match(answer.text, /the labels of all series have more than 67108864 bytes/);
  const alone = await pushes.send(compress(single), { 'content-type': type });
  assert.equal(alone.status, 413);
});

test('when a commit fails the sender is asked to send again, and nothing is kept twice', async () => {
  const pushes = openPushes();
  await pushes.push(up(1));
  pushes.sent();
  const failing = pushes.appenders.find(({ made }) => made.length > 0)!;
  failing.commit = () => {
    throw new Error('the disk is gone');
  };
  const { status, text } = await pushes.push(up(2));
  assert.equal(status, 503);
  assert.match(text, /could not be taken: the disk is gone/);
  Reflect.deleteProperty(failing, 'commit');
  assert.equal((await pushes.push(up(2))).status, 204);
  assert.deepEqual(pushes.sent(), [`up{instance="h:1", job="j"} 2 @${T}`]);
});

test('series that are silent, or above a limit, are forgotten and come anew', async () => {
  const pushes = openPushes({ seriesMax: 8, idleMs: 60_000 });
  const message = (from: number, count: number) =>
    writeMessage(
      Array.from({ length: count }, (_, i) => ({
        labels: { __name__: 'm', i: String(from + i) },
        samples: [[1, T]] as const,
      })),
    );
  assert.equal((await pushes.push(message(0, 8))).status, 204);
  assert.equal((await pushes.push(message(8, 2))).status, 204);
  assert.equal(pushes.world.metric('amperage_pushed_series '), 8);
  assert.equal(pushes.world.metric('amperage_pushed_series_forgotten_total{reason="series"}'), 2);
  assert.match(pushes.world.lines.join('\n'), /limit of series is reached/);
  const { status, text } = await pushes.push(message(100, 9));
  assert.equal(status, 400);
  assert.match(text, /series_limit 1/);
  await pushes.world.clock.advance(61_000);
  await pushes.push(up(1));
  assert.equal(pushes.world.metric('amperage_pushed_series '), 1);
  assert.equal(pushes.world.metric('amperage_pushed_series_forgotten_total{reason="idle"}'), 8);
  assert.equal(pushes.sent().length, 8 + 2 + 8 + 1);
});

test('new sinks get known series too', async () => {
  const pushes = openPushes();
  await pushes.push(up(1));
  for (const appender of pushes.appenders) appender.generation += 1;
  await pushes.push(up(2));
  await pushes.push(up(3));
  assert.deepEqual(
    pushes.appenders.flatMap(({ renewed }) => renewed),
    ['up{instance="h:1", job="j"}'],
  );
});

test('after the end nothing is taken', async () => {
  const pushes = openPushes();
  await pushes.push(up(1));
  await pushes.receiver.stop();
  await pushes.receiver.stop();
  assert.equal((await pushes.push(up(2))).status, 503);
  assert.ok(pushes.appenders.every(({ closed }) => closed));
});

test('one text that is not UTF-8, or one number beyond 2^53, costs its own part alone', async () => {
  const pushes = openPushes();
  const bad = Buffer.from([0xff]);
  const value = Buffer.concat([field(1, Buffer.from('a')), field(2, bad)]);
  const huge = new ProtoWriter(64);
  huge.varint(0x08);
  huge.varint(2 ** 60);
  const message = Buffer.concat([
    writeMessage([
      { labels: { __name__: 'torn' }, fields: Buffer.concat([field(1, value), rawSample(1, 0, T)]) },
      { labels: UP, samples: [[7, T]], fields: field(3, Buffer.concat([field(1, value), rawSample(1, 0, T)])) },
      { labels: { __name__: 'h' }, fields: field(4, huge.written()) },
    ]), // prettier-ignore
    field(3, field(2, bad)),
  ]);
  const { status, text } = await pushes.push(message);
  assert.equal(status, 400);
  assert.match(
    text,
    /not valid UTF-8: torn\{a="\uFFFD"\} \(refused: label_text 1, exemplar 1, histogram 1, metadata 1\); the rest is kept/,
  );
  assert.deepEqual(pushes.sent(), [`up{instance="h:1", job="j"} 7 @${T}`]);
});

test('native histograms that a receiver would answer with 500 for ever are refused', async () => {
  const custom: NativeHistogram = { ...NATIVE, schema: -53, customValues: [1] };
  const two = { positiveSpans: [{ offset: 0, length: 2 }], count: 2 };
  const bad: readonly NativeHistogram[] = [
    { ...NATIVE, ...two, isFloat: true, positiveCounts: [-1, 3] },
    { ...NATIVE, ...two, positiveCounts: [3, -1] },
    { ...NATIVE, customValues: [1] },
    { ...NATIVE, schema: 9 },
    { ...custom, ...two, positiveCounts: [1, 1], customValues: [] },
    { ...custom, customValues: [2, 1] },
    { ...custom, customValues: [1, 1] },
    { ...custom, customValues: [1, Infinity] },
    { ...custom, zeroThreshold: 0.1 },
    { ...custom, zeroCount: 1, count: 2 },
    { ...custom, positiveSpans: [{ offset: 2, length: 1 }] },
    { ...custom, positiveSpans: [{ offset: -1, length: 1 }] },
    { ...custom, negativeSpans: [{ offset: 0, length: 1 }], negativeCounts: [1], count: 2 },
  ];
  for (const [histogram, expected] of [...bad.map((one) => [one, 400] as const), [NATIVE, 204], [custom, 204]] as const) {
    const pushes = openPushes();
    const fields = field(4, encodeMessage(HISTOGRAM, toHistogramMessage(histogram, T, 0)));
    const { status } = await pushes.push(writeMessage([{ labels: { __name__: 'h' }, fields }]));
    assert.equal(status, expected, JSON.stringify(histogram));
    assert.equal(pushes.sent().length, expected === 204 ? 1 : 0);
  } // prettier-ignore
});

test('a field of another wire type is malformed, and lost in silence nowhere', async () => {
  const varint = (number: number) => Buffer.from([number * 8, 1]);
  for (const [words, message] of [
    ['series', varint(1)],
    ['labels', field(1, varint(1))],
    ['samples', field(1, varint(2))],
    ['exemplars', field(1, varint(3))],
    ['histograms', field(1, varint(4))],
    ["a sample's field", field(1, field(2, varint(1)))],
  ] as const) {
    const { status, text } = await openPushes().push(Buffer.concat([up(1), message]));
    assert.equal(status, 400, words);
    assert.match(text, new RegExp(`malformed request: ${words} of wire type 0`));
  }
  assert.equal((await openPushes().push(Buffer.from([0, 0]))).status, 400);
});

test('labels and samples of one series, which are read in one turn, are bounded', async () => {
  const pushes = openPushes();
  const many = (fields: Uint8Array) => Buffer.concat([field(1, fields), up(1)]);
  const labels = Buffer.concat([Buffer.from(new Uint8Array(2 * 1_001).map((_, i) => i % 2 === 0 ? 0x0a : 0)), rawSample(1, 0, T)]); // prettier-ignore
  const { status, text } = await pushes.push(many(labels));
  assert.equal(status, 400);
  assert.match(text, /more than 1000 labels: \{\} \(refused: label_count 1\); the rest is kept/);
  assert.equal(pushes.sent().length, 1);
  const request = new ProtoWriter(2_000_000);
  for (const symbol of ['', '__name__', 'x'.repeat(1_000_000)]) request.string(4, symbol);
  const refs = new Uint8Array(2_002).map((_, i) => 1 + (i % 2));
  request.field(5, Buffer.concat([field(1, refs), rawSample(1, 0, T)]));
  const type = 'application/x-protobuf;proto=io.prometheus.write.v2.Request';
  const second = await pushes.send(compress(request.written()), { 'content-type': type });
  assert.match(second.text, /more than 1000 labels: \{\} \(refused: label_count 1\)/);
  const samples = new Uint8Array(2 * 250_001).map((_, i) => (i % 2 === 0 ? 0x12 : 0));
  const answer = await pushes.push(many(samples));
  assert.equal(answer.status, 413);
  assert.match(answer.text, /a series has more than 250000 samples/);
});
