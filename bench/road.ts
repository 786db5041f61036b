/**
 * The whole road beside its peers: our collector, Prometheus in agent mode and vmagent get the same
 * targets and the same sink (road-load.ts), by turns in one run, each as a process of its own.
 * Prints the median of each figure for each load (road-pages.ts): CPU seconds for a million
 * samples, memory, bytes of a sample on the wire; and our figures as shares of each peer's.
 *
 *     node bench/road.ts [--load stable|flicker|churn] [--runs 3] [--seconds 30] [--warm-up 15]
 *                        [--gzip] [--only amperage] [--targets 50 --series 2000] [--interval 1]
 *     node bench/road.ts --curve    10, 100 and 1,000 targets, 1,000 to a million series in all
 *     node bench/road.ts --load churn --warm-up 24 --seconds 216    an hour of churn, of which a
 *                        tenth is warm-up, told in scrapes 15 s apart that come each second
 *
 * Ours runs in the environment of its image (image-environment.ts). Peers are looked up as tests do
 * (test/kit/peers.ts).
 */
import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { peer } from '../test/kit/peers.ts';
import { readImageEnvironment } from './image-environment.ts';
import { captureAll, type Orders, type Received, type Scenario, targetPaths } from './road-load.ts';
import { type Load, LOADS } from './road-pages.ts';

const root = path.resolve(import.meta.dirname, '..');
const CLOCK_TICKS = 100;
const PAGE_BYTES = 4_096;

interface Contestant {
  readonly name: string;
  readonly file: string;
  readonly env?: Readonly<Record<string, string>>;
  flags(folder: string, sink: string): readonly string[];
}

function listContestants(): Contestant[] {
  const main = path.join(root, 'dist/main.js');
  const config = (folder: string): string => path.join(folder, 'prometheus.yml');
  const all: (Omit<Contestant, 'file'> & { file: string | undefined })[] = [
    {
      name: 'amperage collect',
      file: process.execPath,
      env: readImageEnvironment(),
      flags: (folder) => [
        main,
        'collect',
        '--log.level',
        'error',
        '--config.file',
        config(folder),
        '--storage.path',
        path.join(folder, 'data'),
        '--web.listen-address',
        '127.0.0.1:0',
      ],
    },
    {
      name: 'prometheus --agent',
      file: peer('prometheus'),
      flags: (folder) => [
        '--agent',
        '--log.level=error',
        `--config.file=${config(folder)}`,
        `--storage.agent.path=${path.join(folder, 'data')}`,
        '--web.listen-address=127.0.0.1:0',
      ],
    },
    {
      name: 'vmagent',
      file: peer('vmagent'),
      flags: (folder, sink) => [
        `-promscrape.config=${path.join(folder, 'scrape.yml')}`,
        `-remoteWrite.url=${sink}`,
        '-remoteWrite.forcePromProto',
        `-remoteWrite.tmpDataPath=${path.join(folder, 'data')}`,
        '-httpListenAddr=127.0.0.1:0',
        '-loggerLevel=ERROR',
      ],
    },
  ];
  return all.flatMap(({ file, ...rest }) => (file === undefined ? [] : [{ ...rest, file }]));
}

/** Reads from /proc: CPU seconds so far, resident bytes, and their peak. */
function readUsage(pid: number): { cpuSeconds: number; peakBytes: number; residentBytes: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const peakKb = Number(
    /VmHWM:\s+(\d+)/.exec(status)?.[1] ?? Number(stat[21]) * (PAGE_BYTES / 1_024),
  );
  return {
    cpuSeconds: (Number(stat[11]) + Number(stat[12])) / CLOCK_TICKS,
    peakBytes: peakKb * 1_024,
    residentBytes: Number(stat[21]) * PAGE_BYTES,
  };
}

function measureFolderBytes(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => {
      const file = statSync(path.join(entry.parentPath, entry.name), { throwIfNoEntry: false });
      return sum + (file?.size ?? 0);
    }, 0);
}

interface Settings {
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly isZipped: boolean;
  readonly scenario: Scenario;
  readonly intervalSeconds: number;
  /** The file of the captured pages. */
  readonly captures: string;
}

type Figures = Record<string, number>;

