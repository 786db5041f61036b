/** Chunks that contain their number, for tests of queues: they can be read without an encoder. */
import type { Batch, BatchLimits, Chunk, ChunkQueue } from '../../src/model/queue.ts';

export const EVERYTHING: BatchLimits = { maxItems: 1e9, maxBytes: 1e9, maxRawBytes: 1e9 };

/** A chunk of one item, padded to `size` bytes; its raw size is twice that. */
export function numberedChunk(number: number, lane = 0, size = 20): Chunk {
  const bytes = Buffer.alloc(size, `#${number} `);
  return { bytes, items: 1, oldestMs: number, newestMs: number + 1, lane, rawBytes: size * 2 };
}

export function numbersOf(batch: Batch | undefined): number[] {
  return (batch?.chunks ?? []).map((one) =>
    Number(/^#(\d+) /.exec(Buffer.from(one.bytes).toString())?.[1]),
  );
}

/** Drains the queue and takes the remaining chunks of a lane, in order. */
export async function takeAll(queue: ChunkQueue, lane = 0): Promise<number[]> {
  const { signal } = new AbortController();
  queue.drain();
  const numbers: number[] = [];
  for (;;) {
    const batch = await queue.next([lane], EVERYTHING, 0, signal);
    if (batch === undefined) return numbers;
    numbers.push(...numbersOf(batch));
    queue.acknowledge(batch);
  }
}
