/**
 * One lane of a queue: its chunks in order, their sums, and the one sender that may wait for them.
 * Entries that left out of turn (the disk cap, a bad chunk) stay in the list as `gone` until they come to its head.
 */
import type { BatchLimits } from '../model/queue.ts';
import { Fifo } from './fifo.ts';
import type { Place } from './store.ts';

/** A chunk that is not done, on disk (`place`), in memory (`bytes`) or both. */
export interface Entry {
  readonly lane: number;
  readonly length: number;
  readonly samples: number;
  readonly rawBytes: number;
  readonly oldestMs: number;
  readonly newestMs: number;
  readonly appendedMs: number;
  /** Written when there was another number of lanes: goes before all others. */
  readonly legacy: boolean;
  bytes: Uint8Array | undefined;
  place: Place | undefined;
  gone: boolean;
  /** Handed to a sender, which has not acknowledged it yet. */
  isHanded?: boolean;
}

export class Lane {
  samples = 0;
  bytes = 0;
  rawBytes = 0;
  chunks = 0;
  readonly #entries = new Fifo<Entry>();
  #waiter: { readonly limits: BatchLimits; readonly wake: () => void } | undefined;

  push(entry: Entry): void {
    this.#entries.push(entry);
    this.samples += entry.samples;
    this.bytes += entry.length;
    this.rawBytes += entry.rawBytes;
    this.chunks += 1;
    if (this.#waiter === undefined) return;
    if (this.chunks === 1 || this.fills(this.#waiter.limits)) this.wake();
  }

  /** Takes an entry out of the sums; it leaves the list when it comes to the head. */
  remove(entry: Entry): void {
    entry.gone = true;
    this.samples -= entry.samples;
    this.bytes -= entry.length;
    this.rawBytes -= entry.rawBytes;
    this.chunks -= 1;
  }

  oldest(): Entry | undefined {
    let entry = this.#entries.at(0);
    while (entry?.gone === true) {
      this.#entries.shift();
      entry = this.#entries.at(0);
    }
    return entry;
  }

  /** Whether what waits makes a full batch. */
  fills(limits: BatchLimits): boolean {
    return (
      this.samples >= limits.maxSamples ||
      this.bytes >= limits.maxBytes ||
      this.rawBytes >= limits.maxRawBytes
    );
  }

  /** The oldest entries that fit the limits together, at least one if there is any. */
  fit(limits: BatchLimits): Entry[] {
    const fitting: Entry[] = [];
    const sum = { samples: 0, bytes: 0, rawBytes: 0 };
    if (this.oldest() === undefined) return fitting;
    for (let i = 0; i < this.#entries.length; i++) {
      const entry = this.#entries.at(i);
      if (entry === undefined || entry.gone) continue;
      sum.samples += entry.samples;
      sum.bytes += entry.length;
      sum.rawBytes += entry.rawBytes;
      const over =
        sum.samples > limits.maxSamples ||
        sum.bytes > limits.maxBytes ||
        sum.rawBytes > limits.maxRawBytes;
      if (over && fitting.length > 0) break;
      fitting.push(entry);
    }
    return fitting;
  }

  wait(limits: BatchLimits, wake: () => void): void {
    this.#waiter = { limits, wake };
  }

  wake(): void {
    this.#waiter?.wake();
    this.#waiter = undefined;
  }
}
