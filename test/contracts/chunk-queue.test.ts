/**
 * Runs the contract of queues over the durable queue and over the queue in memory that tests use.
 */
import { openQueue } from '../kit/durable-queue.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { MemoryQueue } from '../kit/memory-queue.ts';
import { createWorld } from '../kit/world.ts';
import { chunkQueueContract } from './chunk-queue.ts';
import { onEnd } from '../kit/ending.ts';

chunkQueueContract('durable queue', async (context, lanes) => {
  const world = createWorld();
  const queue = await openQueue(temporaryFolder(context), { lanes }, world);
  onEnd(context, () => queue.stop());
  return { queue, clock: world.clock };
});

chunkQueueContract('queue in memory', (_, lanes) => {
  const { clock } = createWorld();
  return { queue: new MemoryQueue(lanes, clock), clock };
});
