/**
 * Tortures the road from a scrape to CloudWatch Logs with real processes: `amperage collect` is
 * killed or stopped every few seconds, and the emulator's CloudWatch Logs throttles, answers 5xx,
 * cuts connections before and after it took a request, and is away for a while.
 *
 * Each target has a counter and a gauge of the same value, which come in one event: the increase
 * and the total. So what is kept is judged by itself: the increase of each event is the difference
 * of its total and that of the event before. Where an event is lost, or an increase is sent twice,
 * the sums differ. Events that came twice, because an answer was lost or a process was killed
 * before it noted one, are the same to the last byte, and are counted.
 *
 * With `--disk-full` the disk also takes nothing for a while (a limit on the size of files, which
 * `prlimit` sets and lifts). The process lives on until the disk takes writes again: what it has
 * sent meanwhile would else be counted twice, which docs/cloudwatch.md says.
 *
 *     npm run torture:emf -- [seconds] [--disk-full]
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startEmulatedAws } from '../kit/emulated-aws.ts';
import { freePort, MAIN } from '../kit/processes.ts';
import { makeRandom } from '../kit/random.ts';

const TARGETS = 5;
const SCRAPE_INTERVAL = '200ms';
const CALM_MS = 60_000;
/** On a busy machine a process takes long to start. */
const START_MS = 120_000;
const DROPPED = 'amperage_sink_items_dropped_total';
const PENDING = 'queue_pending_items';

const FAULTS = [
  { action: 'PutLogEvents', code: 'ThrottlingException', share: 0.1 },
  { action: 'PutLogEvents', code: 'ServiceUnavailableException', status: 503, share: 0.1 },
  { action: 'PutLogEvents', how: 'reset', share: 0.1 },
  { action: 'PutLogEvents', how: 'half', share: 0.1 },
  { action: 'CreateLogGroup', code: 'OperationAbortedException', share: 0.5 },
  { action: 'CreateLogStream', how: 'half', share: 0.3 },
] as const;
const AWAY = [{ action: '*', how: 'reset', share: 1 }] as const;

export interface EmfTortureResult {
  readonly kills: number;
  readonly stops: number;
  readonly outages: number;
  /** How often the disk was full. */
  readonly full: number;
  /** Different events that were kept. */
  readonly events: number;
  readonly repeated: number;
  /** What the counters of all targets rose by, from the first kept event to the last. */
  readonly counted: number;
  /** The sum of the increases in events. */
  readonly sent: number;
  /** Events whose increase is not the difference to the one before. */
  readonly gaps: number;
  /** What no event holds, and no counter of losses names. */
  readonly lost: number;
  /** Items that the processes gave up. */
  readonly dropped: number;
  /** By how much the last kept totals are behind what the targets told before the last stop. */
  readonly behind: number;
}

interface Kept {
  readonly total: number;
  readonly increase: number | undefined;
  readonly tMs: number;
}

