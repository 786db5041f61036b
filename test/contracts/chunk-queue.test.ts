/**
 * Runs the contract of queues over the durable queue, the queue in memory, and the one that tests
 * use.
 */
import { MemoryQueue as RunningMemoryQueue } from '../../src/queue/memory-queue.ts';
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

chunkQueueContract('queue in memory', async (context, lanes) => {
  const world = createWorld();
  const queue = new RunningMemoryQueue({ name: 'q', lanes, maxBytes: 1_000_000 }, world);
  await queue.start();
  onEnd(context, () => queue.stop());
  return { queue, clock: world.clock };
});

chunkQueueContract('queue of tests', (_, lanes) => {
  const { clock } = createWorld();
  return { queue: new MemoryQueue(lanes, clock), clock };
});
