/**
 * Starts what an image says, as a runtime of containers would with a root file system that is read
 * only: as its user, as process 1 of its own processes, with its environment and nothing else.
 * All share one network without a way out, with the program that starts them outside of it.
 * Needs root, and unshare, nsenter and ip of Debian.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import path from 'node:path';
import { IMAGE_USER } from './assemble.ts';
import type { ImageConfig } from './images.ts';

const START_MS = 20_000;
const STOP_MS = 15_000;
const LOG_MAX_CHARACTERS = 200_000;

export interface Ran {
  readonly status: number | null;
  readonly output: string;
}

/** A network of its own, in which all is at 127.0.0.1. Ends with `close`. */
export class Network {
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  static async open(): Promise<Network> {
    const up = 'ip link set lo up && echo up && exec sleep 600';
    const holder = spawn('unshare', ['--net', 'sh', '-c', up], { stdio: ['ignore', 'pipe', 2] });
    const { stdout } = holder;
    if (stdout === null) throw new Error('BUG: the output is a pipe');
    await Promise.race([
      once(stdout, 'data'),
      once(holder, 'exit').then(() => Promise.reject(new Error('no network of its own'))),
    ]);
    return new Network(holder);
  }

  get pid(): number {
    return this.#holder.pid ?? 0;
  }

  /** The words that run a program of this machine in the network. */
  enter(words: readonly string[]): string[] {
    return ['nsenter', `--net=/proc/${this.pid}/ns/net`, '--', ...words];
  }

  close(): void {
    this.#holder.kill('SIGKILL');
  }
}

export interface ContainerOptions {
  readonly image: ImageConfig;
  /** The file system of the container. */
  readonly root: string;
  readonly network: Network;
  readonly env?: Readonly<Record<string, string>>;
  /** In place of that of the image. */
  readonly command?: readonly string[];
  /** Path in the container → folder here; all else is read only. */
  readonly volumes?: Readonly<Record<string, string>>;
}

export class Container {
  readonly #options: ContainerOptions;
  readonly #starter: ChildProcess;
  #log = '';

  constructor(options: ContainerOptions) {
    this.#options = options;
    const { image, root, network, env = {}, command = image.Cmd ?? [], volumes = {} } = options;
    for (const folder of ['dev', 'proc', 'tmp', ...Object.keys(volumes)])
      mkdirSync(path.join(root, folder), { recursive: true });
    for (const folder of Object.values(volumes)) chownSync(folder, IMAGE_USER, IMAGE_USER);
    const script = [
      'set -e',
      'mount --bind "$ROOT" "$ROOT"',
      'mount -o remount,bind,ro "$ROOT"',
      'mount -t proc proc "$ROOT/proc"',
      'mount -t tmpfs tmpfs "$ROOT/dev"',
      'touch "$ROOT/dev/null" && mount --bind /dev/null "$ROOT/dev/null"',
      ...Object.entries(volumes).map(([to, from]) => `mount --bind '${from}' "$ROOT"'${to}'`),
      'exec "$@"',
    ].join('\n');
    const started = this.#inRoot([...(image.Entrypoint ?? []), ...command], env);
    const isolated = ['unshare', '--mount', '--pid', '--fork', 'sh', '-c', script];
    const [program = '', ...words] = network.enter([...isolated, 'sh', ...started]);
    this.#starter = spawn(program, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ROOT: root },
    });
    const keep = (text: Buffer): void => {
      this.#log = (this.#log + text.toString()).slice(-LOG_MAX_CHARACTERS);
    };
    this.#starter.stdout?.on('data', keep);
    this.#starter.stderr?.on('data', keep);
  }

  get log(): string {
    return this.#log;
  }

  /** Waits until a line of the log matches. Rejects when the container ends before that. */
  async until(pattern: RegExp): Promise<void> {
    for (let waitedMs = 0; waitedMs < START_MS; waitedMs += 50) {
      if (pattern.test(this.#log)) return;
      if (this.#starter.exitCode !== null) break;
      await sleep(50);
    }
    throw new Error(`the log never matched ${String(pattern)}:\n${this.#log}`);
  }

  /** Runs a command in the container, as a health check of Docker and ECS does. */
  run(words: readonly string[]): Ran {
    const { env = {} } = this.#options;
    const inside = ['nsenter', '--target', `${this.#pid()}`, '--mount', '--pid', '--net', '--'];
    const [program = '', ...rest] = [...inside, ...this.#inRoot(words, env)];
    const { status, stdout, stderr } = spawnSync(program, rest, {
      encoding: 'utf8',
      timeout: 20_000,
    });
    return { status, output: stdout + stderr };
  }

  /** A line of /proc/…/status of process 1. */
  readStatus(name: string): string {
    const text = readFileSync(`/proc/${this.#pid()}/status`, 'utf8');
    return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(text)?.[1] ?? '';
  }

  /** Sends SIGTERM to process 1. @returns its exit status; null when it did not end in time */
  async stop(): Promise<number | null> {
    const ended = this.ended();
    process.kill(this.#pid(), 'SIGTERM');
    const late = sleep(STOP_MS).then(() => null);
    const status = await Promise.race([ended, late]);
    this.kill();
    return status;
  }

  async ended(): Promise<number | null> {
    const { exitCode } = this.#starter;
    if (exitCode !== null) return exitCode;
    const [status] = (await once(this.#starter, 'exit')) as [number | null];
    return status;
  }

  /** Kills process 1, and all of the container with it; the one who started it ends with it. */
  kill(): void {
    const pid = this.#pid();
    if (pid > 0) process.kill(pid, 'SIGKILL');
  }

  /** Process 1, by its number on this machine: the child of `unshare`. */
  #pid(): number {
    const [file] = globSync(`/proc/${this.#starter.pid ?? 0}/task/*/children`);
    return file === undefined ? 0 : Number(readFileSync(file, 'utf8').trim());
  }

  /** The words that run something in the root, with the image's environment, user and folder. */
  #inRoot(words: readonly string[], env: Readonly<Record<string, string>>): string[] {
    const { image, root } = this.#options;
    const variables = [
      ...(image.Env ?? []),
      ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
    ];
    const folder = image.WorkingDir ?? '/';
    const user = `--userspec=${image.User ?? '0:0'}`;
    // chroot has no flag for the folder to start in; node is what an image has to go there.
    const go =
      'process.chdir(process.argv[1]);process.execve(process.argv[2],process.argv.slice(3))';
    const [first = '', ...others] = words;
    const program = first.startsWith('/') ? first : `/usr/local/bin/${first}`;
    const started = ['/usr/local/bin/node', '--no-warnings', '-e', go, folder, program, program];
    return [
      '/usr/bin/env',
      '-i',
      ...variables,
      '/usr/sbin/chroot',
      user,
      root,
      ...started,
      ...others,
    ];
  }
}
