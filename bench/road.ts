/**
 * The whole road beside its peers: our collector, Prometheus in agent mode and vmagent get the same
 * targets and the same sink (road-load.ts), by turns in one run, each as a process of its own.
 * Prints the median of each figure: CPU seconds for a million samples, memory, bytes of a sample on
 * the wire; and our figures as shares of each peer's. `node bench/road.ts [--runs 3] [--seconds 30]
 * [--warm-up 15] [--gzip]` Peers are looked up as tests do (test/kit/peers.ts).
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
import { type Received, targetPaths } from './road-load.ts';

const root = path.resolve(import.meta.dirname, '..');
const CLOCK_TICKS = 100;
const PAGE_BYTES = 4_096;

interface Contestant {
  readonly name: string;
  readonly file: string;
  flags(folder: string, sink: string): readonly string[];
}

function listContestants(): Contestant[] {
  const main = path.join(root, 'dist/main.js');
  const config = (folder: string): string => path.join(folder, 'prometheus.yml');
  const all: (Omit<Contestant, 'file'> & { file: string | undefined })[] = [
    {
      name: 'amperage collect',
      file: process.execPath,
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
}

type Figures = Record<string, number>;

async function race(contestant: Contestant, settings: Settings): Promise<Figures> {
  const { seconds, warmUpSeconds, isZipped } = settings;
  const folder = mkdtempSync(path.join(tmpdir(), 'amperage-road-'));
  const load = path.join(import.meta.dirname, 'road-load.ts');
  const server = spawn(process.execPath, [load, isZipped ? 'gzip' : 'plain'], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ask = <T>(): Promise<T> =>
    new Promise((resolve) => server.once('message', (value) => resolve(value as T)));
  const port = await ask<number>();
  const sink = `http://127.0.0.1:${port}/write`;
  const targets = targetPaths().map(
    (at) =>
      `      - { targets: ['127.0.0.1:${port}'], labels: { __metrics_path__: ${at}, ` +
      `instance: 'i${at}' } }\n`,
  );
  const scrape =
    `global: { scrape_interval: 1s, scrape_timeout: 900ms }\nscrape_configs:\n  - job_name: ` +
    `bench\n    static_configs:\n${targets.join('')}`;
  writeFileSync(path.join(folder, 'scrape.yml'), scrape);
  writeFileSync(
    path.join(folder, 'prometheus.yml'),
    `${scrape}remote_write: [{ url: '${sink}', metadata_config: { send: false } }]\n`,
  );
  const child = spawn(contestant.file, [...contestant.flags(folder, sink)], {
    stdio: ['ignore', 'ignore', 'inherit'],
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
    'peak MB': Math.round(used.peakBytes / 1e6),
    'wire bytes/sample': Number(((after.bytes - before.bytes) / samples).toFixed(2)),
    'requests/s': Number(((after.requests - before.requests) / seconds).toFixed(1)),
    'disk MB at the end': Number((diskBytes / 1e6).toFixed(1)),
  };
}

const CPU = 'CPU s per million';
const RESIDENT = 'resident MB';

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

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '30' },
    'warm-up': { type: 'string', default: '15' },
    gzip: { type: 'boolean', default: false },
  },
});
// The collector is measured as users install it, which is the build.
execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
const all = listContestants();
const runs = new Map<string, Figures[]>(all.map(({ name }) => [name, []]));
for (let i = 0; i < Number(values.runs); i++)
  for (const one of all)
    runs.get(one.name)?.push(
      await race(one, {
        seconds: Number(values.seconds),
        warmUpSeconds: Number(values['warm-up']),
        isZipped: values.gzip,
      }),
    );
const table = new Map([...runs].map(([name, figures]) => [name, computeMedians(figures)]));
console.table(Object.fromEntries(table));
const [[, ours] = ['', {}], ...peers] = table;
for (const [name, theirs] of peers)
  for (const figure of [CPU, RESIDENT, 'peak MB', 'wire bytes/sample'])
    process.stdout.write(
      `${figure}: ours is ${((ours[figure] ?? 0) / (theirs[figure] ?? 1)).toFixed(2)} of ` +
        `${name}'s\n`,
    );
