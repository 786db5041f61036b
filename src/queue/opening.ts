/**
 * The start of a queue: chunks that an earlier run left on disk become entries of lanes again, and
 * what a crash has damaged is repaired, counted and logged.
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

/** Chunks that are put into lanes between two yields. */
const SLICE = 2_048;

/**
 * Fills the lanes with the chunks on disk that are not done, in slices: a full queue may have
 * hundred thousands. Throws the file system's error.
 */
export function* resumeFromDisk(options: OpeningOptions): Generator<undefined, void, undefined> {
  const { store, progress, lanes, clock, corrupt, log } = options;
  const segmentMax = Math.max(secondsNow(clock), store.findNewestOnDisk());
  if (!progress.load(segmentMax)) {
    corrupt.with({ part: 'cursor' }).inc();
    log.warn('queue cursor is damaged: everything on disk is sent again');
  }
  const scan = yield* store.open(lastSegmentOfOthers(progress, clock));
  // All chunks up to the last one that was written with another number of lanes are carried over.
  // So each target's chunks stay in order.
  const last = scan.chunks.findLastIndex(({ header }) => header.lanes !== lanes.count);
  for (const [index, stored] of scan.chunks.entries()) {
    if (progress.isDone(stored)) store.release(stored);
    else lanes.push(storedEntry(stored, index <= last));
    if (index % SLICE === SLICE - 1) yield;
  }
  store.sweep();
  if (last < 0) progress.keepOnly(lanes.count);
  sayRepaired(scan, options);
  const { items } = lanes;
  if (items > 0) log.info('queue resumes', { items });
}

/**
 * New segments get numbers that no earlier run can have used, the time in seconds among them. A
 * suspended process that has lost its lock may still write its cursor; with numbers of its own, the
 * new chunks do not count as done by that cursor.
 */
function lastSegmentOfOthers(progress: Progress, clock: Clock): number {
  return Math.max(secondsNow(clock), progress.newestSegment);
}

function secondsNow(clock: Clock): number {
  return Math.floor(clock.nowMs() / 1_000);
}

function sayRepaired({ badHeaders, tornBytes }: StoreScan, options: OpeningOptions): void {
  const { corrupt, log } = options;
  if (badHeaders > 0) corrupt.with({ part: 'header' }).inc(badHeaders);
  if (tornBytes > 0) corrupt.with({ part: 'tail' }).inc();
  if (badHeaders === 0 && tornBytes === 0) return;
  log.warn('queue repaired: chunks behind damaged headers are lost and cannot be counted', {
    bad_headers: badHeaders,
    torn_bytes: tornBytes,
  });
}
