/**
 * When a loop scrapes: the grid t ≡ offset (mod interval) of its ticks, and its first scrape, which
 * may come before the grid. Pure; all times are ms since 1970.
 */

export interface FirstScrape {
  readonly nowMs: number;
  readonly intervalMs: number;
  /** The offset of the ticks in the interval, [0, interval). */
  readonly offsetMs: number;
  /** The first scrape comes within this time, also where the next tick is later. */
  readonly firstWithinMs: number;
  /** What the loop took over from the one before: the grid only of one for the same target. */
  readonly takenOver: 'nothing' | 'series' | 'series and grid';
  /** When another process, on the same grid, ceased to scrape the target; undefined for none. */
  readonly othersSinceMs: number | undefined;
}

/** The first tick after `fromMs`. */
export function findNextTick(fromMs: number, intervalMs: number, offsetMs: number): number {
  const periods = Math.floor((fromMs - offsetMs) / intervalMs) + 1;
  return periods * intervalMs + offsetMs;
}

/** When a loop scrapes first: soon, but on the grid where the target was scraped before. */
export function findFirstScrape(first: FirstScrape): number {
  const { nowMs, intervalMs, offsetMs, firstWithinMs, takenOver, othersSinceMs } = first;
  if (takenOver === 'series and grid') return findNextTick(nowMs, intervalMs, offsetMs);
  if (takenOver === 'nothing' && othersSinceMs !== undefined)
    return findFirstAfterOthers(first, othersSinceMs);
  const soonMs = Math.round(offsetMs * Math.min(1, firstWithinMs / intervalMs));
  // The old loop's last sample may be of this millisecond, and two samples need two times.
  return nowMs + (takenOver === 'nothing' ? soonMs : Math.max(1, soonMs));
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
