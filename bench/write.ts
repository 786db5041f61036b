/**
 * The writing half, part by part: encoding, snappy, the queue on disk, and from the appender to the
 * queue. Figures are per body; divide by SERIES for the cost of a sample.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bench, do_not_optimize, group } from 'mitata';
import { systemClock } from '../src/kernel/clock.ts';
import { silentLogger } from '../src/kernel/logger.ts';
import { createHttpClient } from '../src/kernel/http-client.ts';
import { Registry } from '../src/kernel/metrics.ts';
import { type LabelSet, makeLabelSet } from '../src/model/labels.ts';
import type { ChunkQueue } from '../src/model/queue.ts';
import { DurableQueue } from '../src/queue/queue.ts';
import { MESSAGE_1, METADATA_DEFAULTS } from '../src/sinks/remote-write/config.ts';
import { DELIVERY_DEFAULTS } from '../src/delivery/settings.ts';
import { Router } from '../src/routes/router.ts';
import { externalLabels } from '../src/transforms/external-labels.ts';
import { RemoteWriteSink } from '../src/sinks/remote-write/sink.ts';
import { decodeWriteRequest } from '../src/wire/remote-write/decoder.ts';
import { encodeLabels } from '../src/wire/remote-write/labels.ts';
import { WriteRequestEncoder } from '../src/wire/remote-write/encoder.ts';
import { compress, concatSnappy, uncompress } from '../src/wire/snappy.ts';

const SERIES = 1_000;
const T0 = 1_700_000_000_000;

/** Series like those of an instrumented application: a few histograms over paths. */
function makeSeries(): LabelSet[] {
  return Array.from({ length: SERIES }, (_, i) =>
    makeLabelSet({
      __name__: ['http_request_duration_seconds_bucket', 'http_requests_total'][(i >> 9) & 1] ?? '',
      instance: '10.0.3.17:9090',
      job: 'ecs-webapp',
      le: String((i % 12) / 4),
      path: `/api/v1/orders/${i % 83}`,
      status: String(200 + (i % 5)),
      taskdefinition: 'webapp-taskdef',
    }),
  );
}

/** Registers the benchmarks with mitata. @returns what to call when they have run */
export async function registerWrite(): Promise<() => Promise<void>> {
  const series = makeSeries();
  const labels = series.map(encodeLabels);
  const encoder = new WriteRequestEncoder();
  const encode = (): void => {
    encoder.truncate(0);
    for (let i = 0; i < SERIES; i++) encoder.append(labels[i]!, T0, i * 1.37);
  };
  encode();
  const body = encoder.bytes().slice();
  const block = compress(body);
  process.stdout.write(
    `${SERIES} series: ${body.length} bytes raw, ${block.length} snappy, ` +
      `${(block.length / SERIES).toFixed(1)} bytes a sample\n`,
  );

  group(`wire, ${SERIES} samples`, () => {
    bench('encode', encode);
    bench('encode labels (once a series)', () => do_not_optimize(series.map(encodeLabels)));
    bench('snappy compress', () => do_not_optimize(compress(body)));
    bench('snappy uncompress', () => do_not_optimize(uncompress(block, 1e7)));
    bench('snappy join 20 blocks', () =>
      do_not_optimize(concatSnappy(Array.from({ length: 20 }, () => block))));
    bench('decode', () => decodeWriteRequest(body, { series: () => undefined }));
  });
  return registerRoad(series, block);
}

async function registerRoad(
  series: readonly LabelSet[],
  block: Uint8Array,
): Promise<() => Promise<void>> {
  const directory = mkdtempSync(join(tmpdir(), 'amperage-bench-'));
  const http = createHttpClient();
  const world = { clock: systemClock, log: silentLogger, metrics: new Registry(), http };
  const queue = new DurableQueue({ name: 'bench', directory, lanes: 1, capBytes: 256e6 }, world);
  await queue.start();
  const chunk = {
    bytes: block,
    items: SERIES,
    rawBytes: block.length * 4,
    oldestMs: T0,
    newestMs: T0,
    lane: 0,
  };
  const limits = { maxItems: 1, maxBytes: 1e6, maxRawBytes: 1e6 };
  const signal = new AbortController().signal;
  const takeOne = async (): Promise<void> => {
    const batch = await queue.next([0], limits, 0, signal);
    if (batch !== undefined) queue.acknowledge(batch);
  };

  const nowhere: ChunkQueue = {
    lanes: 1,
    pendingItems: 0,
    append: (one) => do_not_optimize(one),
    next: () => Promise.resolve(undefined),
    acknowledge: () => undefined,
    flush: () => Promise.resolve(),
    drain: () => undefined,
  };
  const config = {
    url: 'http://127.0.0.1:9/',
    headers: {},
    message: MESSAGE_1 as typeof MESSAGE_1,
    remoteTimeoutMs: 1_000,
    sendExemplars: false,
    sendNativeHistograms: false,
    metadata: METADATA_DEFAULTS,
  };
  const parts = { id: 'remote_write/bench', name: 'bench', queue: nowhere, world, userAgent: '' };
  const { openAppender } = new RemoteWriteSink(config, DELIVERY_DEFAULTS, parts);
  const router = new Router(world.metrics);
  const transforms = [externalLabels({ cluster: 'bench' })];
  await router.apply(new Map([['bench', [{ openAppender, transforms }]]]));
  const appender = router.openAppender('bench', 'target');
  const refs = series.map((labels) => appender.refOf(labels));

  group(`road, chunks of ${SERIES} samples, ${block.length} bytes`, () => {
    bench('appender: encode, compress, commit', () => {
      for (const ref of refs) appender.append(ref, T0, ref * 1.37);
      appender.commit();
    });
    bench('queue: append, next, acknowledge', async () => {
      queue.append(chunk);
      await takeOne();
    });
  });
  return async () => {
    await queue.stop();
    await http.close();
    rmSync(directory, { recursive: true, force: true });
  };
}
