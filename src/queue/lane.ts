/**
 * One lane of a queue: its chunks in order, their sums, and the one sender that may wait for them.
 * An entry that leaves out of turn (the disk cap, a bad chunk) is marked as gone and stays in the
 * list until it is at the head: taking it out of the middle would copy the list.
 */
import { CLOCK_STEP_MIN_MS } from '../kernel/clock.ts';
import type { BatchLimits } from '../model/queue.ts';
import type { Entry } from './entry.ts';
import { Fifo } from './fifo.ts';

export interface Waiter {
  /** True while its lanes are empty: any chunk wakes it, since a deadline begins then. */
  readonly wantsFirst: boolean;
  /** Whether its lanes hold a full batch by now. */
  readonly isEnough: () => boolean;
  readonly wake: () => void;
}

export class Lane {
  items = 0;
  bytes = 0;
  rawBytes = 0;
  chunks = 0;
  readonly #entries = new Fifo<Entry>();
  #waiter: Waiter | undefined;

  push(entry: Entry): void {
    this.#entries.push(entry);
    this.items += entry.items;
    this.bytes += entry.length;
    this.rawBytes += entry.rawBytes;
    this.chunks += 1;
    const waiter = this.#waiter;
    if (waiter === undefined) return;
    if (waiter.wantsFirst || waiter.isEnough()) this.wake();
  }

  /** Marks an entry as gone and takes it out of the sums; the list drops it at the head. */
  remove(entry: Entry): void {
    entry.isGone = true;
    this.items -= entry.items;
    this.bytes -= entry.length;
    this.rawBytes -= entry.rawBytes;
    this.chunks -= 1;
  }

  /** The oldest entry that is not gone; drops the gone ones before it from the list. */
  oldest(): Entry | undefined {
    let entry = this.#entries.at(0);
    while (entry?.isGone === true) {
      this.#entries.shift();
      entry = this.#entries.at(0);
    }
    return entry;
  }

  /** The entries that are not gone, oldest first. */
  *live(): Generator<Entry> {
    for (let i = 0; i < this.#entries.length; i++) {
      const entry = this.#entries.at(i);
      if (entry !== undefined && !entry.isGone) yield entry;
    }
  }

  /** Adds the oldest entries that fit the batch and are not held back; false at the first other. */
  addTo(batch: FillingBatch): boolean {
    if (this.oldest() === undefined) return true;
    for (let i = 0; i < this.#entries.length; i++) {
      const entry = this.#entries.at(i);
      if (entry === undefined || entry.isGone) continue;
      if (!batch.add(entry)) return false;
    }
    return true;
  }

  wait(waiter: Waiter): void {
    this.#waiter = waiter;
  }

  wake(): void {
    this.#waiter?.wake();
    this.#waiter = undefined;
  }
}

/**
 * A batch in the making: entries up to its limits, and at least one. All are of one setting of the
 * wall clock: after it was set back, a receiver may refuse what was appended since, and what was
 * appended before must not be refused with it.
 */
class FillingBatch {
  readonly entries: Entry[] = [];
  readonly #limits: BatchLimits;
  readonly #heldFromMs: number;
  #items = 0;
  #bytes = 0;
  #rawBytes = 0;

  constructor(limits: BatchLimits, heldFromMs: number) {
    this.#limits = limits;
    this.#heldFromMs = heldFromMs;
  }

  /** False when the entry does not fit, or is held back. */
  add(entry: Entry): boolean {
    if (entry.appendedMs >= this.#heldFromMs) return false;
    const { maxItems, maxBytes, maxRawBytes } = this.#limits;
    const isOver =
      this.#items + entry.items > maxItems ||
      this.#bytes + entry.length > maxBytes ||
      this.#rawBytes + entry.rawBytes > maxRawBytes;
    const [first] = this.entries;
    if (first !== undefined && (isOver || isStepBetween(first, entry))) return false;
    this.#items += entry.items;
    this.#bytes += entry.length;
    this.#rawBytes += entry.rawBytes;
    this.entries.push(entry);
    return true;
  }
}

/** Not known of what an earlier run has left. */
function isStepBetween(a: Entry, b: Entry): boolean {
  const stepMs = Math.abs(a.wallOffsetMs - b.wallOffsetMs);
  return stepMs >= CLOCK_STEP_MIN_MS && stepMs < Infinity;
}

/** Whether the lanes together hold as much as a batch may, by any of its limits. */
export function isFullBatch(lanes: readonly Lane[], limits: BatchLimits): boolean {
  let items = 0;
  let bytes = 0;
  let rawBytes = 0;
  for (const lane of lanes) {
    items += lane.items;
    bytes += lane.bytes;
    rawBytes += lane.rawBytes;
  }
  return items >= limits.maxItems || bytes >= limits.maxBytes || rawBytes >= limits.maxRawBytes;
}

/**
 * Picks the oldest entries of the lanes up to the limits of a batch; the lane whose head has waited
 * longest comes first.
 *
 * @param heldFromMs  what was appended at this elapsed time or later stays
 */
export function takeBatch(
  lanes: readonly Lane[],
  limits: BatchLimits,
  heldFromMs = Infinity,
): readonly Entry[] {
  const batch = new FillingBatch(limits, heldFromMs);
  const headMs = (lane: Lane): number => lane.oldest()?.appendedMs ?? Infinity;
  const byAge = lanes.toSorted((a, b) => headMs(a) - headMs(b));
  for (const lane of byAge) if (!lane.addTo(batch)) break;
  return batch.entries;
}
