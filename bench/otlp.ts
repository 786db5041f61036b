/**
 * OTLP metrics in, remote write out, beside its peers: our collector, Prometheus in agent mode with
 * `--web.enable-otlp-receiver` (where it is built with one) and vmagent get the same requests and
 * write to the same receiver (otlp-load.ts), by turns in one run, each as a process of its own on
 * its own core. Prints the figures for each size of request and for churn, and ours as a share of
 * each peer's. Debian builds Prometheus without the receiver: `unknown long flag
 * '--web.enable-otlp-receiver'`; `--prometheus FILE` names one that has it.
 * It and ours give the same series without a section `otlp`: names with suffixes, job and instance
 * of the resource, and target_info (otlp-peer.test.ts compares them). About two minutes, three with
 * Prometheus.
 * `node bench/otlp.ts [--runs 1] [--seconds 8] [--warm-up 6] [--points 200,2000,20000]`
 * `--interval 250` is how often each resource is sent, in milliseconds. `--drain` counts the CPU
 * time until all that was sent is delivered, from a moment when nothing waited. Without it, the
 * samples of a peer that lags miss in its figure, as all do on a loaded machine.
 * `--beside dist-of-another-tree/main.js` measures another build of ours by turns with this one;
 * `--cpu-prof FOLDER` writes CPU profiles of ours there.
 */
import {
  type ChildProcess,
  execFileSync,
  spawn,
  type SpawnOptions,
  spawnSync,
} from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { hasOtlpReceiver, peer } from '../test/kit/peers.ts';
import { freePort } from '../test/kit/processes.ts';
import type { LoadOrder, Received } from './otlp-load.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '8' },
    'warm-up': { type: 'string', default: '6' },
    points: { type: 'string', default: '200,2000,20000' },
    interval: { type: 'string', default: '250' },
    drain: { type: 'boolean', default: false },
    /** The size of the requests with churn; '' for none. */
    churn: { type: 'string', default: '2000' },
    beside: { type: 'string', default: '' },
    /** A Prometheus with the receiver; '' for the one of the peers, if it has it. */
    prometheus: { type: 'string', default: '' },
    'cpu-prof': { type: 'string', default: '' },
  },
});

const root = path.resolve(import.meta.dirname, '..');
const CLOCK_TICKS = 100;
const CPU = 'CPU s per million';
const RATE = 'samples/s';
/** Without samples for so long, longer than vmagent holds them back, all is delivered. */
const DRAINED_MS = 2_500;
const IS_PINNED = spawnSync('taskset', ['-V']).status === 0 && availableParallelism() > 1;

interface Contestant {
  readonly name: string;
  readonly file: string;
  /** Where it takes metrics, below its address. */
  readonly route: string;
  flags(folder: string, port: number, sink: string): readonly string[];
  config(port: number): string;
}

function listContestants(): Contestant[] {
  const prometheus = values.prometheus === '' ? peer('prometheus') : values.prometheus;
  const makeOurs = (name: string, main: string): Contestant => ({
    name,
    file: process.execPath,
    route: '/v1/metrics',
    config: (port) => `otlp_receivers: [{ http: { listen: '127.0.0.1:${port}' } }]\n`,
    flags: (folder) => [
      ...(values['cpu-prof'] === '' ? [] : ['--cpu-prof', `--cpu-prof-dir=${values['cpu-prof']}`]),
      main,
      'collect',
      '--log.level=error',
      '--config.file',
      path.join(folder, 'config.yml'),
      '--storage.path',
      path.join(folder, 'data'),
      '--web.listen-address',
      '127.0.0.1:0',
    ],
  });
  const all: Contestant[] = [makeOurs('amperage collect', path.join(root, 'dist/main.js'))];
  if (values.beside !== '') all.push(makeOurs('the other build', values.beside));
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
        // As many labels of the resource as Prometheus gives, which are job and instance.
        '-opentelemetry.promoteAllResourceAttributes=false',
        '-opentelemetry.promoteResourceAttributes=service.name,service.namespace,service.instance.id',
        '-opentelemetry.promoteScopeMetadata=false',
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
  readonly points: number;
  readonly isChurning: boolean;
}

/** Starts a program on a core of its own, where the machine has more than one. */
function spawnPinned(core: 0 | 1, file: string, args: readonly string[], options: SpawnOptions) {
  return IS_PINNED
    ? spawn('taskset', ['-c', `${core}`, file, ...args], options)
    : spawn(file, args, options);
}

