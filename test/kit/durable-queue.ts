/** A durable queue in a folder, started, for tests. */
import type { DurableQueueOptions } from '../../src/queue/options.ts';
import { DurableQueue } from '../../src/queue/queue.ts';
import { createWorld, type TestWorld } from './world.ts';

/** Of one lane and without a cap, unless told otherwise. */
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
