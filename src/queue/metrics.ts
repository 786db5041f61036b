/** The metrics of a queue: what waits, what it takes on disk, and what was lost or damaged. */
import type { Counter, Family, Gauge, Registry } from '../kernel/metrics.ts';

export interface QueueMetrics {
  /** A counter for each `reason`. */
  readonly dropped: Family<Counter>;
  /** A counter for each `part`: header, chunk, tail, cursor. */
  readonly corrupt: Family<Counter>;
  readonly diskRefuses: Gauge;
}

interface QueueState {
  readonly chunks: number;
  readonly items: number;
  readonly diskBytes: number;
  readonly unwrittenBytes: number;
}

export function newQueueMetrics(
  registry: Registry,
  queue: string,
  read: () => QueueState,
): QueueMetrics {
  const gauge = (name: string, help: string): Gauge => registry.gauges(name, help).with({ queue });
  const chunks = gauge('queue_pending_chunks', 'Chunks that are not delivered yet.');
  const items = gauge('queue_pending_items', 'Items that are not delivered yet.');
  const disk = gauge('queue_disk_bytes', 'Size of the segment files.');
  const memory = gauge('queue_unwritten_bytes', 'Chunks that a full disk did not take.');
  registry.onCollect(() => {
    const state = read();
    chunks.set(state.chunks);
    items.set(state.items);
    disk.set(state.diskBytes);
    memory.set(state.unwrittenBytes);
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
    diskRefuses: gauge('queue_disk_refuses', 'Whether the disk takes nothing (1) or works (0).'),
  };
}
