/**
 * The measured process of traces.ts: receiver, queue and sink as a collector composes them. It says
 * its port, and on each message what it has counted; on "stop" it drains and says it again.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/kernel/clock.ts';
import { createHttpClient } from '../src/kernel/http-client.ts';
import { createLogger } from '../src/kernel/logger.ts';
import { Registry } from '../src/kernel/metrics.ts';
import { DELIVERY_DEFAULTS } from '../src/delivery/settings.ts';
import { DurableQueue } from '../src/queue/queue.ts';
import { XraySink } from '../src/sinks/xray/sink.ts';
import { TraceReceiver } from '../src/xray/receiver.ts';

const LANES = 8;
const [endpoint = '', socketBufferBytes = '4194304', stallMs = '0'] = process.argv.slice(2);

const metrics = new Registry();
const http = createHttpClient();
const world = { clock: systemClock, log: createLogger({ level: 'error' }), metrics, http };
const directory = mkdtempSync(join(tmpdir(), 'amperage-bench-traces-'));
const queue = new DurableQueue({ name: 'bench', directory, lanes: LANES, capBytes: 2e9 }, world);
const sink = new XraySink(
  {
    access: {
      service: 'xray',
      endpoint,
      region: 'us-east-1',
      credentials: { accessKey: 'AKIABENCH', secretKey: 'bench' },
    },
    timeoutMs: 30_000,
    logGroups: [],
    spans: { form: 'documents', indexing: { all: false, attributes: [] } },
    telemetry: { isSent: false, asksMetadata: false },
  },
  { ...DELIVERY_DEFAULTS, maxItemsPerSend: 50, batchSendDeadlineMs: 1_000, shardsMax: LANES },
  { id: 'xray_write/bench', name: 'bench', queue, world, userAgent: 'bench' },
);
const receiver = new TraceReceiver(
  { id: 'awsxray', listen: '127.0.0.1:0', socketBufferBytes: Number(socketBufferBytes) },
  { world, appender: sink.openTraces() },
);

function sum(name: string): number {
  const samples = metrics.families().find((family) => family.name === name)?.samples ?? [];
  return samples.reduce((total, { value }) => total + value, 0);
}

function tell(): void {
  const { user, system } = process.cpuUsage();
  process.send?.({
    received: sum('amperage_xray_datagrams_received_total'),
    dropped:
      sum('amperage_xray_documents_dropped_total') + sum('amperage_sink_items_dropped_total'),
    kernelDrops: sum('amperage_xray_kernel_drops_total'),
    bufferBytes: sum('amperage_xray_receive_buffer_bytes'),
    pending: queue.pendingItems,
    cpuSeconds: (user + system) / 1e6,
    rssBytes: process.memoryUsage().rss,
    peakBytes: process.resourceUsage().maxRSS * 1_024,
  });
}

async function stop(): Promise<void> {
  await receiver.stop(5_000);
  await sink.stop(20_000);
  await queue.stop();
  tell();
  await http.close();
  rmSync(directory, { recursive: true, force: true });
  process.disconnect?.();
}

await queue.start();
await sink.start();
await receiver.start();
process.on('message', (message) => (message === 'stop' ? void stop() : tell()));
process.send?.({ port: receiver.port });

/** Stands still twice a second, as a main thread does that scrapes large bodies. */
function stall(): void {
  const endMs = performance.now() + Number(stallMs);
  while (performance.now() < endMs);
}
if (Number(stallMs) > 0) setInterval(stall, 500).unref();
