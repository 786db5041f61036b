/**
 * The schedule of one loop: moments of its grid (grid.ts) on the clocks of the process, and the
 * waits for them.
 */
import { hash } from 'node:crypto';
import { type Clock, type Moment, readMoment } from '../kernel/clock.ts';
import { findFirstScrape, findNextTick, findStep, type FirstScrape } from './grid.ts';

export interface ScheduleOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  /** The offset of the ticks in the interval, [0, interval). */
  readonly offsetMs: number;
}

/** A wait that has so little left is over. */
const REST_MAX_MS = 2;

export class Schedule {
  readonly #options: ScheduleOptions;

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  now(): Moment {
    return readMoment(this.#options.clock);
  }

  /** The time of a moment by the wall clock as it is set now. */
  readWallMs(moment: Moment): number {
    return moment.wallMs + findStep(moment, this.now(), this.#options.intervalMs);
  }

  /** @param pending  when the loop before would have scraped next */
  findFirst(
    pending: Moment | undefined,
    rest: Pick<FirstScrape, 'firstWithinMs' | 'hasSeries' | 'othersSinceMs'>,
  ): Moment {
    const { intervalMs, offsetMs } = this.#options;
    const { wallMs: nowMs } = this.now();
    const pendingMs = pending === undefined ? undefined : this.readWallMs(pending);
    return this.#at(findFirstScrape({ ...rest, nowMs, intervalMs, offsetMs, pendingMs }));
  }

  /** The next tick after one that was due, and how many between them are left out. */
  findNext(due: Moment): { readonly due: Moment; readonly missed: number } {
    const { intervalMs, offsetMs } = this.#options;
    const dueMs = this.readWallMs(due);
    // After a first scrape off the grid the next tick may be very near: it is then left out.
    const fromMs = Math.max(this.now().wallMs, dueMs + intervalMs / 2);
    const nextMs = findNextTick(fromMs, intervalMs, offsetMs);
    const missed = Math.floor((nextMs - dueMs) / intervalMs) - 1;
    return { due: this.#at(nextMs), missed: Math.max(0, missed) };
  }

  /** Waits for a moment by elapsed time; rejects with the signal's reason when it aborts first. */
  async sleepUntil(due: Moment, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    let restMs = this.readWallMs(due) - clock.nowMs();
    do {
      await clock.sleep(restMs, signal);
      // Where the wall clock ran slow meanwhile, a little of the wait is left.
      restMs = this.readWallMs(due) - clock.nowMs();
    } while (restMs > REST_MAX_MS);
  }

  /** The moment of a time by the wall clock as it is set now. */
  #at(wallMs: number): Moment {
    const now = this.now();
    return { wallMs, elapsedMs: now.elapsedMs + wallMs - now.wallMs };
  }
}

/**
 * The offset of a target in its interval: the same after a restart, and evenly spread over the
 * targets.
 */
export function spreadOffset(
  target: { readonly key: string; readonly intervalMs: number },
  seed: string,
): number {
  const digest = hash('sha256', `${seed} ${target.key}`, 'buffer');
  return digest.readUIntBE(0, 6) % target.intervalMs;
}
