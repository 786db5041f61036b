/**
 * How long sinks and their queue hold the event loop: `npm run bench:sink-turns`. Prints the
 * longest turn and all of them, in CPU time of the thread, for the first commits of a scrape with
 * 200,000 series in the sinks that assemble metrics, with a queue on disk, and for the start of a
 * queue with 100,000 chunks. The first commit runs cold code and has all counters anew.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Load } from '../src/delivery/load.ts';
import { newDeliveryMetrics } from '../src/delivery/metrics.ts';
import { systemClock } from '../src/kernel/clock.ts';
import { silentLogger } from '../src/kernel/logger.ts';
import { Registry } from '../src/kernel/metrics.ts';
import { makeLabelSet } from '../src/model/labels.ts';
import { type Appender, commitInSlices, type SeriesRef } from '../src/model/sample.ts';
import { DurableQueue } from '../src/queue/queue.ts';
import { silentReporter } from '../src/settings/finding.ts';
import { MetricsAppender } from '../src/sinks/assembly/appender.ts';
import { makeEventMaker } from '../src/sinks/emf/events.ts';
import { newEmfMetrics } from '../src/sinks/emf/metrics.ts';
import { emfSchema, resolveEmf } from '../src/sinks/emf/schema.ts';
import { EmfWayIn } from '../src/sinks/emf/way-in.ts';
import { takeMetrics } from '../src/sinks/otlp/metrics-in.ts';
import { OtlpWayIn } from '../src/sinks/otlp/way-in.ts';

const SERIES = 200_000;
const COMMITS = 4;
const CHUNKS = 100_000;
const BOUNDS = ['0.1', '0.5', '1', '2.5', '5', '10', '25', '+Inf'];
/** Series of a histogram: its bounds, _sum and _count. */
const PARTS = BOUNDS.length + 2;

const directory = mkdtempSync(path.join(tmpdir(), 'amperage-sink-turns-'));
const metrics = new Registry();
const world = { clock: systemClock, log: silentLogger, metrics };
const load = new Load(newDeliveryMetrics(metrics, 'bench'));

function openQueue(name: string): DurableQueue {
  return new DurableQueue(
    {
      name,
      directory: path.join(directory, name),
      lanes: 4,
      capBytes: 2 ** 30,
    },
    world,
  );
}

/** Half of the series are counters and gauges, half those of histograms. */
function openSeries(appender: Appender): SeriesRef[] {
  const refs: SeriesRef[] = [];
  const resource = makeLabelSet({ job: 'bench', instance: '10.0.3.17:9100' });
  const add = (
    whole: string,
    name: string,
    type: 'counter' | 'histogram',
    labels: object,
  ): void => {
    const set = makeLabelSet({ __name__: whole, ...labels });
    refs.push(appender.refOf(set, { family: { name, type, unit: '' }, resource }));
  };
  for (let i = 0; i < SERIES / 2; i++)
    add(`requests_${i % 50}_total`, `requests_${i % 50}_total`, 'counter', {
      path: `/orders/${i}`,
    });
  for (let i = 0; i < SERIES / 2 / PARTS; i++) {
    const labels = { path: `/orders/${i}` };
    for (const le of BOUNDS) add('duration_bucket', 'duration', 'histogram', { ...labels, le });
    add('duration_sum', 'duration', 'histogram', labels);
    add('duration_count', 'duration', 'histogram', labels);
  }
  return refs;
}

/** CPU time of this thread so far, in ms. */
function readCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

async function measureCommits(what: string, appender: Appender): Promise<void> {
  const refs = openSeries(appender);
  for (let commit = 1; commit <= COMMITS; commit++) {
    const tMs = Date.now();
    for (const [i, ref] of refs.entries()) appender.append(ref, tMs, commit * i);
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
    let longest = 0;
    let slices = 0;
    const startMs = readCpuMs();
    let lastMs = startMs;
    for (const _ of commitInSlices(appender, true)) {
      const nowMs = readCpuMs();
      longest = Math.max(longest, nowMs - lastMs);
      slices += 1;
      await new Promise((resolve) => setImmediate(resolve));
      lastMs = readCpuMs();
    }
    const endMs = readCpuMs();
    longest = Math.max(longest, endMs - lastMs);
    rows.push({
      what,
      commit,
      slices: slices + 1,
      'longest, CPU ms': Math.round(longest),
      'all, CPU ms': Math.round(endMs - startMs),
    });
  }
  appender.close();
}

/** The longest turn while `act` runs, and all of them. */
async function watchTurns(act: () => Promise<void>): Promise<{ longest: number; all: number }> {
  let longest = 0;
  let isDone = false;
  const startMs = readCpuMs();
  let lastMs = startMs;
  const tick = (): void => {
    const nowMs = readCpuMs();
    longest = Math.max(longest, nowMs - lastMs);
    lastMs = nowMs;
    if (!isDone) setImmediate(tick);
  };
  setImmediate(tick);
  await act();
  tick();
  isDone = true;
  return { longest, all: readCpuMs() - startMs };
}

/** Fills a queue, and starts another one over it. */
async function measureStart(): Promise<void> {
  const first = openQueue('start');
  await first.start();
  const bytes = Buffer.alloc(1_000, 'x');
  const times = { oldestMs: 1, newestMs: 2 };
  for (let i = 0; i < CHUNKS; i++)
    first.append({ bytes, items: 100, rawBytes: 2_000, lane: i, ...times });
  await first.stop();
  const second = openQueue('start');
  const { longest, all } = await watchTurns(() => second.start());
  rows.push({
    what: 'start of a queue',
    'longest, CPU ms': Math.round(longest),
    'all, CPU ms': Math.round(all),
  });
  await second.stop();
}

const rows: Record<string, string | number>[] = [];
try {
  const otlp = openQueue('otlp');
  await otlp.start();
  const limits = {
    maxItems: { metrics: 8_192, traces: 8_192 },
    maxBytes: 4 * 1024 * 1024,
    onLeftOut: () => undefined,
  };
  const otlpIn = new OtlpWayIn({ queue: otlp, load, ...limits });
  const scope = { name: 'bench', version: '1' };
  await measureCommits('OTLP', new MetricsAppender(takeMetrics(otlpIn, 'target', scope)));
  await otlp.stop();

  const emf = openQueue('emf');
  await emf.start();
  const { settings } = resolveEmf(emfSchema.parse({ region: 'us-east-1', namespace: 'bench' }), {
    path: [],
    baseDirectory: '/',
    report: silentReporter,
    env: {},
  });
  const emfIn = new EmfWayIn({
    queue: emf,
    load,
    clock: systemClock,
    log: silentLogger,
    metrics: newEmfMetrics(metrics, 'emf'),
    makeEvents: makeEventMaker(settings, {
      onLeftOut: () => undefined,
      onUnfilled: () => undefined,
      warn: () => undefined,
    }),
    retainsInitialValue: true,
    onMetric: () => undefined,
  });
  await emfIn.resume(path.join(directory, 'emf'));
  await measureCommits('EMF', emfIn.open('target'));
  await emfIn.close();
  await emf.stop();
  await measureStart();
} finally {
  rmSync(directory, { recursive: true, force: true });
}
console.table(rows);
