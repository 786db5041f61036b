/** A started durable queue in a folder, for tests. */
import type { DurableQueueOptions } from '../../src/queue/options.ts';
import { DurableQueue } from '../../src/queue/queue.ts';
import { createWorld, type TestWorld } from './world.ts';

/** Opens a queue with one lane and no cap, unless the options say otherwise. */
export async function openQueue(
  directory: string,
  options: Partial<DurableQueueOptions> = {},
  world: Pick<TestWorld, 'clock' | 'log' | 'metrics'> = createWorld(),
): Promise<DurableQueue> {
  const plain = { name: 'test', directory, lanes: 1, capBytes: 1e9 };
  const queue = new DurableQueue({ ...plain, ...options }, world);
  await queue.start();
  return queue;
}