export async function tortureEmf(
  seconds: number,
  { seed = 11, fillsDisk = false } = {},
): Promise<EmfTortureResult> {
  const random = makeRandom(seed);
  const aws = await startEmulatedAws();
  const folder = mkdtempSync(path.join(tmpdir(), 'amperage-emf-torture-'));
  const totals = new Array<number>(TARGETS).fill(1_000);
  const { server, port } = await serveTargets(totals, random);
  const texts = new Set<string>();
  let repeated = 0;
  aws.account.logs.onEvent = ({ timestampMs, message }) => {
    const text = `${timestampMs} ${message}`;
    if (texts.has(text)) repeated += 1;
    texts.add(text);
  };
  writeConfig(folder, port, aws.url);
  const setFaults = (faults: readonly object[]): void => {
    aws.cloud.trouble.set({ faults });
  };
  let [kills, stops, outages, full, dropped] = [0, 0, 0, 0, 0];
  const lives: Life[] = [];
  let told: number[] = [];
  try {
    let life = await start(folder, aws.credentials);
    lives.push(life);
    const endAt = performance.now() + seconds * 1_000;
    while (performance.now() < endAt) {
      const isAway = random() < 0.3;
      if (isAway) outages += 1;
      setFaults(isAway ? AWAY : FAULTS);
      await sleep(1_500 + random() * 2_500);
      const isFull = fillsDisk && (full === 0 || random() < 0.7);
      if (isFull) {
        full += 1;
        limitFiles(life.child, random() < 0.5 ? '0' : '20000');
        await sleep(1_000 + random() * 2_000);
        limitFiles(life.child, 'unlimited');
        // The queue tries the disk again once a second.
        await sleep(2_500);
      }
      dropped += await readSum(life.web, DROPPED);
      const isKill = kills === 0 || random() < 0.7;
      life.child.kill(isKill ? 'SIGKILL' : 'SIGTERM');
      await life.ended;
      if (isKill) kills += 1;
      else stops += 1;
      life = await start(folder, aws.credentials);
      lives.push(life);
    }
    setFaults([]);
    await sleep(1_000);
    told = [...totals];
    await sleep(1_000);
    const calmEnd = performance.now() + CALM_MS;
    while (performance.now() < calmEnd && (await readSum(life.web, PENDING)) > 0) await sleep(100);
    dropped += await readSum(life.web, DROPPED);
    life.child.kill('SIGTERM');
    await life.ended;
  } finally {
    for (const { child } of lives) child.kill('SIGKILL');
    server.closeAllConnections();
    server.close();
    await aws.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
  return { kills, stops, outages, full, repeated, dropped, ...judge(texts, told) };
}

/** Judges the different events that were kept. @param told  totals that must have come */
function judge(texts: ReadonlySet<string>, told: readonly number[]) {
  const byTarget = new Map<string, Kept[]>();
  for (const text of texts) {
    const mark = text.indexOf(' ');
    const event = JSON.parse(text.slice(mark + 1)) as Record<string, unknown>;
    const total = event['torture_now'];
    if (typeof total !== 'number') continue;
    const job = String(event['job']);
    const own = byTarget.get(job) ?? [];
    byTarget.set(job, own);
    const increase = event['torture_total'] as number | undefined;
    own.push({ total, increase, tMs: Number(text.slice(0, mark)) });
  }
  let [counted, sent, gaps, behind, events] = [0, 0, 0, 0, 0];
  for (const [job, own] of byTarget) {
    own.sort((a, b) => a.tMs - b.tMs);
    events += own.length;
    for (const [index, { total, increase }] of own.entries()) {
      const before = own[index - 1];
      if (before === undefined) continue;
      counted += total - before.total;
      sent += increase ?? 0;
      if (increase !== total - before.total) gaps += 1;
    }
    behind += Math.max(0, (told[Number(job)] ?? 0) - (own.at(-1)?.total ?? 0));
  }
  return { events, counted, sent, gaps, lost: Math.abs(counted - sent), behind };
}

/** Counters that rise at each reading, target 0 on /0 and so on. */
async function serveTargets(
  totals: number[],
  random: () => number,
): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    const index = Number((request.url ?? '').slice(1));
    totals[index] = (totals[index] ?? 0) + 1 + Math.floor(random() * 9);
    const value = totals[index];
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
    response.end(
      `# TYPE torture_total counter\ntorture_total ${value}\n` +
        `# TYPE torture_now gauge\ntorture_now ${value}\n`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

function writeConfig(folder: string, targetPort: number, endpoint: string): void {
  const jobs = Array.from({ length: TARGETS }, (_, index) => ({
    job_name: String(index),
    metrics_path: `/${index}`,
    static_configs: [{ targets: [`127.0.0.1:${targetPort}`] }],
  }));
  const entry = {
    endpoint,
    region: 'us-east-1',
    local_mode: true,
    log_group_name: '/torture/{job}',
    log_stream_name: 'one',
    log_retention: 7,
    queue_config: { batch_send_deadline: '200ms', max_backoff: '300ms' },
  };
  const config = {
    global: { scrape_interval: SCRAPE_INTERVAL },
    scrape_configs: jobs,
    emf_write: [entry],
  };
  writeFileSync(path.join(folder, 'prometheus.yml'), JSON.stringify(config));
}

interface Life {
  readonly child: ChildProcess;
  readonly web: string;
  readonly ended: Promise<unknown>;
}

async function start(
  folder: string,
  credentials: { accessKeyId: string; secretAccessKey: string },
): Promise<Life> {
  const port = await freePort();
  const flags = ['--config.file', path.join(folder, 'prometheus.yml'), '--log.level', 'error'];
  flags.push('--storage.path', path.join(folder, 'queue'));
  flags.push('--web.listen-address', `127.0.0.1:${port}`);
  // A write beyond the limit is an error, and no signal that ends the process.
  const command = ['-c', 'trap "" XFSZ; exec "$@"', 'sh', process.execPath, MAIN, 'collect'];
  const child = spawn('sh', [...command, ...flags], {
    stdio: 'ignore',
    env: {
      ...process.env,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const web = `http://127.0.0.1:${port}`;
  const endAt = performance.now() + START_MS;
  while ((await fetch(`${web}/-/ready`).catch(() => undefined))?.status !== 200) {
    if (performance.now() > endAt || child.exitCode !== null) {
      child.kill('SIGKILL');
      throw new Error('amperage collect does not start');
    }
    await sleep(50);
  }
  return { child, web, ended };
}

/** Limits the size of files from now on: a write beyond it fails, as on a disk that is full. */
function limitFiles({ pid }: ChildProcess, bytes: string): void {
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`]);
}

async function readSum(url: string, metric: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`${metric}{`));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (import.meta.main) {
  const [seconds = '60'] = process.argv.slice(2).filter((one) => !one.startsWith('--'));
  const fillsDisk = process.argv.includes('--disk-full');
  const result = await tortureEmf(Number(seconds), { fillsDisk });
  console.log(JSON.stringify(result, undefined, 2));
  console.log(`counted by targets − sent = ${result.lost}`);
  if (result.lost !== 0 || result.gaps !== 0 || result.behind !== 0) process.exitCode = 1;
}
