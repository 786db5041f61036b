/**
 * 1,000 targets of 100 series scraped each second, beside a hostile target whose exposition never
 * ends, comes in drips and is never the same. Prints how late scrapes began, how many were left
 * out, and CPU and memory of the collector. Targets and collector are separate processes. `node
 * bench/schedule.ts [seconds]`
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

const TARGETS = 1_000;
const SERIES = 100;
const WARM_UP_MS = 8_000;
const CLOCK_TICKS = 100;

/** Targets and sink, in a process of their own, so that serving does not disturb scraping. */
async function serve(): Promise<void> {
  const arrivals = new Map<string, number[]>();
  let visit = 0;
  const page = (value: number): string => {
    let text = '# TYPE metric counter\n';
    for (let i = 0; i < SERIES; i++) text += `metric{code="200",index="${i}"} ${value + i}\n`;
    return text;
  };
  const server = createServer((request, response) => {
    const url = request.url ?? '';
    if (url === '/worst') {
      dripForever(response, visit++);
      return;
    }
    if (url === '/write') {
      request.resume().once('end', () => response.writeHead(204).end());
      return;
    }
    const list = arrivals.get(url) ?? [];
    arrivals.set(url, list);
    list.push(Date.now());
    response.end(page(list.length));
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.send?.((server.address() as AddressInfo).port);
  process.on('message', () => process.send?.([...arrivals.values()]));
}

/** Answers with an exposition that never ends and has new series at every visit. */
function dripForever(response: ServerResponse, visit: number): void {
  let line = 0;
  const timer = setInterval(() => {
    let text = '';
    for (let i = 0; i < 200; i++) text += `bad_${visit}_${line++}{v="${Math.random()}"} 1\n`;
    response.write(text);
  }, 1);
  response.once('close', () => clearInterval(timer));
}

function readMessage<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve) => child.once('message', (value) => resolve(value as T)));
}

/** Reads CPU seconds so far and resident bytes from /proc. */
function readUsage(pid: number): { cpuSeconds: number; residentBytes: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const ticks = Number(stat[11]) + Number(stat[12]);
  return { cpuSeconds: ticks / CLOCK_TICKS, residentBytes: Number(stat[21]) * 4_096 };
}

async function run(seconds: number): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'amperage-schedule-'));
  const targets = spawn(process.execPath, [import.meta.filename, 'serve'], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const port = await readMessage<number>(targets);
  const list = Array.from({ length: TARGETS }, (_, i) => ({
    targets: [`127.0.0.1:${port}`],
    labels: { __metrics_path__: `/t${i}`, instance: `t${i}` },
  }));
  writeFileSync(path.join(folder, 'targets.json'), JSON.stringify(list));
  writeFileSync(
    path.join(folder, 'prometheus.yml'),
    `global: { scrape_interval: 1s, scrape_timeout: 900ms }
scrape_configs:
  - { job_name: good, file_sd_configs: [{ files: [targets.json] }] }
  - { job_name: worst, metrics_path: /worst, static_configs: [{ targets: ['127.0.0.1:${port}'] }] }
remote_write: [{ url: 'http://127.0.0.1:${port}/write' }]
`,
  );
  const main = path.resolve(import.meta.dirname, '../src/main.ts');
  const flags = ['--config.file', path.join(folder, 'prometheus.yml')];
  flags.push('--storage.path', path.join(folder, 'queue'), '--web.listen-address', '127.0.0.1:0');
  const collector = spawn(process.execPath, [main, 'collect', '--log.level', 'error', ...flags], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
  const before = readUsage(collector.pid ?? 0);
  const fromMs = Date.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  const toMs = Date.now();
  const after = readUsage(collector.pid ?? 0);
  targets.send('tell');
  const arrivals = await readMessage<number[][]>(targets);
  const ended = new Promise((resolve) => collector.once('exit', resolve));
  collector.kill('SIGTERM');
  await ended;
  targets.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  printReport(arrivals, fromMs, toMs, {
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    residentBytes: after.residentBytes,
  });
}

function printReport(
  arrivals: readonly (readonly number[])[],
  fromMs: number,
  toMs: number,
  usage: { cpuSeconds: number; residentBytes: number },
): void {
  const late: number[] = [];
  let scrapes = 0;
  for (const times of arrivals) {
    const seen = times.filter((time) => time >= fromMs && time < toMs);
    scrapes += seen.length;
    // A target's offset in the second is taken from its earliest arrivals (the first tenth); an
    // arrival after that is late by the difference.
    const phases = seen.map((time) => time % 1_000).toSorted((a, b) => a - b);
    const offsetMs = phases[Math.floor(phases.length / 10)] ?? 0;
    for (const time of seen) late.push(((time - offsetMs + 1_500) % 1_000) - 500);
  }
  const sorted = late.map((ms) => Math.max(0, ms)).toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;
  const expected = (TARGETS * (toMs - fromMs)) / 1_000;
  console.table({
    targets: TARGETS,
    'series a target': SERIES,
    'scrapes wanted': Math.round(expected),
    'scrapes done': scrapes,
    'late p50 ms': at(0.5),
    'late p99 ms': at(0.99),
    'late max ms': at(1),
    'CPU of the collector, cores': Number(
      (usage.cpuSeconds / ((toMs - fromMs) / 1_000)).toFixed(2),
    ),
    'resident MB': Math.round(usage.residentBytes / 1e6),
  });
}

if (process.argv[2] === 'serve') await serve();
else await run(Number(process.argv[2] ?? 20));
