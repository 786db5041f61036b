/**
 * Part of `npm run bench:discovery`: the command `discover` as a process, on a cluster of 10,000
 * tasks in 500 services, at half of AWS's rates, which is its default. The emulator enforces the
 * rates. Prints the time to the first list, CPU, memory (present and peak), the longest turn of the
 * event loop, and the cost of serving the list; then the same at rest and while a tenth of the
 * tasks is replaced.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { ECSClient, RegisterTaskDefinitionCommand, StopTaskCommand } from '@aws-sdk/client-ecs';
import { freePort } from '../test/kit/processes.ts';
import { type EmulatedAccount, startEmulatedAccount } from './emulated-account.ts';

const TASKS = Number(process.argv[2] ?? 10_000);
const TASKS_A_SERVICE = 20;
const REFRESH_S = 15;
const GETS = 5;
/** Clock ticks a second in /proc. */
const TICKS_A_SECOND = 100;

async function fill(account: EmulatedAccount, ecs: ECSClient): Promise<string[]> {
  const arns: string[] = [];
  await account.admin('ecs/instances', { cluster: 'bench', id: 'i-0a', address: '10.0.0.1' });
  for (let i = 0; i < TASKS / TASKS_A_SERVICE; i++) {
    const dockerLabels = { PROMETHEUS_EXPORTER_PORT: '9779' };
    const containerDefinitions = [{ name: 'app', image: 'app:1', dockerLabels }];
    const family = `service-${i}`;
    const definition = { family, networkMode: 'awsvpc' as const, containerDefinitions };
    await ecs.send(new RegisterTaskDefinitionCommand(definition));
    const request = { cluster: 'bench', taskDefinition: family, count: TASKS_A_SERVICE };
    arns.push(...((await account.admin('ecs/tasks', request)) as string[]));
  }
  return arns;
}

interface Figures {
  readonly cpuSeconds: number;
  readonly turnMs: number;
  readonly residentMb: number;
  readonly peakMb: number;
}

class Measured {
  readonly url: string;
  readonly #child: ChildProcess;
  #cpuSeconds = 0;

  static async start(account: EmulatedAccount): Promise<Measured> {
    const port = await freePort();
    const probe = new URL('turn-probe.ts', import.meta.url).href;
    const flags = ['--clusters', 'bench', '--refresh-interval', `${REFRESH_S}s`];
    const listen = ['--web.listen-address', `127.0.0.1:${port}`, '--log.level', 'warn'];
    const child = spawn(
      process.execPath,
      ['--import', probe, 'src/main.ts', 'discover', ...flags, ...listen],
      { env: { ...process.env, ...account.env }, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    return new Measured(child, `http://127.0.0.1:${port}`);
  }

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** CPU and longest turn since the last call; memory now and at its peak. */
  async readFigures(): Promise<Figures> {
    const line = once(this.#child.stdout as NodeJS.ReadableStream, 'data');
    this.#child.kill('SIGUSR2');
    const { turnMs } = JSON.parse(String((await line)[0])) as { turnMs: number };
    const proc = (file: string): string => readFileSync(`/proc/${this.#child.pid}/${file}`, 'utf8');
    const times = proc('stat').slice(proc('stat').lastIndexOf(')')).split(' ');
    const cpuSeconds = (Number(times[12]) + Number(times[13])) / TICKS_A_SECOND;
    const before = this.#cpuSeconds;
    this.#cpuSeconds = cpuSeconds;
    const kb = (name: string): number =>
      Number(new RegExp(`${name}:\\s+(\\d+)`).exec(proc('status'))?.[1]);
    return {
      cpuSeconds: cpuSeconds - before,
      turnMs,
      residentMb: kb('VmRSS') / 1e3,
      peakMb: kb('VmHWM') / 1e3,
    };
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await once(this.#child, 'exit');
  }
}

async function sleep(seconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
}

function printFigures(what: string, seconds: number, figures: Figures): void {
  const { cpuSeconds, turnMs, residentMb, peakMb } = figures;
  process.stdout.write(
    `${TASKS} tasks  ${what.padEnd(26)} ${seconds.toFixed(1).padStart(6)} s  ` +
      `${cpuSeconds.toFixed(2).padStart(6)} s of CPU  longest turn ` +
      `${turnMs.toFixed(0).padStart(4)} ms  ${residentMb.toFixed(0).padStart(4)} MB (at most ` +
      `${peakMb.toFixed(0)} MB)\n`,
  );
}

/** Gets the list several times, and prints the mean time until its last byte was read. */
async function getList(measured: Measured, path: string, headers = {}): Promise<void> {
  await measured.readFigures();
  const times: number[] = [];
  let text = '';
  let status = 0;
  for (let i = 0; i < GETS; i++) {
    const startMs = performance.now();
    const answer = await fetch(`${measured.url}${path}`, { headers });
    text = await answer.text();
    ({ status } = answer);
    times.push(performance.now() - startMs);
  }
  const figures = await measured.readFigures();
  const mean = times.reduce((sum, ms) => sum + ms, 0) / GETS;
  printFigures(`GET ${path} (${status})`, mean / 1_000, figures);
  process.stdout.write(
    `       ${(text.length / 1e6).toFixed(2)} MB, ${mean.toFixed(1)} ms (first ` +
      `${(times[0] ?? 0).toFixed(1)} ms)\n`,
  );
}

async function until(isSo: () => Promise<boolean>): Promise<number> {
  const startMs = performance.now();
  while (!(await isSo())) await sleep(0.1);
  return (performance.now() - startMs) / 1_000;
}

const account = await startEmulatedAccount();
const ecs = new ECSClient(account.settings);
try {
  const arns = await fill(account, ecs);
  await account.admin('trouble', { throttle: 1 });
  const measured = await Measured.start(account);
  try {
    const isReady = async (): Promise<boolean> =>
      (await fetch(`${measured.url}/-/ready`).catch(() => undefined))?.ok === true;
    const seconds = await until(isReady);
    printFigures('first list', seconds, await measured.readFigures());
    await getList(measured, '/prometheus-targets');
    await getList(measured, '/prometheus-targets?shard=2/8');
    await measured.readFigures();
    await sleep(2 * REFRESH_S);
    printFigures('two refreshes at rest', 2 * REFRESH_S, await measured.readFigures());

    await account.admin('trouble', {});
    const replaced = arns.slice(0, TASKS / 10);
    for (const task of replaced) await ecs.send(new StopTaskCommand({ cluster: 'bench', task }));
    const request = { cluster: 'bench', taskDefinition: 'service-0', count: replaced.length };
    const last = ((await account.admin('ecs/tasks', request)) as string[]).at(-1) ?? '';
    await account.admin('trouble', { throttle: 1 });
    await measured.readFigures();
    const isSeen = async (): Promise<boolean> => {
      await sleep(1);
      const answer = await fetch(`${measured.url}/prometheus-targets`);
      return (await answer.text()).includes(last);
    };
    const churnSeconds = await until(isSeen);
    printFigures('a tenth is replaced', churnSeconds, await measured.readFigures());
  } finally {
    await measured.stop();
  }
} finally {
  ecs.destroy();
  await account.stop();
}
process.exit(0);
