/**
 * The schedule of one loop: moments of its grid (grid.ts) on the clocks of the process, and the
 * wait for the next of them.
 */
import { hash } from 'node:crypto';
import type { Alarm } from '../kernel/alarms.ts';
import { type Clock, type Moment, readMoment } from '../kernel/clock.ts';
import { findFirstScrape, findNextTick, findStep, type FirstScrape } from './grid.ts';

export interface ScheduleOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  /** The offset of the ticks in the interval, [0, interval). */
  readonly offsetMs: number;
  /** Called when the moment that is waited for has come. */
  readonly onDue: (due: Moment) => void;
}

/** A wait that has so little left is over. */
const REST_MAX_MS = 2;

export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #alarm: Alarm;
  /** What is waited for. */
  #due: Moment | undefined;

  constructor(options: ScheduleOptions) {
    this.#options = options;
    this.#alarm = options.clock.alarm(() => this.#ring());
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

  /** Waits for a moment by elapsed time; `onDue` is called when it comes. */
  waitFor(due: Moment): void {
    this.#due = due;
    this.#alarm.set(this.#measureRest(due));
  }

  /** Ends the wait. @returns what was waited for; undefined where nothing was */
  endWait(): Moment | undefined {
    const due = this.#due;
    this.#due = undefined;
    this.#alarm.clear();
    return due;
  }

  #ring(): void {
    const due = this.#due;
    if (due === undefined) return;
    // Where the wall clock ran slow meanwhile, a little of the wait is left.
    const restMs = this.#measureRest(due);
    if (restMs > REST_MAX_MS) {
      this.#alarm.set(restMs);
      return;
    }
    this.#due = undefined;
    this.#options.onDue(due);
  }

  #measureRest(due: Moment): number {
    return this.readWallMs(due) - this.#options.clock.nowMs();
  }

  /** The moment of a time by the wall clock as it is set now. */
  #at(wallMs: number): Moment {
    const now = this.now();
    return { wallMs, elapsedMs: now.elapsedMs + wallMs - now.wallMs };
  }
}

/**
 * Targets are scraped in slots: two that are due within one cost a wake-up of the process, which
 * is more than a small page does (136 targets a second: a third of their CPU time).
 */
const SLOT_MAX_MS = 20;
/** An interval has so many slots at least. */
const SLOTS_MIN = 50;

/**
 * The offset of a target in its interval: the same after a restart, and evenly spread over the
 * targets.
 */
export function spreadOffset(
  target: { readonly key: string; readonly intervalMs: number },
  seed: string,
): number {
  const { key, intervalMs } = target;
  const digest = hash('sha256', `${seed} ${key}`, 'buffer');
  const offsetMs = digest.readUIntBE(0, 6) % intervalMs;
  const slotMs = Math.max(1, Math.min(SLOT_MAX_MS, Math.floor(intervalMs / SLOTS_MIN)));
  return offsetMs - (offsetMs % slotMs);
}
