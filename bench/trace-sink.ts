/**
 * The sink of traces, part by part. Figures are per 50 documents of 2 KB, a full chunk; divide by
 * 50 for the cost of a document.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bench, do_not_optimize, group } from 'mitata';
import { Load } from '../src/delivery/load.ts';
import { newDeliveryMetrics } from '../src/delivery/metrics.ts';
import { systemClock } from '../src/kernel/clock.ts';
import { silentLogger } from '../src/kernel/logger.ts';
import { Registry } from '../src/kernel/metrics.ts';
import { DurableQueue } from '../src/queue/queue.ts';
import { compressFrames, unpackBytes } from '../src/sinks/xray/chunk.ts';
import { WayIn } from '../src/sinks/xray/way-in.ts';
import { readHead } from '../src/wire/xray/document.ts';
import { FRAME_BYTES, writeFrame } from '../src/wire/xray/frames.ts';

const DOCUMENTS = 50;
const T0 = 1_700_000_000_000;

/** Documents like those of a service with four calls downstream: what differs is ids and times. */
function makeDocuments(): Buffer[] {
  let seed = 1;
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const id = (): string =>
    Math.floor(random() * 2 ** 52)
      .toString(16)
      .padStart(16, '0');
  return Array.from({ length: DOCUMENTS }, (_, i) => {
    const subsegments = Array.from({ length: 4 }, (__, call) => ({
      id: id(),
      name: 'DynamoDB',
      namespace: 'aws',
      start_time: T0 / 1_000 + random(),
      end_time: T0 / 1_000 + 1 + random(),
      aws: {
        operation: 'GetItem',
        region: 'us-east-1',
        request_id: id() + id(),
        table_name: `t${call}`,
      },
      http: { response: { status: 200, content_length: Math.floor(random() * 10_000) } },
    }));
    const segment = {
      trace_id: `1-6554f0a0-${id()}${id().slice(0, 8)}`,
      id: id(),
      name: `shop-${i % 5}`,
      start_time: T0 / 1_000 + random(),
      end_time: T0 / 1_000 + 1 + random(),
      http: {
        request: {
          method: 'GET',
          url: `https://shop.example.com/orders/${Math.floor(random() * 1e6)}`,
        },
        response: { status: 200 },
      },
      aws: { xray: { sdk: 'X-Ray for Node.js', sdk_version: '3.12.0' } },
      annotations: { customer: `c${i}`, cart: random() },
      metadata: { default: { note: id() + id() + id() + id() } },
      subsegments,
    };
    return Buffer.from(JSON.stringify(segment));
  });
}

/** Registers the benchmarks with mitata. @returns what to call when they have run */
export async function registerTraces(): Promise<() => Promise<void>> {
  const documents = makeDocuments();
  const bytes = documents.reduce((sum, { length }) => sum + FRAME_BYTES + length, 0);
  const body = Buffer.alloc(bytes);
  let at = 0;
  for (const document of documents) at = writeFrame(body, at, document, T0);
  const chunk = compressFrames(body);
  process.stdout.write(`${DOCUMENTS} documents: ${bytes} bytes raw, ${chunk.length} zstd\n`);

  const directory = mkdtempSync(join(tmpdir(), 'amperage-bench-'));
  const metrics = new Registry();
  const world = { clock: systemClock, log: silentLogger, metrics };
  const queue = new DurableQueue({ name: 'bench', directory, lanes: 8, capBytes: 64e6 }, world);
  await queue.start();
  const appender = new WayIn({
    queue,
    load: new Load(newDeliveryMetrics(metrics, 'bench')),
    onReceived: () => undefined,
    onRejected: () => undefined,
    onLeftOut: () => undefined,
    onInvalidUtf8: () => undefined,
    placeSpans: () => undefined,
    onInvalidSpans: () => undefined,
  }).open();

  group(`${DOCUMENTS} segment documents`, () => {
    bench('frame and compress a chunk', () => do_not_optimize(compressFrames(body)));
    bench('from the appender to the queue on disk', () => {
      for (const document of documents) appender.append(document, T0);
    });
    bench('uncompress and read a chunk', () => do_not_optimize(unpackBytes(chunk)));
    bench('body of a request', () => {
      const texts = documents.map((document) => document.toString());
      do_not_optimize(Buffer.from(JSON.stringify({ TraceSegmentDocuments: texts })));
    });
    bench('id, trace and name of each', () => do_not_optimize(documents.map(readHead)));
  });
  return async () => {
    await queue.stop();
    rmSync(directory, { recursive: true, force: true });
  };
}
