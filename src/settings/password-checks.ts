/**
 * Checks passwords against hashes of bcrypt, which are slow on purpose: in a thread, one at a time,
 * so that wrong passwords cost their senders time and nobody else. The thread is started for the
 * first check and ends when there was none for a while.
 * Limits: WAITING_MAX checks under way and waiting; REMEMBERED_MAX results of each kind, kept by a
 * hash whose key is random and of this process. Wrong passwords never push out right ones.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { PasswordComparison } from './password-thread.ts';

const WAITING_MAX = 32;
const REMEMBERED_MAX = 100;
const IDLE_MS = 10_000;
/** The compiler does not rewrite URLs: the file beside this one ends as this one does. */
const FILE = new URL(`password-thread${extname(import.meta.filename)}`, import.meta.url);

export class PasswordChecks {
  readonly #key = randomBytes(32);
  readonly #right = new Set<string>();
  readonly #wrong = new Set<string>();
  /** Checks under way and waiting, which further requests with the same password share. */
  readonly #pending = new Map<string, Promise<boolean>>();
  #last: Promise<unknown> = Promise.resolve();
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;

  /**
   * Whether the password of a user belongs to the hash; `busy` where too many wait already.
   *
   * @throws Error where the thread can't be had
   */
  async check(user: string, comparison: PasswordComparison): Promise<boolean | 'busy'> {
    const { hash, password } = comparison;
    const parts = JSON.stringify([user, hash, password]);
    const known = createHmac('sha256', this.#key).update(parts).digest('base64');
    if (this.#right.has(known)) return true;
    if (this.#wrong.has(known)) return false;
    const pending = this.#pending.get(known);
    if (pending !== undefined) return pending;
    if (this.#pending.size >= WAITING_MAX) return 'busy';
    const checked = this.#last.then(() => this.#compare(comparison));
    this.#last = checked.catch(() => undefined);
    this.#pending.set(known, checked);
    try {
      const isRight = await checked;
      remember(isRight ? this.#right : this.#wrong, known);
      return isRight;
    } finally {
      this.#pending.delete(known);
    }
  }

  #compare(comparison: PasswordComparison): Promise<boolean> {
    clearTimeout(this.#idle);
    const worker = (this.#worker ??= this.#open());
    return new Promise<boolean>((resolve, reject) => {
      const settle = (act: () => void): void => {
        worker.off('message', onMessage).off('error', onError).off('exit', onExit);
        this.#idle = setTimeout(() => void this.#end(), IDLE_MS).unref();
        act();
      };
      const onMessage = (isRight: boolean): void => settle(() => resolve(isRight));
      const onError = (error: Error): void => settle(() => reject(error));
      const onExit = (): void => settle(() => reject(new Error('the thread has ended')));
      worker.on('message', onMessage).on('error', onError).on('exit', onExit);
      worker.postMessage(comparison, []);
    });
  }

  #open(): Worker {
    const worker = new Worker(FILE, { name: 'passwords' });
    worker.unref();
    // Without a listener an error would end the process; whoever waits hears of it too.
    const leave = (): void => {
      if (this.#worker === worker) this.#worker = undefined;
    };
    worker.on('error', leave);
    worker.once('exit', leave);
    return worker;
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}

/** The one that is there for longest makes room. */
function remember(known: Set<string>, one: string): void {
  const [first] = known;
  if (known.size >= REMEMBERED_MAX && first !== undefined) known.delete(first);
  known.add(one);
}