async function race(contestant: Contestant, settings: Settings): Promise<Figures> {
  const { seconds, warmUpSeconds, isZipped, scenario, intervalSeconds, captures } = settings;
  const folder = mkdtempSync(path.join(tmpdir(), 'amperage-road-'));
  const load = path.join(import.meta.dirname, 'road-load.ts');
  const orders: Orders = { scenario, isZipped, captures };
  const server = spawn(process.execPath, [load, JSON.stringify(orders)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ask = <T>(): Promise<T> =>
    new Promise((resolve) => server.once('message', (value) => resolve(value as T)));
  const port = await ask<number>();
  const sink = `http://127.0.0.1:${port}/write`;
  const targets = targetPaths(scenario).map(
    (at) =>
      `      - { targets: ['127.0.0.1:${port}'], labels: { __metrics_path__: ${at}, ` +
      `instance: 'i${at}' } }\n`,
  );
  const timeoutMs = intervalSeconds * 900;
  const timing = `{ scrape_interval: ${intervalSeconds}s, scrape_timeout: ${timeoutMs}ms }`;
  const scrape =
    `global: ${timing}\nscrape_configs:\n  - job_name: bench\n    static_configs:\n` +
    targets.join('');
  writeFileSync(path.join(folder, 'scrape.yml'), scrape);
  writeFileSync(
    path.join(folder, 'prometheus.yml'),
    `${scrape}remote_write: [{ url: '${sink}', metadata_config: { send: false } }]\n`,
  );
  const child = spawn(contestant.file, [...contestant.flags(folder, sink)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...contestant.env },
  });
  const received = async (): Promise<Received> => {
    const answer = ask<Received>();
    server.send('tell');
    return answer;
  };
  await sleep(warmUpSeconds * 1_000);
  const [before, usage] = [await received(), readUsage(child.pid ?? 0)];
  const residents: number[] = [];
  for (let i = 0; i < seconds; i++) {
    await sleep(1_000);
    residents.push(readUsage(child.pid ?? 0).residentBytes);
  }
  const [after, used] = [await received(), readUsage(child.pid ?? 0)];
  const diskBytes = measureFolderBytes(path.join(folder, 'data'));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await Promise.race([ended, sleep(5_000)]);
  child.kill('SIGKILL');
  server.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  const samples = after.samples - before.samples;
  return {
    'samples/s': Math.round(samples / seconds),
    [CPU]: Number((((used.cpuSeconds - usage.cpuSeconds) / samples) * 1e6).toFixed(3)),
    [RESIDENT]: Math.round(median(residents) / 1e6),
    'resident, end / start': computeGrowth(residents),
    'peak MB': Math.round(used.peakBytes / 1e6),
    'wire bytes/sample': Number(((after.bytes - before.bytes) / samples).toFixed(2)),
    'requests/s': Number(((after.requests - before.requests) / seconds).toFixed(1)),
    'disk MB at the end': Number((diskBytes / 1e6).toFixed(1)),
  };
}

const CPU = 'CPU s per million';
const RESIDENT = 'resident MB';

/** The last tenth beside the first. */
function computeGrowth(values: readonly number[]): number {
  const tenth = Math.max(1, Math.floor(values.length / 10));
  const [start, end] = [values.slice(0, tenth), values.slice(-tenth)];
  return Number((median(end) / median(start)).toFixed(2));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function computeMedians(runs: readonly Figures[]): Figures {
  const names = Object.keys(runs[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, median(runs.map((run) => run[name] ?? Number.NaN))]),
  );
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

interface Row extends Scenario {
  readonly intervalSeconds: number;
}

/** Samples a second of the curve, at most: more would measure the load. */
const CURVE_RATE = 100_000;

/** Each load as users have it: real targets, and 50 whose series come and go. */
function listRows(loads: readonly Load[]): Row[] {
  const targets = values.targets === undefined ? undefined : Number(values.targets);
  const series = values.series === undefined ? undefined : Number(values.series);
  return loads.map((load) => ({
    load,
    targets: targets ?? (load === 'churn' ? 50 : undefined),
    series: series ?? (load === 'churn' ? 2_000 : undefined),
    intervalSeconds: Number(values.interval),
  }));
}

function listCurve(loads: readonly Load[]): Row[] {
  return loads.flatMap((load) =>
    [10, 100, 1_000].flatMap((targets) =>
      [1_000, 100_000, 1_000_000].map((all) => ({
        load,
        targets,
        series: all / targets,
        intervalSeconds: Math.max(1, all / CURVE_RATE),
      })),
    ),
  );
}

async function measure(row: Row, all: readonly Contestant[], captures: string): Promise<void> {
  const { load, targets, series, intervalSeconds } = row;
  const what = targets === undefined ? 'real targets' : `${targets} targets of ${series} series`;
  process.stdout.write(`\n${load}: ${what} each ${intervalSeconds} s\n`);
  const runs = new Map<string, Figures[]>(all.map(({ name }) => [name, []]));
  for (let i = 0; i < Number(values.runs); i++)
    for (const one of all)
      runs.get(one.name)?.push(
        await race(one, {
          // A long interval is counted for at least two of it.
          seconds: Math.max(Number(values.seconds), 2 * intervalSeconds),
          warmUpSeconds: Math.max(Number(values['warm-up']), 2 * intervalSeconds),
          isZipped: values.gzip,
          scenario: row,
          intervalSeconds,
          captures,
        }),
      );
  const table = new Map([...runs].map(([name, figures]) => [name, computeMedians(figures)]));
  console.table(Object.fromEntries(table));
  const [[, ours] = ['', {}], ...peers] = table;
  for (const [name, theirs] of peers)
    for (const figure of [CPU, RESIDENT, 'peak MB', 'wire bytes/sample'])
      process.stdout.write(
        `${load}, ${figure}: ours is ${((ours[figure] ?? 0) / (theirs[figure] ?? 1)).toFixed(2)} ` +
          `of ${name}'s\n`,
      );
}

const { values } = parseArgs({
  options: {
    load: { type: 'string', multiple: true, default: [] },
    curve: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    targets: { type: 'string' },
    series: { type: 'string' },
    interval: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '30' },
    'warm-up': { type: 'string', default: '15' },
    gzip: { type: 'boolean', default: false },
  },
});
const named = LOADS.filter((load) => values.load.includes(load));
if (named.length < values.load.length)
  throw new Error(`--load is one of ${LOADS.join(', ')}, or several times one of them`);
// The collector is measured as users install it, which is the build.
execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
const folder = mkdtempSync(path.join(tmpdir(), 'amperage-pages-'));
const captures = path.join(folder, 'captures.json');
writeFileSync(captures, JSON.stringify(await captureAll()));
const contestants = listContestants().filter(({ name }) => name.includes(values.only));
const loads = named.length > 0 ? named : LOADS;
const rows = values.curve ? listCurve(named.length > 0 ? named : ['stable']) : listRows(loads);
for (const row of rows) await measure(row, contestants, captures);
rmSync(folder, { recursive: true, force: true });
