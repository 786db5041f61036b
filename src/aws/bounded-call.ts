/**
 * A time limit for code that takes neither a limit nor an AbortSignal: the SDK's credential
 * providers ask endpoints and start processes (credential_process), and wait for them without a
 * limit. When a call is given up, its requests and processes are ended too, so that they do not
 * pile up while an endpoint hangs, nor keep this process from stopping. Not for code of our own,
 * which takes a signal.
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

/** Tells the requests and processes of one call from all others of this process. */
const calls = new AsyncLocalStorage<Begun>();
/**
 * A call that was given up may still retry by itself. For this long, requests and processes that it
 * begins are ended at once.
 */
const LINGER_MS = 30_000;

/**
 * Runs the call until it settles, the time is up or the signal aborts.
 *
 * @throws RecoverableError AWS_TIMEOUT, which names the hosts or process that did not answer; the
 *         signal's reason; what the call throws
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
    .then(() => describeTimeout(timeoutMs, begun.listPending()));
  try {
    return await Promise.race([answer, late.then((error) => Promise.reject(error))]);
  } catch (error) {
    // A promise that loses the race may reject later: unhandled, that would end the process.
    answer.catch(() => undefined);
    begun.end();
    throw error;
  } finally {
    late.catch(() => undefined);
    answered.abort(new Error('answered'));
  }
}

/** Settles as `promise` does, or rejects with the signal's reason if it aborts first. */
export function raced<Value>(promise: Promise<Value>, signal?: AbortSignal): Promise<Value> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function describeTimeout(timeoutMs: number, pending: readonly string[]): RecoverableError {
  const from = pending.length === 0 ? '' : ` from ${pending.join(', ')}`;
  return new RecoverableError('AWS_TIMEOUT', `no answer within ${timeoutMs / 1_000} s${from}`);
}

/** The requests and processes that a call has begun and that have not ended yet. */
class Begun {
  readonly #requests = new Set<ClientRequest>();
  readonly #processes = new Set<ChildProcess>();
  #isOver = false;

  readonly #onRequest = (message: unknown): void => {
    if (calls.getStore() !== this) return;
    const { request } = message as { request: ClientRequest };
    this.#requests.add(request);
    request.once('close', () => this.#requests.delete(request));
    // The owner of the request adds its error listener only after the constructor has returned.
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

  /** The hosts and processes still waited for; without paths and arguments, which may be secret. */
  listPending(): string[] {
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

/** The wrapped part of a ChildProcess: Node publishes the object before it calls `spawn`. */
interface Spawning {
  spawn(options: Readonly<Record<string, unknown>>): unknown;
}

/**
 * Makes the process the leader of a group, which can be killed as a whole: killing a shell alone
 * would leave the programs that it runs.
 */
function leadGroup(child: ChildProcess): void {
  const spawning = child as unknown as Spawning;
  const spawn = spawning.spawn.bind(child);
  spawning.spawn = (options) => spawn({ ...options, detached: true });
}

/**
 * Kills the process with its group and closes its pipes: a program that has left the group and
 * holds a pipe open would keep this process from ending.
 */
function endProcess(child: ChildProcess): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group has ended already.
  }
}
