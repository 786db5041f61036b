/** Counts, for each target and each interval, how many collectors scraped it. */
import { INTERVAL_MS, type Visit } from './deployment.ts';

export interface Tally {
  /** Intervals of a target in which no collector scraped it, one did, or more than one. */
  readonly none: number;
  readonly one: number;
  readonly more: number;
  /** Longest time between two scrapes of a target. */
  readonly longestGapMs: number;
}

export function tally(visits: readonly (readonly Visit[])[], fromMs: number, toMs: number): Tally {
  let [none, one, more, longestGapMs] = [0, 0, 0, 0];
  for (const all of visits) {
    // Each target's intervals begin half-way between its scrapes, so that no scrape is near an
    // edge.
    const phaseMs = median(all.map(({ atMs }) => atMs % INTERVAL_MS));
    const startMs = Math.floor(fromMs / INTERVAL_MS) * INTERVAL_MS + phaseMs - INTERVAL_MS / 2;
    const intervals = Math.floor((toMs - startMs) / INTERVAL_MS);
    const came = Array.from({ length: intervals }, () => new Set<string>());
    for (const { atMs, collector } of all)
      came[Math.floor((atMs - startMs) / INTERVAL_MS)]?.add(collector);
    for (const { size } of came) {
      if (size === 0) none += 1;
      else if (size === 1) one += 1;
      else more += 1;
    }
    const times = [fromMs, ...all.map(({ atMs }) => atMs), toMs].filter(
      (atMs) => atMs >= fromMs && atMs <= toMs,
    );
    times.sort((a, b) => a - b);
    for (let i = 1; i < times.length; i++)
      longestGapMs = Math.max(longestGapMs, (times[i] ?? 0) - (times[i - 1] ?? 0));
  }
  return { none, one, more, longestGapMs };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
