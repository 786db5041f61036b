/**
 * A time limit for code that takes neither limit nor AbortSignal: the SDK's credential providers
 * ask endpoints and start processes (credential_process) and wait for them without end. A call that
 * is given up is not only left: its requests and processes are ended, so that none pile up while an
 * endpoint hangs and none holds a process that is to stop. Not for code of our own, which takes a
 * signal.
 * Source: https://nodejs.org/api/diagnostics_channel.html#built-in-channels
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import type { Clock } from '../kernel/clock.ts';
import { RecoverableError } from '../kernel/errors.ts';

export interface CallBound {
  readonly clock: Pick<Clock, 'sleep'>;
  readonly timeoutMs: number;
  /** Ends the call at once. */
  readonly signal: AbortSignal;
}

/** Tells the requests and processes of a call from all others of this process. */
const calls = new AsyncLocalStorage<Begun>();
/**
 * A call that was given up may try again by itself for a while; what it begins then is ended at
 * once.
 */
const LINGER_MS = 30_000;

/**
 * Runs the call until it answers, the time is up or the signal aborts.
 *
 * @throws RecoverableError AWS_TIMEOUT that names what did not answer; the signal's reason; what
 * the call throws
 */
export async function boundedCall<Value>(
  call: () => Promise<Value>,
  { clock, timeoutMs, signal }: CallBound,
): Promise<Value> {
  signal.throwIfAborted();
  const begun = new Begun();
  const answered = new AbortController();
  const answer = calls.run(begun, call).finally(() => begun.forget());
  const late = clock
    .sleep(timeoutMs, AbortSignal.any([signal, answered.signal]))
    .then(() => timedOut(timeoutMs, begun.waitingFor()));
  try {
    return await Promise.race([answer, late.then((error) => Promise.reject(error))]);
  } catch (error) {
    // Those that lose the race have nobody else who hears of them.
    answer.catch(() => undefined);
    begun.end();
    throw error;
  } finally {
    late.catch(() => undefined);
    answered.abort(new Error('answered'));
  }
}

/** The promise's end, or the signal's, whichever comes first. */
export function raced<Value>(promise: Promise<Value>, signal?: AbortSignal): Promise<Value> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function timedOut(timeoutMs: number, waitingFor: readonly string[]): RecoverableError {
  const by = waitingFor.length === 0 ? '' : ` from ${waitingFor.join(', ')}`;
  return new RecoverableError('AWS_TIMEOUT', `no answer within ${timeoutMs / 1_000} s${by}`);
}

/** The requests and processes that a call has begun and that have not ended. */
class Begun {
  readonly #requests = new Set<ClientRequest>();
  readonly #processes = new Set<ChildProcess>();
  #isOver = false;

  readonly #onRequest = (message: unknown): void => {
    if (calls.getStore() !== this) return;
    const { request } = message as { request: ClientRequest };
    this.#requests.add(request);
    request.once('close', () => this.#requests.delete(request));
    // Its owner listens for errors only when the constructor is through.
    if (this.#isOver) process.nextTick(() => request.destroy());
  };

  readonly #onProcess = (message: unknown): void => {
    if (calls.getStore() !== this) return;
    const { process: child } = message as { process: ChildProcess };
    leadGroup(child);
    this.#processes.add(child);
    child.once('exit', () => this.#processes.delete(child));
    if (this.#isOver) child.once('spawn', () => endProcess(child));
  };

  constructor() {
    subscribe('http.client.request.created', this.#onRequest);
    subscribe('child_process', this.#onProcess);
  }

  /** Hosts and words, without paths and arguments: those may be secret. */
  waitingFor(): string[] {
    const hosts = [...this.#requests].map((request) => String(request.getHeader('host') ?? ''));
    return [...new Set([...hosts, ...[...this.#processes].map(() => 'the credential_process')])];
  }

  end(): void {
    this.#isOver = true;
    for (const request of this.#requests) request.destroy();
    for (const child of this.#processes) endProcess(child);
    setTimeout(() => this.forget(), LINGER_MS).unref();
  }

  forget(): void {
    unsubscribe('http.client.request.created', this.#onRequest);
    unsubscribe('child_process', this.#onProcess);
  }
}

/** What publishes a process does so before it is spawned. */
interface Spawning {
  spawn(options: Readonly<Record<string, unknown>>): unknown;
}

/**
 * A shell that is killed leaves what it runs: the process leads a group, which is ended as a whole.
 */
function leadGroup(child: ChildProcess): void {
  const spawning = child as unknown as Spawning;
  const spawn = spawning.spawn.bind(child);
  spawning.spawn = (options) => spawn({ ...options, detached: true });
}

/** The pipes too: whoever left the group and holds them open would hold this process. */
function endProcess(child: ChildProcess): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
