/**
 * Reads what is in a queue's directory and changes nothing, so it may run beside the queue's
 * process.
 */
import { closeSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runAtOnce } from '../kernel/giving-way.ts';
import { openPrivate } from '../kernel/private-files.ts';
import { cursorKey, isBehind, readCursors } from './cursor.ts';
import { readChunk, readSegmentId, scanSegment } from './segment.ts';

/**
 * Below a storage folder that collectors share: holds the folder of each, with its queues. Beside
 * it is what all may write, such as the configuration.
 */
export const COLLECTORS = 'collectors';

export interface QueueContents {
  readonly segments: number;
  readonly bytes: number;
  /** Chunks that are not acknowledged yet, and their items. */
  readonly chunks: number;
  readonly items: number;
  /** Acknowledged chunks in segments that hold others too. */
  readonly doneChunks: number;
  /** Times of the oldest and the newest sample not acknowledged; undefined when there is none. */
  readonly oldestMs: number | undefined;
  readonly newestMs: number | undefined;
  /** Items not acknowledged by lane, as `lane of lanes`. */
  readonly byLane: ReadonlyMap<string, number>;
  readonly badHeaders: number;
  readonly badChunks: number;
  readonly tornBytes: number;
  readonly isCursorDamaged: boolean;
}

/** Throws the file system's error. */
export function inspectQueue(directory: string): QueueContents {
  const cursors = readCursors(directory);
  const files = readdirSync(directory).flatMap((name) => {
    const id = readSegmentId(name);
    return id === undefined ? [] : [{ name, id }];
  });
  const sum = {
    bytes: 0,
    chunks: 0,
    items: 0,
    doneChunks: 0,
    badHeaders: 0,
    badChunks: 0,
    tornBytes: 0,
  };
  let oldestMs = Infinity;
  let newestMs = -Infinity;
  const byLane = new Map<string, number>();
  for (const { name, id } of files.toSorted((a, b) => a.id - b.id)) {
    const path = join(directory, name);
    const scan = runAtOnce(scanSegment(path, false));
    sum.bytes += scan.size + scan.tornBytes;
    sum.badHeaders += scan.badHeaders;
    sum.tornBytes += scan.tornBytes;
    const fd = openPrivate(path, 'r');
    for (const header of scan.chunks) {
      if (readChunk(fd, header) === undefined) sum.badChunks += 1;
      const cursor = cursors?.get(cursorKey(header.lanes, header.lane));
      const position = { segment: id, offset: header.offset };
      if (cursor !== undefined && isBehind(position, cursor)) {
        sum.doneChunks += 1;
        continue;
      }
      sum.chunks += 1;
      sum.items += header.items;
      oldestMs = Math.min(oldestMs, header.oldestMs);
      newestMs = Math.max(newestMs, header.newestMs);
      const lane = `${header.lane} of ${header.lanes}`;
      byLane.set(lane, (byLane.get(lane) ?? 0) + header.items);
    }
    closeSync(fd);
  }
  return {
    ...sum,
    segments: files.length,
    oldestMs: Number.isFinite(oldestMs) ? oldestMs : undefined,
    newestMs: Number.isFinite(newestMs) ? newestMs : undefined,
    byLane,
    isCursorDamaged: cursors === undefined,
  };
}