async function race(contestant: Contestant, settings: Settings): Promise<Figures> {
  const { seconds, warmUpSeconds, points, isChurning } = settings;
  const folder = mkdtempSync(path.join(tmpdir(), 'amperage-otlp-'));
  const load = spawnPinned(0, process.execPath, [path.join(import.meta.dirname, 'otlp-load.ts')], {
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
  const child = spawnPinned(1, contestant.file, contestant.flags(folder, port, sink), {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const pid = child.pid ?? 0;
  const tell = async (): Promise<Received> => {
    const answer = next<Received>();
    load.send('tell');
    return await answer;
  };
  try {
    await untilListening(port);
    const url = `http://127.0.0.1:${port}${contestant.route}`;
    const intervalMs = Number(values.interval);
    const order: LoadOrder = { url, points, intervalMs, isChurning };
    load.send(order);
    await sleep(warmUpSeconds * 1_000);
    if (values.drain) await drain(load, tell);
    const [before, usage] = [await tell(), readUsage(pid)];
    load.send('resume');
    await sleep(seconds * 1_000);
    if (values.drain) await drain(load, tell);
    const [after, used] = [await tell(), readUsage(pid)];
    const samples = after.samples - before.samples;
    return {
      [RATE]: Math.round(samples / seconds),
      [CPU]: Number((((used.cpuSeconds - usage.cpuSeconds) / samples) * 1e6).toFixed(3)),
      'resident MB': Math.round(used.residentBytes / 1e6),
      'wire bytes/sample': Number(((after.bytes - before.bytes) / samples).toFixed(1)),
      'OTLP requests/s': Math.round((after.sent - before.sent) / seconds),
      refused: after.refused - before.refused,
    };
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await Promise.race([ended, sleep(5_000)]);
    child.kill('SIGKILL');
    load.kill('SIGTERM');
    await once(load, 'exit');
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** Stops the sending and waits until nothing comes any more. */
async function drain(load: ChildProcess, tell: () => Promise<Received>): Promise<void> {
  load.send('pause');
  let [samples, changedAt] = [-1, performance.now()];
  while (performance.now() - changedAt < DRAINED_MS) {
    const received = await tell();
    if (received.samples !== samples) [samples, changedAt] = [received.samples, performance.now()];
    await sleep(100);
  }
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

async function untilListening(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await sleep(100);
  }
  throw new Error(`nothing listens on port ${port}`);
}

/** All sizes of request with stable series, then one size with churn. */
function listCases(): Pick<Settings, 'points' | 'isChurning'>[] {
  const sizes = values.points.split(',').map(Number);
  return [
    ...sizes.map((points) => ({ points, isChurning: false })),
    ...(values.churn === '' ? [] : [{ points: Number(values.churn), isChurning: true }]),
  ];
}

if (values.prometheus !== '' && !hasOtlpReceiver(values.prometheus))
  throw new Error(`${values.prometheus} does not know the flag --web.enable-otlp-receiver`);
// The collector is measured as users install it, which is the build.
execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
process.stdout.write(`load of the machine before: ${loadavg()[0]?.toFixed(2)}\n`);
for (const { points, isChurning } of listCases()) {
  const all = listContestants();
  const runs = new Map<string, Figures[]>(all.map(({ name }) => [name, []]));
  const settings: Settings = {
    seconds: Number(values.seconds),
    warmUpSeconds: Number(values['warm-up']),
    points,
    isChurning,
  };
  for (let i = 0; i < Number(values.runs); i++)
    for (const one of all) runs.get(one.name)?.push(await race(one, settings));
  const table = new Map([...runs].map(([name, figures]) => [name, computeMedians(figures)]));
  const what = isChurning ? '5 % of the series new at each request' : 'stable';
  process.stdout.write(`requests of ${points} points, ${what}\n`);
  console.table(Object.fromEntries(table));
  const [[, ours] = ['', {}], ...peers] = table;
  for (const [name, theirs] of peers) {
    const share = (theirs[RATE] ?? NaN) / (ours[RATE] ?? NaN);
    process.stdout.write(
      `${CPU}: ours is ${((ours[CPU] ?? NaN) / (theirs[CPU] ?? NaN)).toFixed(2)} of ${name}'s` +
        `${share < 0.9 ? `, which delivered ${Math.round(share * 100)} % as many samples` : ''}\n`,
    );
  }
}
