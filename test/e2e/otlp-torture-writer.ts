/**
 * The process that otlp-torture.ts kills: an otlp_write over a durable queue, into which numbered
 * points and spans are committed. A number is printed when its commit has returned.
 *
 *     node otlp-torture-writer.ts FOLDER ENDPOINT PROTOCOL FIRST
 */
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/kernel/clock.ts';
import { createHttpClient } from '../../src/kernel/http-client.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { Registry } from '../../src/kernel/metrics.ts';
import { makeLabelSet } from '../../src/model/labels.ts';
import { DurableQueue } from '../../src/queue/queue.ts';
import { otlpSchema } from '../../src/sinks/otlp/schema.ts';
import { resolveOtlp } from '../../src/sinks/otlp/resolve.ts';
import { OtlpSink } from '../../src/sinks/otlp/sink.ts';
import { TRACE_REQUEST } from '../../src/wire/otlp/trace-request.ts';
import { encodeMessage } from '../../src/wire/protobuf/encode.ts';

const TICK_MS = 2;

const [directory = '', endpoint = '', protocol = '', first = '0'] = process.argv.slice(2);
const report = {
  error: (_: unknown, code: string, message: string) => {
    throw new Error(`${code} ${message}`);
  },
  warn: () => undefined,
  lacks: () => undefined,
  positionOf: () => '',
};
const { settings, delivery } = resolveOtlp(
  otlpSchema.parse({
    endpoint,
    protocol,
    request_timeout: '1s',
    queue_config: { batch_send_deadline: '20ms', max_backoff: '100ms', max_points_per_send: 50 },
  }),
  { report, path: [], baseDirectory: '/', env: {} },
);
const world = {
  clock: systemClock,
  log: silentLogger,
  metrics: new Registry(),
  http: createHttpClient(),
};
const queue = new DurableQueue(
  { name: 'torture', directory, lanes: delivery.shardsMax, capBytes: 1e9 },
  world,
);
await queue.start();
const parts = { id: 'otlp/torture', name: 'torture', queue, world, userAgent: 'amperage/test' };
const sink = new OtlpSink(settings, delivery, parts);
await sink.start();
const metrics = sink.openAppender?.('target');
const traces = sink.openTraces?.();
const ref = metrics?.refOf(makeLabelSet({ __name__: 'number' })) ?? 0;

const ending = new AbortController();
process.on('SIGTERM', () => ending.abort());
for (let number = Number(first); !ending.signal.aborted; number++) {
  if (number % 2 === 0) {
    metrics?.append(ref, Date.now(), number);
    metrics?.commit();
  } else {
    traces?.append(Buffer.from(makeDocument(number)), Date.now());
    traces?.commit();
  }
  // What is printed is committed; a commit that is not printed before a kill may be there too.
  writeSync(1, `${number}\n`);
  await sleep(TICK_MS);
}
while (queue.pendingItems > 0) await sleep(20);
await sink.stop(1_000);
await queue.stop();
process.exit(0);

function makeDocument(number: number): string {
  const request = encodeMessage(TRACE_REQUEST, {
    resourceSpans: [
      { resource: { attributes: [] }, scopeSpans: [{ spans: [{ name: `n${number}` }] }] },
    ],
  } as never);
  return `T1S${Buffer.from(request).toString('base64')}`;
}
