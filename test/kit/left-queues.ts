/**
 * A storage folder that collectors share, for tests: what others have left in it, and sinks that
 * note what they send and from which folder.
 */
import { mkdirSync, readdirSync, utimesSync } from 'node:fs';
import path from 'node:path';
import type { QueuedSinkPlan } from '../../src/config/plan.ts';
import { DELIVERY_DEFAULTS } from '../../src/delivery/settings.ts';
import type { SinkParts, Sink } from '../../src/sinks/sink.ts';
import { openQueue } from './durable-queue.ts';
import { EVERYTHING, numberedChunk, numbersOf } from './numbered-chunks.ts';

/** A name of a folder as a process makes it, by a number. */
export function folderName(number: number): string {
  return `20260101T000000-${String(number).padStart(8, '0')}`;
}

/** Leaves numbers in a queue of a folder, as if they had been appended at a time, in seconds. */
export async function leaveNumbers(
  root: string,
  name: string,
  { queue = 'a', numbers, atS = 1_000 }: { queue?: string; numbers: number[]; atS?: number },
): Promise<void> {
  const directory = path.join(root, name, queue);
  mkdirSync(directory, { recursive: true });
  const left = await openQueue(directory);
  for (const number of numbers) left.append(numberedChunk(number));
  await left.stop();
  for (const file of readdirSync(directory)) utimesSync(path.join(directory, file), atS, atS);
}

/** A sink whose queues are folders of its name; it sends one number after the other. */
export class NotingSink {
  readonly name: string;
  readonly sent: number[] = [];
  /** Sends no further number from this one on. */
  stopsBefore = Infinity;
  readonly plan: QueuedSinkPlan;

  constructor(name = 'a') {
    this.name = name;
    this.plan = {
      id: `test/${name}`,
      name,
      kind: 'remote_write',
      version: '1',
      folder: name,
      transforms: [],
      position: 'x.yml:1:1',
      shownAddress: '',
      signals: ['metrics'],
      settings: {},
      delivery: { ...DELIVERY_DEFAULTS, shardsMax: 1 },
      open: (parts) => this.#open(parts),
    };
  }

  #open({ queue }: SinkParts): Sink {
    const ending = new AbortController();
    let sending: Promise<void> = Promise.resolve();
    const stop = async (): Promise<void> => {
      ending.abort();
      await sending;
    };
    return {
      name: this.name,
      start: () => {
        sending = this.#send(queue, ending.signal);
        return Promise.resolve();
      },
      stop,
      release: stop,
      countDropped: () => undefined,
    };
  }

  async #send(queue: SinkParts['queue'], signal: AbortSignal): Promise<void> {
    for (;;) {
      const batch = await queue.next([0], { ...EVERYTHING, maxItems: 1 }, 0, signal);
      const [number] = numbersOf(batch);
      if (batch === undefined || number === undefined) return;
      if (number >= this.stopsBefore) {
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        return;
      }
      this.sent.push(number);
      queue.acknowledge(batch);
    }
  }
}
