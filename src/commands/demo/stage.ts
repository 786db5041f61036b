/**
 * One stage of the demo: an `amperage` command as a child process. It is started again when it
 * dies, and its log goes to a file. It runs in a process group of its own, so that Ctrl-C reaches
 * only the demo, which stops its stages in order. When the demo dies, the channel to the child
 * closes, and the child stops.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolders } from '../../kernel/folders.ts';
import { RecoverableError } from '../../kernel/errors.ts';
import type { Component } from '../../kernel/component.ts';
import type { World } from '../../kernel/world.ts';

export interface StageOptions {
  readonly name: string;
  /** Command and flags. */
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** URL that answers with 200 when the stage works. */
  readonly readyUrl: string;
  readonly logFile: string;
  readonly world: World;
  /** Called after each start, also after a restart. */
  readonly onStart?: (pid: number) => Promise<void> | void;
}

const READY_TIMEOUT_MS = 20_000;
const RESTART_WAIT_MS = 1_000;
const RESTARTS_MAX = 20;

export class Stage implements Component {
  readonly name: string;
  readonly #options: StageOptions;
  readonly #stopping = new AbortController();
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #restarts = 0;

  constructor(options: StageOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get restarts(): number {
    return this.#restarts;
  }

  async start(): Promise<void> {
    await this.#spawn();
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#stopping.abort(new Error('the demo is stopping'));
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), Math.max(500, deadlineMs));
    await this.#exited;
    clearTimeout(timer);
  }

  async #spawn(): Promise<void> {
    const { world, logFile } = this.#options;
    makeFolders(dirname(logFile));
    const log = openSync(logFile, 'a');
    const main = process.argv[1] ?? '';
    const child = spawn(process.execPath, [...process.execArgv, main, ...this.#options.arguments], {
      env: { ...process.env, ...this.#options.environment },
      stdio: ['ignore', log, log, 'ipc'],
      detached: true,
    });
    closeSync(log);
    this.#child = child;
    let hasExited = false;
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        hasExited = true;
        resolve();
        if (this.#stopping.signal.aborted || !isUp) return;
        world.log.warn(`${this.name} ended; starting it again`, { code, signal });
        void this.#restart();
      });
      child.once('error', () => {
        hasExited = true;
        resolve();
      });
    });
    let isUp = false;
    const endMs = performance.now() + READY_TIMEOUT_MS;
    while (!isUp) {
      if (hasExited || performance.now() > endMs) {
        child.kill('SIGKILL');
        throw new RecoverableError(
          'DEMO_FAILED',
          `${this.name} did not start: ${readLastLine(logFile)} (its log: ${logFile})`,
        );
      }
      await world.clock.sleep(50, this.#stopping.signal);
      isUp = await this.#isReady();
    }
    await this.#options.onStart?.(this.pid);
  }

  async #restart(): Promise<void> {
    const { world } = this.#options;
    while (!this.#stopping.signal.aborted && this.#restarts < RESTARTS_MAX) {
      this.#restarts += 1;
      try {
        await world.clock.sleep(RESTART_WAIT_MS, this.#stopping.signal);
        await this.#spawn();
        world.log.info(`${this.name} is back`, { pid: this.pid });
        return;
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        world.log.error(`${this.name} did not come back`, { error });
      }
    }
  }

  async #isReady(): Promise<boolean> {
    try {
      const answer = await this.#options.world.http.send({
        method: 'GET',
        url: this.#options.readyUrl,
        timeoutMs: 2_000,
        bodyMaxBytes: 65_536,
        signal: this.#stopping.signal,
      });
      return answer.status === 200;
    } catch {
      return false;
    }
  }
}

/** The last line of a child's log, which says why a start failed. */
function readLastLine(logFile: string): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').at(-1) ?? '';
  } catch {
    return '';
  }
}
