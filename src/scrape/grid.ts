/**
 * When a loop scrapes: the grid t ≡ offset (mod interval) of its ticks, and its first scrape, which
 * may come before the grid. The grid is of the wall clock, waits are of elapsed time: when the wall
 * clock is set, the scrape that is waited for comes as if nothing had happened, and the next one is
 * on the grid again. Pure; all times are ms.
 */

import type { Moment } from '../kernel/clock.ts';

export interface FirstScrape {
  readonly nowMs: number;
  readonly intervalMs: number;
  /** The offset of the ticks in the interval, [0, interval). */
  readonly offsetMs: number;
  /** The first scrape comes within this time, also where the next tick is later. */
  readonly firstWithinMs: number;
  /** When the loop before would have scraped next; undefined where there was none. */
  readonly pendingMs: number | undefined;
  /** Whether the loop took over the series of the one before. */
  readonly hasSeries: boolean;
  /** When another process, on the same grid, ceased to scrape the target; undefined for none. */
  readonly othersSinceMs: number | undefined;
}

/** As of the kernel's clock: less is no step. */
const STEP_MIN_MS = 1_000;

/**
 * How far the wall clock was set between two moments; 0 where it only ran fast or slow, by less
 * than half the interval where that is short.
 */
export function findStep(from: Moment, to: Moment, intervalMs: number): number {
  const stepMs = to.wallMs - from.wallMs - (to.elapsedMs - from.elapsedMs);
  return Math.abs(stepMs) < Math.min(STEP_MIN_MS, intervalMs / 2) ? 0 : Math.round(stepMs);
}

/** The first tick after `fromMs`. */
export function findNextTick(fromMs: number, intervalMs: number, offsetMs: number): number {
  const periods = Math.floor((fromMs - offsetMs) / intervalMs) + 1;
  return periods * intervalMs + offsetMs;
}

/**
 * When a loop scrapes first: when the loop before it would have done so, that no reload brings a
 * scrape more or takes one away; without such a loop, soon.
 */
export function findFirstScrape(first: FirstScrape): number {
  const { nowMs, intervalMs, offsetMs, firstWithinMs, pendingMs, hasSeries, othersSinceMs } = first;
  if (pendingMs !== undefined) {
    // A scrape that was under way is made up for. Between a scrape and the next lie at most one and
    // a half intervals: what is later is of a longer interval, which the loop before had.
    if (pendingMs - nowMs <= intervalMs * 1.5) return Math.max(pendingMs, nowMs);
    return findNextTick(nowMs, intervalMs, offsetMs);
  }
  if (!hasSeries && othersSinceMs !== undefined) return findFirstAfterOthers(first, othersSinceMs);
  const soonMs = Math.round(offsetMs * Math.min(1, firstWithinMs / intervalMs));
  // The old loop's last sample may be of this millisecond, and two samples need two times.
  return nowMs + (hasSeries ? Math.max(1, soonMs) : soonMs);
}

/**
 * On the grid that the other process left; but where a tick fell between its last scrape and now,
 * that tick is made up for, before the next one.
 */
function findFirstAfterOthers(first: FirstScrape, sinceMs: number): number {
  const { nowMs, intervalMs, offsetMs, firstWithinMs } = first;
  const nextMs = findNextTick(nowMs, intervalMs, offsetMs);
  if (nextMs - intervalMs < sinceMs) return nextMs;
  // Where the other process died, many targets have missed a tick: their scrapes are spread out.
  const withinMs = Math.min(firstWithinMs, intervalMs, Math.max(0, nowMs - sinceMs));
  return Math.min(nextMs, nowMs + Math.round((offsetMs * withinMs) / intervalMs));
}
