/**
 * The writing half as a whole: appender → queue on disk → sender → a receiver on the loopback that
 * decodes. Sockets and files are real; time is virtual where something waits.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync } from 'node:fs';
import { after, test } from 'node:test';
import { setTimeout as realSleep } from 'node:timers/promises';
import { type Verification, verifyRequest } from '../src/aws/verification.ts';
import { systemClock } from '../src/kernel/clock.ts';
import { type HttpResponse } from '../src/kernel/http-server.ts';
import type { NativeHistogram } from '../src/model/histogram.ts';
import { formatLabelSet, makeLabelSet } from '../src/model/labels.ts';
import { DurableQueue } from '../src/queue/queue.ts';
import { compileRelabelRule } from '../src/relabel/relabel.ts';
import { externalLabels } from '../src/transforms/external-labels.ts';
import { relabelling } from '../src/transforms/relabelling.ts';
import { decodeWriteRequest } from '../src/wire/remote-write/decoder.ts';
import { uncompress } from '../src/wire/snappy.ts';
import { componentContract } from './contracts/component.ts';
import { configOf, road, scrape, sinkOver, until } from './kit/remote-write-road.ts';
import { Receiver, startReceiver } from './kit/receiver.ts';
import { temporaryFolder } from './kit/folder.ts';
import { MemoryQueue } from './kit/memory-queue.ts';
import { createWorld, openHttp } from './kit/world.ts';

const T0 = 1_700_000_000_000;

test('samples arrive with the headers of the protocol, external labels and relabelling', async (t) => {
  const all = await road(t, {
    headers: { 'X-Scope': 'a', 'Content-Type': 'text/plain' },
    basicAuth: { username: () => 'u', password: () => 'p' },
    transforms: [
      externalLabels({ cluster: 'c1', job: 'external' }),
      relabelling([
        compileRelabelRule({ source_labels: ['__name__'], regex: 'go_.*', action: 'drop' }),
        compileRelabelRule({ regex: 'secret', action: 'labeldrop' }),
      ]),
    ],
  });
  const appender = all.openAppender('target');
  const up = appender.refOf(makeLabelSet({ __name__: 'up', job: 'api', secret: 'x' }));
  assert.equal(appender.refOf(makeLabelSet({ __name__: 'go_goroutines' })), -1);
  appender.append(up, T0, 1.5);
  appender.appendStale(up, T0 + 1);
  appender.commit();
  await until(all, () => all.receiver.kept.length === 2);
  assert.deepEqual(all.receiver.kept, [
    { series: '__name__=up,cluster=c1,job=api', tMs: T0, value: 1.5 },
    { series: '__name__=up,cluster=c1,job=api', tMs: T0 + 1, value: NaN },
  ]);
  const { headers } = all.receiver.requests[0]!;
  assert.equal(headers['content-type'], 'application/x-protobuf');
  assert.equal(headers['content-encoding'], 'snappy');
  assert.equal(headers['x-prometheus-remote-write-version'], '0.1.0');
  assert.equal(headers['x-scope'], 'a');
  assert.equal(headers.authorization, `Basic ${btoa('u:p')}`);
  await until(all, () => all.queue.pendingItems === 0);
  assert.equal(all.metric('prometheus_remote_storage_samples_total'), 2);
  assert.equal(all.metric('prometheus_remote_storage_samples_pending'), 0);
  assert.equal(
    all.metric('prometheus_remote_storage_highest_timestamp_in_seconds'),
    (T0 + 1) / 1_000,
  );
});

test('each attempt is signed again, with the right key', async (t) => {
  const sigv4 = { region: 'eu-west-1', accessKey: 'AKID', secretKey: 'secret' };
  const all = await road(t, { sigv4, headers: { 'X-Scope': 'a' } });
  const verdicts: Verification[] = [];
  all.receiver.answer = async ({ request, body }) => {
    const { method, path, query, rawHeaders } = request;
    const verdict = await verifyRequest(
      { method, path, query, rawHeaders, body },
      {
        lookup: () => ({ accessKeyId: 'AKID', secretAccessKey: 'secret' }),
        nowMs: all.clock.nowMs(),
        service: 'aps',
        regions: ['eu-west-1'],
        skewMaxMs: 1_000,
      },
    );
    verdicts.push(verdict);
    return { status: verdicts.length === 1 ? 503 : 204, headers: { 'retry-after': '30' } };
  };
  scrape(all.sink.openAppender('target'), ['a'], T0);
  await until(all, () => all.queue.pendingItems === 0);
  assert.deepEqual(
    verdicts.map(({ ok }) => ok),
    [true, true],
    JSON.stringify(verdicts),
  );
});

test('a wrong clock is corrected by the date of the refusal, and the next request is accepted', async (t) => {
  const sigv4 = { region: 'eu-west-1', accessKey: 'AKID', secretKey: 'secret' };
  const all = await road(t, { sigv4 });
  const aheadMs = 3_600_000;
  const verdicts: Verification[] = [];
  all.receiver.answer = async ({ request, body }) => {
    const { method, path, query, rawHeaders } = request;
    const verdict = await verifyRequest(
      { method, path, query, rawHeaders, body },
      {
        lookup: () => ({ accessKeyId: 'AKID', secretAccessKey: 'secret' }),
        nowMs: all.clock.nowMs() + aheadMs,
        service: 'aps',
        regions: ['eu-west-1'],
      },
    );
    verdicts.push(verdict);
    const date = new Date(all.clock.nowMs() + aheadMs).toUTCString();
    return verdict.ok
      ? { status: 204 }
      : { status: 403, headers: { date }, body: JSON.stringify({ message: verdict.message }) };
  };
  scrape(all.sink.openAppender('target'), ['a'], T0);
  await until(all, () => all.queue.pendingItems === 0);
  assert.deepEqual(
    verdicts.map(({ ok }) => ok),
    [false, true],
  );
});

test('without credentials the samples wait, and the log says what to check', async (t) => {
  let failures = 3;
  const all = await road(t, {
    auth: {
      headersFor: ({ headers }) =>
        failures-- > 0 ? Promise.reject(new Error('no role')) : Promise.resolve({ ...headers }),
      invalidate: () => undefined,
      close: () => undefined,
    },
  });
  scrape(all.sink.openAppender('target'), ['a'], T0);
  await until(all, () => all.queue.pendingItems === 0);
  assert.equal(all.receiver.kept.length, 1);
  assert.match(all.lines[0] ?? '', /no role; check the task role.*SINK_CREDENTIALS/);
});

test('what was rolled back is never sent', async (t) => {
  const all = await road(t);
  const appender = all.sink.openAppender('target');
  appender.append(appender.refOf(makeLabelSet({ __name__: 'a' })), T0, 1);
  appender.rollback();
  appender.commit();
  scrape(appender, ['b'], T0);
  await until(all, () => all.queue.pendingItems === 0);
  assert.deepEqual(
    all.receiver.kept.map((sample) => sample.series),
    ['__name__=b'],
  );
});

test('a receiver that was down gets everything once and in order when it is up again', async (t) => {
  const all = await road(t, { queue: { maxItemsPerSend: 7, minBackoffMs: 30 } });
  const { port } = all.receiver.server;
  await all.receiver.server.stop(0);
  const appender = all.sink.openAppender('target');
  for (let i = 0; i < 50; i++) scrape(appender, ['a', 'b', 'c'], T0 + i * 1_000, i);
  await until(all, () => all.lines.some((line) => line.includes('tried again')), 100);
  const again = new Receiver(`127.0.0.1:${port}`);
  await again.server.start();
  t.after(() => again.server.stop(100));
  await until(all, () => all.queue.pendingItems === 0, 1_000);
  assert.equal(again.kept.length, 150);
  for (const name of ['a', 'b', 'c']) {
    const values = again.kept.filter(({ series }) => series === `__name__=${name}`);
    assert.deepEqual(
      values.map(({ value }) => value),
      Array.from({ length: 50 }, (_, i) => i),
    );
  }
  assert.ok(all.metric('prometheus_remote_storage_samples_retried_total') > 0);
  assert.equal(all.metric('prometheus_remote_storage_samples_total'), 150);
  assert.ok(all.lines.some((line) => line.includes('delivers again')));
});

test('429, 5xx and the surge throttle of AMP are retried after the time that they ask for', async (t) => {
  const all = await road(t);
  const answers: HttpResponse[] = [
    { status: 429, headers: { 'retry-after': '7' } },
    { status: 503 },
    { status: 400, body: 'per-user series limit of 2000000 exceeded, Capacity is adjusted' },
    { status: 403, body: 'AccessDenied' },
    { status: 404 },
    { status: 204 },
  ];
  all.receiver.answer = () => answers.shift() ?? { status: 500 };
  const start = all.clock.nowMs();
  scrape(all.sink.openAppender('target'), ['a'], T0);
  await until(all, () => all.receiver.requests.length === 1, 0);
  await until(all, () => all.lines.length > 0, 0);
  await all.clock.advance(6_900);
  assert.equal(all.receiver.requests.length, 1, 'Retry-After is honoured');
  await until(all, () => all.queue.pendingItems === 0);
  assert.ok(all.clock.nowMs() - start >= 7_000);
  assert.equal(all.receiver.requests.length, 6);
  assert.equal(all.receiver.requests[5]?.headers['retry-attempt'], '5');
  assert.equal(all.receiver.kept.length, 1);
  assert.ok(all.lines.some((line) => line.includes('aps:RemoteWrite')));
});

test('a 413 splits the batch until the receiver accepts it; a series that is too large alone is dropped', async (t) => {
  const all = await road(t);
  all.receiver.answer = ({ samples }) => ({
    status: samples.length > 2 || samples.some(({ series }) => series.includes('huge')) ? 413 : 204,
  });
  const appender = all.sink.openAppender('target');
  scrape(appender, ['a', 'b', 'huge', 'c', 'd'], T0);
  scrape(appender, ['a', 'b', 'c'], T0 + 1);
  await until(all, () => all.queue.pendingItems === 0);
  assert.deepEqual(
    all.receiver.kept.map(({ tMs }) => tMs - T0),
    [0, 0, 0, 0, 1, 1, 1],
    'each series is in order',
  );
  assert.deepEqual(
    all.receiver.kept.map(({ series, tMs }) => `${tMs - T0} ${series.slice(9)}`).toSorted(),
    ['0 a', '0 b', '0 c', '0 d', '1 a', '1 b', '1 c'],
  );
  assert.equal(all.metric('prometheus_remote_storage_samples_failed_total'), 1);
  assert.match(all.metrics.expose(), /samples_dropped_total\{.*reason="too_large"\} 1/);
});

test('when a batch is refused for one bad series, the others are delivered', async (t) => {
  const all = await road(t);
  all.receiver.answer = ({ samples }) =>
    samples.some(({ series }) => series.includes('bad'))
      ? { status: 400, body: 'series has too many labels (limit: 30) series: "bad"' }
      : { status: 200 };
  const appender = all.sink.openAppender('target');
  scrape(appender, ['a', 'b', 'bad', 'c', 'd'], T0);
  await until(all, () => all.queue.pendingItems === 0);
  assert.deepEqual(all.receiver.kept.map(({ series }) => series.slice(9)).toSorted(), [
    'a',
    'b',
    'c',
    'd',
  ]);
  assert.match(all.metrics.expose(), /samples_dropped_total\{.*reason="label_limit"\} 1/);
  assert.ok(all.lines.some((line) => line.includes('too many labels')));
});

test('when a batch is refused for a sample out of order, the others are delivered', async (t) => {
  const all = await road(t);
  all.receiver.answer = ({ samples }) =>
    samples.some(({ series }) => series.includes('old'))
      ? { status: 400, body: 'out of order sample' }
      : { status: 200 };
  scrape(all.sink.openAppender('target'), ['a', 'old', 'b'], T0);
  await until(all, () => all.queue.pendingItems === 0);
  assert.deepEqual(all.receiver.kept.map(({ series }) => series.slice(9)).toSorted(), ['a', 'b']);
  assert.match(all.metrics.expose(), /samples_dropped_total\{.*reason="out_of_order"\} 1/);
});

test('samples above the age limit are dropped and counted, younger ones of the same chunk are sent', async (t) => {
  const all = await road(t, { queue: { ageLimitMs: 3_600_000 } });
  const now = all.clock.nowMs();
  const appender = all.sink.openAppender('target');
  const ref = (name: string): number => appender.refOf(makeLabelSet({ __name__: name }));
  appender.append(ref('old'), now - 3_600_001, 1);
  appender.append(ref('young'), now - 3_500_000, 1);
  appender.commit();
  scrape(appender, ['ancient'], now - 9_000_000);
  await until(all, () => all.queue.pendingItems === 0);
  assert.deepEqual(
    all.receiver.kept.map(({ series }) => series),
    ['__name__=young'],
  );
  assert.match(all.metrics.expose(), /samples_dropped_total\{.*reason="too_old"\} 2/);
});

test('requests keep both limits, and a large scrape is more than one chunk', async (t) => {
  const all = await road(t, { queue: { maxItemsPerSend: 100, maxBytesPerSend: 3_000 } });
  const names = Array.from({ length: 1_000 }, (_, i) => `metric_with_a_long_name_${i}`);
  scrape(all.sink.openAppender('target'), names, T0);
  await until(all, () => all.queue.pendingItems === 0);
  assert.deepEqual(
    all.receiver.kept.map(({ series }) => series.slice(9)),
    names,
  );
  for (const { samples } of all.receiver.requests) assert.ok(samples.length <= 100);
  assert.ok(all.receiver.requests.length > 15, 'bytes are the tighter limit');
});

test('a stop sends what is queued, and leaves it on disk when the receiver does not answer', async (t) => {
  const directory = temporaryFolder(t);
  const first = await road(t, { directory, queue: { batchSendDeadlineMs: 60_000 } });
  const appender = first.sink.openAppender('target');
  scrape(appender, ['in_time'], T0);
  const stopping = first.sink.stop(1_000);
  await stopping;
  assert.equal(first.receiver.kept.length, 1, 'sent though its batch was not full');
  await first.queue.stop();

  const second = await road(t, { directory });
  second.receiver.answer = () => ({ status: 500 });
  scrape(second.sink.openAppender('target'), ['left'], T0 + 1);
  await until(second, () => second.receiver.requests.length > 0);
  const late = second.sink.stop(1_000);
  await second.clock.advance(1_000);
  await late;
  await second.queue.stop();

  const third = await road(t, { directory });
  await until(third, () => third.receiver.kept.length === 1);
  assert.deepEqual(third.receiver.kept[0], { series: '__name__=left', tMs: T0 + 1, value: 1 });
});

test('no log line contains a secret or a sample', async (t) => {
  const all = await road(t, {
    authorization: { type: 'Bearer', credentials: () => 'hush-hush' },
    headers: { 'x-key': 'quiet' },
  });
  const answers: HttpResponse[] = [{ status: 500 }, { status: 401 }, { status: 400 }];
  all.receiver.answer = () => answers.shift() ?? { status: 204 };
  const appender = all.sink.openAppender('target');
  const labels = makeLabelSet({ __name__: 'named', user: 'private_value' });
  appender.append(appender.refOf(labels), T0, 1);
  appender.commit();
  await until(all, () => all.queue.pendingItems === 0);
  assert.ok(all.lines.length >= 3);
  assert.doesNotMatch(all.lines.join('\n'), /hush|quiet|private_value/);
});

const histogram: NativeHistogram = {
  schema: 3,
  zeroThreshold: 0.001,
  zeroCount: 2,
  count: 12,
  sum: -4.5,
  isFloat: false,
  resetHint: 'reset',
  positiveSpans: [
    { offset: -5, length: 2 },
    { offset: 3, length: 1 },
  ],
  positiveCounts: [1, 7, 1],
  negativeSpans: [{ offset: 0, length: 1 }],
  negativeCounts: [1],
  customValues: [],
};
const floats = { ...histogram, isFloat: true, count: 12.5, resetHint: 'gauge' } as const;

test('native histograms, exemplars and metadata arrive unchanged where they are enabled', async (t) => {
  const metadata = { isSent: true, intervalMs: 60_000, maxPerSend: 1 };
  const all = await road(t, { sendExemplars: true, sendNativeHistograms: true, metadata });
  const got: unknown[] = [];
  all.receiver.answer = ({ body }) => {
    decodeWriteRequest(uncompress(body, 1e7), {
      series: () => undefined,
      histograms: (labels, list) => void got.push(formatLabelSet(labels), ...list),
      exemplars: (labels, list) => void got.push(formatLabelSet(labels), ...list),
      metadata: (entry) => void got.push(entry),
    });
    return { status: 204 };
  };
  const appender = all.sink.openAppender('target');
  const ref = appender.refOf(makeLabelSet({ __name__: 'rpc' }));
  const exemplar = { labels: makeLabelSet({ trace: 'x' }), value: 0.25, tMs: T0 };
  appender.setMetadata(ref, 'rpc', { type: 'histogram', help: 'calls', unit: 'seconds' });
  appender.setMetadata(ref, 'other', { type: 'gauge', help: '', unit: '' });
  appender.appendHistogram(ref, T0, histogram);
  appender.appendHistogram(ref, T0 + 1, floats);
  appender.appendExemplar(ref, exemplar);
  appender.commit();
  await until(all, () => got.length >= 6);
  assert.deepEqual(got, [
    'rpc',
    { tMs: T0, startMs: 0, isStale: false, histogram },
    'rpc',
    { tMs: T0 + 1, startMs: 0, isStale: false, histogram: floats },
    'rpc',
    exemplar,
  ]);
  assert.equal(all.metric('prometheus_remote_storage_samples_total'), 2);
  got.length = 0;
  await until(all, () => got.length >= 2, 10_000);
  assert.deepEqual(got, [
    { name: 'rpc', type: 'histogram', help: 'calls', unit: 'seconds' },
    { name: 'other', type: 'gauge', help: '', unit: '' },
  ]);
  await until(all, () => all.metric('prometheus_remote_storage_metadata_total') === 2);
});

test('what is not enabled is not sent, and a histogram left out is counted', async (t) => {
  const all = await road(t);
  const appender = all.sink.openAppender('target');
  const ref = appender.refOf(makeLabelSet({ __name__: 'rpc' }));
  appender.appendHistogram(ref, T0, histogram);
  appender.appendExemplar(ref, { labels: [], value: 1, tMs: T0 });
  appender.append(ref, T0, 5);
  appender.commit();
  await until(all, () => all.receiver.kept.length > 0);
  assert.equal(all.receiver.kept.length, 1);
  const left =
    'prometheus_remote_storage_samples_dropped_total{reason="native_histograms_not_sent"';
  assert.equal(all.metric(left.slice(0, 47)), 1);
});

test('after kill -9 in the middle of sending, every committed sample arrives', async (t) => {
  const directory = temporaryFolder(t);
  const receiver = await startReceiver(t);
  const { url } = receiver;
  const committed = await runAndKill(directory, url, () => receiver.requests.length >= 3);
  const queue = new DurableQueue(
    { name: 'next', directory, lanes: 2, capBytes: 1e9 },
    createWorld({ clock: systemClock }),
  );
  const world = createWorld({ clock: systemClock, http: openHttp(t) });
  const of = configOf(url, { queue: { shardsMin: 2, shardsMax: 2, maxItemsPerSend: 40 } });
  const sink = sinkOver(of, queue, world);
  await queue.start();
  await sink.start();
  await sink.stop(5_000);
  await queue.stop();
  assert.ok(committed > 30, `${committed} scrapes were committed`);
  const seen = new Set(receiver.kept.map(({ series, value }) => `${series} ${value}`));
  for (let i = 0; i < committed; i++) {
    for (const target of ['x', 'y']) {
      assert.ok(seen.has(`__name__=a,target=${target} ${i}`), `scrape ${i} of ${target}`);
    }
  }
  assert.ok(receiver.kept.length <= seen.size * 2, 'nothing comes more than twice');
});

test('a queue of 0.1.0 is read on from where it stopped, also with another number of lanes', async (t) => {
  const directory = temporaryFolder(t);
  cpSync(new URL('fixtures/queue-0.1.0', import.meta.url), directory, { recursive: true });
  const all = await road(t, { directory, queue: { shardsMax: 16 } });
  await until(all, () => all.queue.pendingItems === 0);
  // There were five rounds of three targets; 0.1.0 had delivered the oldest three samples of one
  // lane.
  const rounds = (target: string): number[] =>
    all.receiver.kept
      .filter(({ series }) => series === `__name__=kept,job=old,target=${target}`)
      .map(({ value }) => value);
  assert.equal(all.receiver.kept.length, 12);
  for (const target of ['a', 'b', 'c'])
    assert.deepEqual(rounds(target), [0, 1, 2, 3, 4].slice(-rounds(target).length));
  assert.equal(all.metric('prometheus_remote_storage_samples_total'), 12);
});

/**
 * Runs a collector that scrapes without end and kills it. @returns how many scrapes it had
 * committed
 */
