/**
 * One shard: takes the next batch of its lanes, delivers it, acknowledges it, one after the other.
 * A batch stays at the head of its lanes until it is delivered, or lost and counted. So order is
 * kept, and a stop in the middle loses nothing: the next run sends again what was not acknowledged.
 */
import type { World } from '../kernel/world.ts';
import type { BatchLimits, Chunk, ChunkQueue } from '../model/queue.ts';
import type { AttemptSignals, Deliver } from './attempt.ts';
import type { DeliverySettings } from './settings.ts';

/** Room for what a protocol adds to the chunks, such as the preamble of a joined snappy block. */
const FRAME_BYTES = 5;

export interface ShardOptions {
  readonly queue: ChunkQueue;
  readonly settings: DeliverySettings;
  readonly deliver: Deliver;
  readonly world: Pick<World, 'clock' | 'log'>;
}

/**
 * Sends the batches of some lanes until `ending` aborts or the drained lanes are empty. Never
 * rejects.
 */
export async function runShard(
  lanes: readonly number[],
  { queue, settings, deliver, world }: ShardOptions,
  signals: AttemptSignals,
): Promise<void> {
  const { maxItemsPerSend, maxBytesPerSend, batchSendDeadlineMs, maxBackoffMs } = settings;
  const limits: BatchLimits = {
    maxItems: maxItemsPerSend,
    maxBytes: maxBytesPerSend - FRAME_BYTES,
    maxRawBytes: maxBytesPerSend,
  };
  const { ending } = signals;
  while (!ending.aborted) {
    try {
      const batch = await queue.next(lanes, limits, batchSendDeadlineMs, ending);
      if (batch === undefined) return;
      const { chunks, wallOffsetMs } = batch;
      // Parts of chunks are unknown to the queue: such a chunk is acknowledged with its batch.
      const onSettled = (done: readonly Chunk[]): void => queue.acknowledge({ chunks: done });
      await deliver(chunks, 1, { ...signals, wallOffsetMs, onSettled });
      queue.acknowledge(batch);
    } catch (error) {
      if (ending.aborted) return;
      world.log.error('a sender failed; it goes on', { lanes: lanes.join(','), error });
      await world.clock.sleep(maxBackoffMs, ending).catch(() => undefined);
    }
  }
}
