/**
 * One container as a local process, in a process group of its own: starts it, hands on its lines,
 * asks its health, starts it again if its restart policy says so, and stops it by SIGTERM and, after
 * its time, SIGKILL.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-restart-policy.html
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '../../../kernel/clock.ts';
import type { ContainerDefinition, HealthCheck } from '../shapes.ts';
import { cutLines, type LineSink } from './log-lines.ts';
import type { Watchdog } from './watchdog.ts';

export interface ContainerPlan {
  readonly definition: ContainerDefinition;
  /** Program and arguments. */
  readonly line: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  /** Turns the command of a health check into a line of this machine. */
  readonly checkLine: (command: readonly string[]) => readonly string[];
}

export interface ContainerEvents {
  readonly onStart: (pid: number) => void;
  /** It will not start again. */
  readonly onExit: (exitCode: number) => void;
  readonly onHealth: (health: 'HEALTHY' | 'UNHEALTHY') => void;
}

const STOP_SECONDS = 30;
const RESTART_PERIOD_SECONDS = 300;
/** The status that a shell gives a program that it does not find. */
const NOT_FOUND = 127;
const SIGNALS: Readonly<Record<string, number>> = { SIGKILL: 137, SIGTERM: 143, SIGINT: 130 };

export class Container {
  readonly plan: ContainerPlan;
  exitCode: number | undefined;
  health: 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN' = 'UNKNOWN';
  hasStarted = false;
  readonly #parts: { readonly clock: Clock; readonly watchdog: Watchdog; readonly sink: LineSink };
  readonly #events: ContainerEvents;
  readonly #ended: Promise<void>;
  #tellEnd: () => void = () => undefined;
  readonly #stopping = new AbortController();
  #child: ChildProcess | undefined;

  constructor(
    plan: ContainerPlan,
    parts: { readonly clock: Clock; readonly watchdog: Watchdog; readonly sink: LineSink },
    events: ContainerEvents,
  ) {
    this.plan = plan;
    this.#parts = parts;
    this.#events = events;
    this.#ended = new Promise((resolve) => (this.#tellEnd = resolve));
  }

  get name(): string {
    return this.plan.definition.name;
  }

  get isEssential(): boolean {
    return this.plan.definition.essential ?? true;
  }

  get pid(): number | undefined {
    return this.exitCode === undefined ? this.#child?.pid : undefined;
  }

  start(): void {
    if (this.#stopping.signal.aborted) return;
    this.hasStarted = true;
    const { line, env, folder, definition } = this.plan;
    const { clock, watchdog, sink } = this.#parts;
    const startedMs = clock.elapsedMs();
    const [program = '', ...given] = line;
    const child = spawn(program, given, {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child = child;
    const lines = [child.stdout, child.stderr].map((stream) => {
      const cut = cutLines((text) => sink.write(text));
      stream.on('data', (data: Buffer) => cut.take(data));
      return cut;
    });
    let failure = '';
    child.on('error', (error) => (failure = error.message));
    child.on('close', (code, signal) => {
      for (const cut of lines) cut.end();
      if (failure !== '') sink.write(failure);
      if (child.pid !== undefined) watchdog.release(child.pid);
      const status = code ?? (signal === null ? NOT_FOUND : (SIGNALS[signal] ?? 128));
      this.#end(failure === '' ? status : NOT_FOUND, clock.elapsedMs() - startedMs);
    });
    if (child.pid === undefined) return;
    watchdog.watch(child.pid);
    this.#events.onStart(child.pid);
    if (definition.healthCheck !== undefined) void this.#askHealth(child, definition.healthCheck);
  }

  /** Resolves when the process has ended; at once where it never started. */
  async stop(mostSeconds = Infinity): Promise<void> {
    this.#stopping.abort(new Error('the container stops'));
    if (!this.hasStarted || this.exitCode !== undefined) return;
    const seconds = Math.min(this.plan.definition.stopTimeout ?? STOP_SECONDS, mostSeconds);
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), seconds * 1_000);
    await this.#ended;
    clearTimeout(timer);
  }

  /** Signals all processes of the container. */
  signal(name: 'SIGTERM' | 'SIGKILL'): void {
    const pid = this.#child?.pid;
    if (pid === undefined || this.exitCode !== undefined) return;
    try {
      process.kill(-pid, name);
    } catch {
      // It has just ended.
    }
  }

  #end(status: number, livedMs: number): void {
    const { restartPolicy } = this.plan.definition;
    const { restartAttemptPeriod = RESTART_PERIOD_SECONDS } = restartPolicy ?? {};
    const isAgain =
      restartPolicy?.enabled === true &&
      restartPolicy.ignoredExitCodes?.includes(status) !== true &&
      livedMs >= restartAttemptPeriod * 1_000 &&
      !this.#stopping.signal.aborted;
    if (isAgain) return this.start();
    this.exitCode = status;
    this.#stopping.abort(new Error('the container has ended'));
    this.#tellEnd();
    this.#events.onExit(status);
  }

  async #askHealth(child: ChildProcess, check: HealthCheck): Promise<void> {
    const { interval = 30, timeout = 5, retries = 3, startPeriod = 0, command } = check;
    if (command[0] === 'NONE') return;
    const { clock } = this.#parts;
    const { signal } = this.#stopping;
    const startedMs = clock.elapsedMs();
    let failures = 0;
    try {
      while (child === this.#child) {
        await clock.sleep(interval * 1_000, signal);
        const isGood = await this.#runCheck(command, timeout * 1_000);
        if (signal.aborted) return;
        const isEarly = clock.elapsedMs() - startedMs < startPeriod * 1_000;
        failures = isGood || (isEarly && this.health === 'UNKNOWN') ? 0 : failures + 1;
        if (isGood) this.#tellHealth('HEALTHY');
        else if (failures >= retries) this.#tellHealth('UNHEALTHY');
      }
    } catch {
      // The container stops.
    }
  }

  #tellHealth(health: 'HEALTHY' | 'UNHEALTHY'): void {
    if (this.health === health) return;
    this.health = health;
    this.#events.onHealth(health);
  }

  #runCheck(command: readonly string[], timeoutMs: number): Promise<boolean> {
    const [program = '', ...given] = this.plan.checkLine(command);
    return new Promise((resolve) => {
      const child = spawn(program, given, {
        cwd: this.plan.folder,
        env: this.plan.env,
        stdio: 'ignore',
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
      });
      child.on('error', () => resolve(false));
      child.on('exit', (code) => resolve(code === 0));
    });
  }
}
