/**
 * A real `amperage collect` with what benchmarks see of it: the longest turns of its event loop
 * (turn-probe.ts), its health checks (health-probe.ts), memory, descriptors and metrics; and the
 * load beside it (hardening-load.ts). Linux only.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../test/kit/processes.ts';
import { PROBE_MAX_MS, probe } from './health-probe.ts';

/** What turn-probe.ts tells. */
interface Turns {
  readonly turnMs: number;
  readonly turnQueuedMs: number;
  readonly turnCpuMs: number;
}

export interface Figures extends Turns {
  readonly healthMs: number;
  readonly residentMb: number;
  readonly peakMb: number;
}

export class Collector {
  readonly port: number;
  readonly folder: string;
  readonly #child: ChildProcess;

  static async start(config: string, flags: (folder: string) => string[] = () => []) {
    const folder = mkdtempSync(path.join(tmpdir(), 'amperage-hardening-'));
    const port = await freePort();
    writeFileSync(path.join(folder, 'prometheus.yml'), config);
    const child = spawn(
      process.execPath,
      [
        '--import',
        new URL('turn-probe.ts', import.meta.url).href,
        path.join(import.meta.dirname, '../src/main.ts'),
        'collect',
        `--config.file=${path.join(folder, 'prometheus.yml')}`,
        `--storage.path=${path.join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=error',
        ...flags(folder),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const collector = new Collector(child, port, folder);
    while ((await probe(port)) >= PROBE_MAX_MS) await sleep(100);
    return collector;
  }

  private constructor(child: ChildProcess, port: number, folder: string) {
    this.#child = child;
    this.port = port;
    this.folder = folder;
  }

  /** What happens while `act` runs. */
  async measure(act: () => Promise<void>): Promise<Figures> {
    await this.#readTurns();
    // The peak begins anew: https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html
    writeFileSync(`/proc/${this.#child.pid}/clear_refs`, '5');
    const residentMb = this.#readMb('VmRSS');
    const endProbing = await startProbing(this.port);
    await act();
    const healthMs = await endProbing();
    return { ...(await this.#readTurns()), healthMs, residentMb, peakMb: this.#readMb('VmHWM') };
  }

  /** Goes over to another configuration. */
  reload(config: string): void {
    writeFileSync(path.join(this.folder, 'prometheus.yml'), config);
    this.#child.kill('SIGHUP');
  }

  async ask(target: string): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.port}${target}`)).text();
  }

  async metric(name: string): Promise<number> {
    const text = await this.ask('/metrics');
    const lines = text.split('\n').filter((line) => line.startsWith(name));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exited;
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #readTurns(): Promise<Turns> {
    const line = once(this.#child.stdout as NodeJS.ReadableStream, 'data');
    this.#child.kill('SIGUSR2');
    return JSON.parse(String((await line)[0])) as Turns;
  }

  get residentMb(): number {
    return this.#readMb('VmRSS');
  }

  get descriptors(): number {
    return readdirSync(`/proc/${this.#child.pid}/fd`).length;
  }

  #readMb(name: string): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024;
  }
}

/** Starts the health checks. @returns a function that ends them and tells the longest answer */
async function startProbing(port: number): Promise<() => Promise<number>> {
  const child = spawn(
    process.execPath,
    [path.join(import.meta.dirname, 'health-probe.ts'), String(port)],
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  );
  await once(child, 'message');
  return async () => {
    const told = once(child, 'message');
    child.send('tell');
    const [longestMs] = (await told) as [number];
    return longestMs;
  };
}

/** Starts the load. */
export async function startLoad(): Promise<{ address: string; stop: () => void }> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'hardening-load.ts')], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const port = await new Promise<number>((resolve) =>
    child.once('message', (value) => resolve(value as number)),
  );
  return { address: `127.0.0.1:${port}`, stop: () => void child.kill() };
}
