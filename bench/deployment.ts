/**
 * Replaces all targets of a job at once, as a deployment does. For growing counts it prints how
 * long the real ScrapeManager takes to go over to the new targets, the longest turn of the event
 * loop meanwhile, and the longest turn later, while the series of the old targets end. There are no
 * sockets and the appender does nothing, so only the book-keeping is measured. `node
 * bench/deployment.ts [counts …]`
 */
import { systemClock } from '../src/kernel/clock.ts';
import type { HttpClient } from '../src/kernel/http-client.ts';
import { silentLogger } from '../src/kernel/logger.ts';
import { Registry } from '../src/kernel/metrics.ts';
import type { Appender } from '../src/model/sample.ts';
import type { TargetGroup } from '../src/model/target.ts';
import { makeScrapeConfig } from '../src/scrape/config.ts';
import { ScrapeManager } from '../src/scrape/manager.ts';

const COUNTS = [1_000, 2_000, 4_000, 8_000, 16_000];
const INTERVAL_MS = 10_000;
const BODY = Buffer.from('# TYPE a counter\na{code="200"} 1\nb 2\nc 3\n');

const http: HttpClient = {
  send: async () => ({ status: 200, headers: { 'content-type': 'text/plain' }, body: BODY }),
  close: async () => undefined,
};

const nothing = (): void => undefined;

function makeEmptyAppender(onClose: () => void): Appender {
  let refs = 0;
  return {
    refOf: () => refs++,
    append: nothing,
    appendStale: nothing,
    appendHistogram: nothing,
    appendExemplar: nothing,
    setMetadata: nothing,
    setCreated: nothing,
    forget: nothing,
    commit: nothing,
    rollback: nothing,
    close: onClose,
  };
}

function makeGroups(count: number, generation: number): TargetGroup[] {
  return Array.from({ length: count }, (_, i) => ({
    source: String(i),
    labels: { __meta_task: `arn:aws:ecs:eu-west-1:123456789012:task/web/${generation}${i}` },
    targets: [{ __address__: `10.${generation}.${i >> 8}.${i & 255}:9100`, service: `s${i % 50}` }],
  }));
}

interface Longest {
  wallMs: number;
  /** CPU time of this thread, which does not count time that other processes took from it. */
  cpuMs: number;
}

/** The longest turn of the event loop until `isDone`, by wall time and by CPU time. */
function measureLongestTurn(isDone: () => boolean): Promise<Longest> {
  return new Promise((resolve) => {
    const longest: Longest = { wallMs: 0, cpuMs: 0 };
    let atMs = performance.now();
    let cpuAtMs = readCpuMs();
    const turn = (): void => {
      const [nowMs, cpuNowMs] = [performance.now(), readCpuMs()];
      longest.wallMs = Math.max(longest.wallMs, nowMs - atMs);
      longest.cpuMs = Math.max(longest.cpuMs, cpuNowMs - cpuAtMs);
      [atMs, cpuAtMs] = [nowMs, cpuNowMs];
      if (isDone()) resolve(longest);
      else setImmediate(turn);
    };
    setImmediate(turn);
  });
}

function readCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

function formatTurn({ wallMs, cpuMs }: Longest): string {
  return `${Math.round(wallMs)} (${Math.round(cpuMs)})`;
}

async function deploy(count: number): Promise<Record<string, number | string>> {
  let opened = 0;
  let closed = 0;
  const manager = new ScrapeManager({
    world: { clock: systemClock, http, metrics: new Registry(), log: silentLogger },
    userAgent: 'bench',
    openAppender: () => {
      opened += 1;
      return { ...makeEmptyAppender(() => void (closed += 1)), generation: 0, renew: (ref) => ref };
    },
  });
  const config = makeScrapeConfig({
    jobName: 'web',
    scrapeIntervalMs: INTERVAL_MS,
    scrapeTimeoutMs: INTERVAL_MS,
  });
  await manager.start();
  await manager.apply([config]);
  manager.update('web', makeGroups(count, 1));
  const settledAt = performance.now() + INTERVAL_MS;
  await measureLongestTurn(() => opened >= count && performance.now() > settledAt);
  const next = makeGroups(count, 2);

  const startedAt = performance.now();
  const deployed = measureLongestTurn(() => opened >= 2 * count);
  manager.update('web', next);
  const during = await deployed;
  const totalMs = performance.now() - startedAt;
  const firstAt = performance.now() + INTERVAL_MS;
  const first = await measureLongestTurn(() => performance.now() > firstAt);
  const later = await measureLongestTurn(() => closed >= count);
  const stopped = measureLongestTurn(() => closed >= 2 * count);
  await manager.stop(1_000);
  const atStop = await stopped;
  return {
    'targets replaced': count,
    'total ms': Math.round(totalMs),
    'longest turn ms (CPU)': formatTurn(during),
    'first scrapes': formatTurn(first),
    'the old ones end': formatTurn(later),
    stop: formatTurn(atStop),
  };
}

const counts = process.argv.slice(2).map(Number);
await deploy(500);
const rows: Record<string, number | string>[] = [];
for (const count of counts.length > 0 ? counts : COUNTS) rows.push(await deploy(count));
console.table(rows);
