/**
 * The start of a queue: what an earlier run has left on disk becomes entries of lanes again, and
 * what a crash has damaged is repaired, counted and said.
 */
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import { storedEntry } from './entry.ts';
import type { Lanes } from './lanes.ts';
import type { QueueMetrics } from './metrics.ts';
import type { Progress } from './progress.ts';
import type { SegmentStore, StoreScan } from './store.ts';

export interface OpeningOptions {
  readonly store: SegmentStore;
  readonly progress: Progress;
  readonly lanes: Lanes;
  readonly clock: Clock;
  readonly corrupt: QueueMetrics['corrupt'];
  readonly log: Logger;
}

/** Throws the file system's error. */
export function resumeFromDisk(options: OpeningOptions): void {
  const { store, progress, lanes, clock, log } = options;
  if (!progress.load()) log.warn('queue cursor is damaged: what is on disk is sent again');
  const scan = store.open(lastSegmentOfOthers(progress, clock));
  // Up to the last chunk of another number of lanes all is carried over: so each target's chunks
  // stay in order.
  const last = scan.chunks.findLastIndex(({ header }) => header.lanes !== lanes.count);
  for (const [index, stored] of scan.chunks.entries()) {
    if (progress.isDone(stored)) store.release(stored);
    else lanes.push(storedEntry(stored, index <= last));
  }
  store.sweep();
  if (last < 0) progress.keepOnly(lanes.count);
  sayRepaired(scan, options);
  const { items } = lanes;
  if (items > 0) log.info('queue resumes', { items });
}

/**
 * Segments get numbers that no earlier run has used: one that lost the lock while it stood still
 * may yet write its cursor, and what lies behind that must not be taken for done.
 */
function lastSegmentOfOthers(progress: Progress, clock: Clock): number {
  return Math.max(Math.floor(clock.nowMs() / 1_000), progress.newestSegment);
}

function sayRepaired({ badHeaders, tornBytes }: StoreScan, options: OpeningOptions): void {
  const { corrupt, log } = options;
  if (badHeaders > 0) corrupt.with({ part: 'header' }).inc(badHeaders);
  if (tornBytes > 0) corrupt.with({ part: 'tail' }).inc();
  if (badHeaders === 0 && tornBytes === 0) return;
  log.warn('queue repaired: what stood at damaged headers is lost, and cannot be counted', {
    bad_headers: badHeaders,
    torn_bytes: tornBytes,
  });
}
