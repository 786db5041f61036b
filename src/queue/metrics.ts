/**
 * The metrics of a queue: what waits, what it takes on disk and what it may take, and what was lost
 * or damaged.
 */
import type { Moment } from '../kernel/clock.ts';
import type { Counter, Family, Gauge, Registry } from '../kernel/metrics.ts';
import type { Lanes } from './lanes.ts';

export interface QueueMetrics {
  /** A counter for each `reason`. */
  readonly dropped: Family<Counter>;
  /** A counter for each `part`: header, chunk, tail, cursor. */
  readonly corrupt: Family<Counter>;
  readonly diskRefuses: Gauge;
  /** To be called when the queue has ended: what it holds is not shown any more. */
  readonly end: () => void;
}

export interface QueueState {
  readonly lanes: Lanes;
  readonly now: Moment;
  readonly diskBytes: number;
  readonly unwrittenBytes: number;
  /** What the files may take, or where there are none, what is in memory. */
  readonly capBytes: number;
  readonly maxAgeMs?: number | undefined;
}

export function newQueueMetrics(
  registry: Registry,
  queue: string,
  read: () => QueueState,
): QueueMetrics {
  const gauges: Family<Gauge>[] = [];
  const own = (family: Family<Gauge>): Gauge => {
    gauges.push(family);
    return family.with({ queue });
  };
  const chunks = own(registry.gauges('queue_pending_chunks', 'Chunks that are not delivered yet.'));
  const items = own(registry.gauges('queue_pending_items', 'Items that are not delivered yet.'));
  const disk = own(registry.gauges('queue_disk_bytes', 'Size of the segment files.'));
  const memory = own(
    registry.gauges(
      'queue_unwritten_bytes',
      'Chunks in memory alone: a full disk did not take them, or the queue has no folder.',
    ),
  );
  const cap = own(
    registry.gauges(
      'queue_cap_bytes',
      'Bytes that the queue may take on disk, or in memory without a folder; above it the oldest ' +
        'go.',
    ),
  );
  const oldest = own(
    registry.gauges(
      'queue_oldest_age_seconds',
      'Age of the newest item of the chunk that waits longest; 0 where none waits.',
    ),
  );
  const maxAge = own(
    registry.gauges(
      'queue_max_age_seconds',
      'Age above which chunks are dropped, since the receiver refuses them; 0 is no limit.',
    ),
  );
  const endCollecting = registry.onCollect(() => {
    const { lanes, now, diskBytes, unwrittenBytes, capBytes, maxAgeMs = 0 } = read();
    chunks.set(lanes.chunks);
    items.set(lanes.items);
    disk.set(diskBytes);
    memory.set(unwrittenBytes);
    cap.set(capBytes);
    oldest.set(lanes.oldestAgeMs(now) / 1_000);
    maxAge.set(maxAgeMs / 1_000);
  });
  const bound = (family: Family<Counter>): Family<Counter> => ({
    with: (labels) => family.with({ queue, ...labels }),
    remove: (labels) => family.remove({ queue, ...labels }),
  });
  return {
    dropped: bound(
      registry.counters('queue_dropped_items_total', 'Items lost by the queue, by reason.'),
    ),
    corrupt: bound(
      registry.counters('queue_corrupt_total', 'Damage found on disk and skipped, by part.'),
    ),
    diskRefuses: own(
      registry.gauges('queue_disk_refuses', 'Whether the disk takes nothing (1) or works (0).'),
    ),
    end() {
      endCollecting();
      for (const family of gauges) family.remove({ queue });
    },
  };
}