async function runAndKill(directory: string, url: string, enough: () => boolean): Promise<number> {
  const at = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  const script = `
    import { writeSync } from 'node:fs';
    import { systemClock as clock } from ${at('../src/kernel/clock.ts')};
    import { createHttpClient } from ${at('../src/kernel/http-client.ts')};
    import { silentLogger as log } from ${at('../src/kernel/logger.ts')};
    import { Registry } from ${at('../src/kernel/metrics.ts')};
    import { makeLabelSet } from ${at('../src/model/labels.ts')};
    import { DurableQueue } from ${at('../src/queue/queue.ts')};
    import { sinkOver } from ${at('./kit/remote-write-road.ts')};
    const of = ${JSON.stringify(configOf(url, { queue: { shardsMin: 2, shardsMax: 2, maxItemsPerSend: 10 } }))};
    const world = { clock, log, metrics: new Registry(), http: createHttpClient() };
    const directory = ${JSON.stringify(directory)};
    const queue = new DurableQueue({ name: 'child', directory, lanes: 2, capBytes: 1e9 }, world);
    const sink = sinkOver(of, queue, world);
    await queue.start();
    await sink.start();
    const targets = ['x', 'y'].map((target) => {
      const appender = sink.openAppender(target);
      return { appender, ref: appender.refOf(makeLabelSet({ __name__: 'a', target })) };
    });
    for (let i = 0; ; i++) {
      for (const { appender, ref } of targets) {
        appender.append(ref, ${T0} + i, i);
        appender.commit();
      }
      writeSync(1, i + '\\n');
      await clock.sleep(1);
    }
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  const ended = new Promise((resolve) => child.once('close', resolve));
  const end = performance.now() + 10_000;
  const count = (): number => output.split('\n').length - 1;
  while (!(enough() && count() > 30) && performance.now() < end) await realSleep(5);
  child.kill('SIGKILL');
  await ended;
  return count();
}

componentContract('remote_write sink', () =>
  // The contract starts and stops the sink, for which an empty queue in memory is enough.
  sinkOver(configOf('http://127.0.0.1:9/write'), new MemoryQueue(2), createWorld()),
);

componentContract('durable queue', () => {
  const directory = temporaryFolder({ after });
  const options = { name: 'contract', directory, lanes: 2, capBytes: 1e6 };
  return new DurableQueue(options, createWorld());
});

test('a slow receiver gets more concurrent requests, and every series stays in order', async (t) => {
  let shards = 1;
  const all = await road(t, {
    queue: { shardsMax: 4, maxItemsPerSend: 5 },
    sharding: { intervalMs: 500, desired: 0, next: () => shards },
  });
  let underWay = 0;
  let most = 0;
  all.receiver.answer = async () => {
    most = Math.max(most, ++underWay);
    await realSleep(5);
    underWay -= 1;
    return { status: 204 };
  };
  const targets = Array.from({ length: 12 }, (_, i) => all.sink.openAppender(`target ${i}`));
  const scrapeAll = (round: number): void =>
    targets.forEach((appender, i) => scrape(appender, [`t${i}`], T0 + round, round));
  for (let round = 0; round < 10; round++) scrapeAll(round);
  await until(all, () => all.queue.pendingItems === 0, 20);
  assert.equal(most, 1);
  for (shards of [4, 2, 3]) {
    const before = all.receiver.kept.length;
    for (let round = 0; round < 30; round++) scrapeAll(before + round);
    await until(all, () => all.queue.pendingItems === 0, 20);
  }
  assert.ok(most > 1, `${most} at once`);
  for (let i = 0; i < 12; i++) {
    const values = all.receiver.kept
      .filter(({ series }) => series === `__name__=t${i}`)
      .map(({ value }) => value);
    assert.equal(values.length, 100);
    assert.deepEqual(
      values,
      values.toSorted((a, b) => a - b),
    );
  }
  assert.equal(all.metric('prometheus_remote_storage_shards{'), 3);
});
