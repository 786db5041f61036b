/**
 * Time as a dependency: everything that waits or reads the time takes a Clock, so that tests run on
 * virtual time.
 */

import { type Alarm, makeAlarm } from './alarms.ts';

export interface Clock {
  /**
   * Milliseconds since 1970, integer, by the wall clock: for timestamps and for what other machines
   * said. It may be set forth or back at any moment; waits and deadlines go by `elapsedMs`.
   */
  nowMs(): number;
  /** Milliseconds since some moment before the first call; they only grow, evenly. */
  elapsedMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** For one who waits again and again: nothing is made anew for each wait. */
  alarm(ring: () => void): Alarm;
}

/** A moment by both clocks. */
export interface Moment {
  /** Milliseconds since 1970, integer. */
  readonly wallMs: number;
  readonly elapsedMs: number;
}

export function readMoment(clock: Clock): Moment {
  return { wallMs: clock.nowMs(), elapsedMs: clock.elapsedMs() };
}

/**
 * A wall clock that moves by less against elapsed time was not set: it runs fast or slow, as where
 * it is adjusted little by little, or one of the two was read late.
 */
export const CLOCK_STEP_MIN_MS = 1_000;

/** The longest delay that setTimeout takes; longer sleeps are cut into pieces. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  elapsedMs: () => performance.now(),
  async sleep(ms, signal) {
    let rest = Math.max(0, ms);
    do {
      const piece = Math.min(rest, TIMER_MAX_MS);
      await sleepOnce(piece, signal);
      rest -= piece;
    } while (rest > 0);
  },
  alarm: makeAlarm,
};

function sleepOnce(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

interface Sleeper {
  /** Elapsed time. */
  readonly atMs: number;
  readonly order: number;
  wake(): void;
}

/**
 * A clock that stands still until a test moves it. Sleepers wake in order of time, then of arrival.
 */
export class VirtualClock implements Clock {
  #elapsedMs = 0;
  /** What the wall clock shows at elapsed time 0. */
  #wallMs: number;
  #order = 0;
  #sleepers: Sleeper[] = [];

  constructor(startMs = 1_700_000_000_000) {
    this.#wallMs = startMs;
  }

  nowMs(): number {
    return this.#wallMs + this.#elapsedMs;
  }

  elapsedMs(): number {
    return this.#elapsedMs;
  }

  /** Sets the wall clock forth or back. Nobody wakes: what waits goes by elapsed time. */
  step(ms: number): void {
    this.#wallMs += ms;
  }

  /** The number of pending sleeps. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  /** When the next sleep ends, epoch ms; undefined when nothing sleeps. */
  get nextWakeMs(): number | undefined {
    if (this.sleeping === 0) return undefined;
    return this.#wallMs + Math.min(...this.#sleepers.map(({ atMs }) => atMs));
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason as Error);
      };
      const sleeper: Sleeper = {
        atMs: this.#elapsedMs + Math.max(0, ms),
        order: this.#order++,
        wake: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  alarm(ring: () => void): Alarm {
    let sleeper: Sleeper | undefined;
    const clear = (): void => {
      this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
    };
    return {
      set: (ms) => {
        clear();
        const atMs = this.#elapsedMs + Math.max(0, ms);
        sleeper = { atMs, order: this.#order++, wake: ring };
        this.#sleepers.push(sleeper);
      },
      clear,
    };
  }

  /**
   * Moves time forward by `ms`. Sleepers wake at their time, and what each one starts settles
   * before the next one wakes.
   */
  async advance(ms: number): Promise<void> {
    const endMs = this.#elapsedMs + ms;
    await settle();
    for (;;) {
      const next = this.#sleepers
        .filter((sleeper) => sleeper.atMs <= endMs)
        .sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
      if (next === undefined) break;
      this.#sleepers = this.#sleepers.filter((other) => other !== next);
      this.#elapsedMs = Math.max(this.#elapsedMs, next.atMs);
      next.wake();
      await settle();
    }
    this.#elapsedMs = endMs;
  }
}

/** Lets pending promise chains and immediate callbacks finish. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}
