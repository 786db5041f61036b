/**
 * OTLP metrics in, remote write out, beside its peers: our collector, Prometheus in agent mode with
 * `--web.enable-otlp-receiver` (where it is built with one) and vmagent get the same requests and
 * write to the same receiver (otlp-load.ts), by turns in one run, each as a process of its own.
 * Prints the median of each figure for each share of churn, and ours as a share of each peer's.
 * `node bench/otlp.ts [--runs 3] [--seconds 20] [--warm-up 10] [--churn 0,0.01,0.05,0.2]`
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { hasOtlpReceiver, peer } from '../test/kit/peers.ts';
import { freePort } from '../test/kit/processes.ts';
import type { LoadOrder, Received } from './otlp-load.ts';

const root = path.resolve(import.meta.dirname, '..');
const CLOCK_TICKS = 100;
const CPU = 'CPU s per million';

interface Contestant {
  readonly name: string;
  readonly file: string;
  /** Where it takes metrics, below its address. */
  readonly route: string;
  flags(folder: string, port: number, sink: string): readonly string[];
  config(port: number): string;
}

function listContestants(): Contestant[] {
  const prometheus = peer('prometheus');
  const ours: Contestant = {
    name: 'amperage collect',
    file: process.execPath,
    route: '/v1/metrics',
    config: (port) => `otlp_receivers: [{ http: { listen: '127.0.0.1:${port}' } }]\n`,
    flags: (folder) => [
      path.join(root, 'dist/main.js'),
      'collect',
      '--log.level=error',
      '--config.file',
      path.join(folder, 'config.yml'),
      '--storage.path',
      path.join(folder, 'data'),
      '--web.listen-address',
      '127.0.0.1:0',
    ],
  };
  const all: Contestant[] = [ours];
  // Debian builds Prometheus without its receiver of OTLP.
  if (prometheus !== undefined && hasOtlpReceiver(prometheus))
    all.push({
      name: 'prometheus --agent',
      file: prometheus,
      route: '/api/v1/otlp/v1/metrics',
      config: () => '',
      flags: (folder, port) => [
        '--agent',
        '--web.enable-otlp-receiver',
        '--log.level=error',
        `--config.file=${path.join(folder, 'config.yml')}`,
        `--storage.agent.path=${path.join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
    });
  const vmagent = peer('vmagent');
  if (vmagent !== undefined)
    all.push({
      name: 'vmagent',
      file: vmagent,
      route: '/opentelemetry/v1/metrics',
      config: () => '',
      flags: (folder, port, sink) => [
        `-remoteWrite.url=${sink}`,
        '-remoteWrite.forcePromProto',
        '-opentelemetry.usePrometheusNaming',
        `-remoteWrite.tmpDataPath=${path.join(folder, 'data')}`,
        `-httpListenAddr=127.0.0.1:${port}`,
        '-loggerLevel=ERROR',
      ],
    });
  return all;
}

/** From /proc: CPU seconds so far, and resident bytes. */
function readUsage(pid: number): { readonly cpuSeconds: number; readonly residentBytes: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return {
    cpuSeconds: (Number(stat[11]) + Number(stat[12])) / CLOCK_TICKS,
    residentBytes: Number(stat[21]) * 4_096,
  };
}

type Figures = Record<string, number>;

interface Settings {
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly churn: number;
}

async function race(contestant: Contestant, settings: Settings): Promise<Figures> {
  const { seconds, warmUpSeconds, churn } = settings;
  const folder = mkdtempSync(path.join(tmpdir(), 'amperage-otlp-'));
  const load = spawn(process.execPath, [path.join(import.meta.dirname, 'otlp-load.ts')], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const next = <Message>(): Promise<Message> =>
    new Promise((resolve) => load.once('message', (message) => resolve(message as Message)));
  const sinkPort = await next<number>();
  const port = await freePort();
  const sink = `http://127.0.0.1:${sinkPort}/write`;
  writeFileSync(
    path.join(folder, 'config.yml'),
    `${contestant.config(port)}remote_write: [{ url: '${sink}', ` +
      `metadata_config: { send: false } }]\n`,
  );
  const child = spawn(contestant.file, [...contestant.flags(folder, port, sink)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const pid = child.pid ?? 0;
  const tell = async (): Promise<Received> => {
    const answer = next<Received>();
    load.send('tell');
    return await answer;
  };
  await sleep(3_000);
  const order: LoadOrder = { url: `http://127.0.0.1:${port}${contestant.route}`, churn };
  load.send(order);
  await sleep(warmUpSeconds * 1_000);
  const [before, usage] = [await tell(), readUsage(pid)];
  await sleep(seconds * 1_000);
  const [after, used] = [await tell(), readUsage(pid)];
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await Promise.race([ended, sleep(5_000)]);
  child.kill('SIGKILL');
  load.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  const samples = after.samples - before.samples;
  return {
    'samples/s': Math.round(samples / seconds),
    [CPU]: Number((((used.cpuSeconds - usage.cpuSeconds) / samples) * 1e6).toFixed(3)),
    'resident MB': Math.round(used.residentBytes / 1e6),
    'wire bytes/sample': Number(((after.bytes - before.bytes) / samples).toFixed(1)),
    'OTLP requests/s': Math.round((after.sent - before.sent) / seconds),
    refused: after.refused - before.refused,
  };
}

function computeMedians(runs: readonly Figures[]): Figures {
  const median = (values: readonly number[]): number =>
    values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
  return Object.fromEntries(
    Object.keys(runs[0] ?? {}).map((name) => [name, median(runs.map((run) => run[name] ?? NaN))]),
  );
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '20' },
    'warm-up': { type: 'string', default: '10' },
    churn: { type: 'string', default: '0,0.01,0.05,0.2' },
  },
});
// The collector is measured as users install it, which is the build.
execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
for (const churn of values.churn.split(',').map(Number)) {
  const all = listContestants();
  const runs = new Map<string, Figures[]>(all.map(({ name }) => [name, []]));
  const settings = {
    seconds: Number(values.seconds),
    warmUpSeconds: Number(values['warm-up']),
    churn,
  };
  for (let i = 0; i < Number(values.runs); i++)
    for (const one of all) runs.get(one.name)?.push(await race(one, settings));
  const table = new Map([...runs].map(([name, figures]) => [name, computeMedians(figures)]));
  process.stdout.write(`churn ${churn}\n`);
  console.table(Object.fromEntries(table));
  const [[, ours] = ['', {}], ...peers] = table;
  for (const [name, theirs] of peers)
    process.stdout.write(
      `${CPU}: ours is ${((ours[CPU] ?? NaN) / (theirs[CPU] ?? NaN)).toFixed(2)} of ${name}'s\n`,
    );
}
