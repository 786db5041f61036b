/**
 * All lanes of a queue, and what happens when their number changes: a target's chunks must not
 * overtake each other, and with another number of lanes they go another way. So what waits is
 * carried over into the first lane, and nothing else leaves before it:
 *
 *     lane 0   ▒▒▒▒▒▒▒▒│█ █ █     ▒ carried over, in the order of append: first
 *     lane 1           │█ █       █ appended since: wait until no ▒ is left
 */
import { assert } from '../kernel/errors.ts';
import { byTimeOfAppend, type Entry } from './entry.ts';
import { Lane } from './lane.ts';

export class Lanes {
  #lanes: readonly Lane[];
  /** Entries that are carried over and not done. */
  #carriedOver = 0;

  constructor(count: number) {
    this.#lanes = newLanes(count);
  }

  get count(): number {
    return this.#lanes.length;
  }

  get items(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.items, 0);
  }

  get chunks(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.chunks, 0);
  }

  /** Throws where there is no lane of that number. */
  at(lane: number): Lane {
    const found = this.#lanes[lane];
    assert(found, `lane ${lane} of ${this.count}`);
    return found;
  }

  push(entry: Entry): void {
    if (entry.isCarriedOver) this.#carriedOver += 1;
    this.at(entry.lane).push(entry);
  }

  /**
   * An entry is done: its lane goes on behind it, and with the last one carried over all lanes do.
   */
  remove(entry: Entry): void {
    const lane = this.at(entry.lane);
    lane.remove(entry);
    // What is gone at the head is let go of now, not when somebody asks.
    lane.oldest();
    if (!entry.isCarriedOver) return;
    this.#carriedOver -= 1;
    if (this.#carriedOver === 0) this.wakeAll();
  }

  /** Those of the given ones that chunks may leave by now. */
  findOpen(lanes: readonly Lane[]): readonly Lane[] {
    return this.#carriedOver === 0 ? lanes : lanes.filter((lane) => lane === this.#lanes[0]);
  }

  /** Whether anything waits that was appended until then. */
  hasUntil(appendedMs: number): boolean {
    return this.#lanes.some((lane) => (lane.oldest()?.appendedMs ?? Infinity) <= appendedMs);
  }

  /**
   * Gives the oldest entries of each lane to `drop`, which takes them out, as long as it is their
   * due.
   */
  dropOldest(isDue: (entry: Entry) => boolean, drop: (entry: Entry) => void): void {
    for (const lane of this.#lanes)
      for (let entry = lane.oldest(); entry !== undefined && isDue(entry); entry = lane.oldest())
        drop(entry);
  }

  /** Goes over to another number of lanes; what waits is carried over. */
  changeCount(count: number): void {
    const old = this.#lanes;
    const waiting = old.flatMap((lane) => [...lane.live()]).toSorted(byTimeOfAppend);
    this.#lanes = newLanes(count);
    this.#carriedOver = 0;
    for (const entry of waiting) {
      entry.lane = 0;
      entry.isCarriedOver = true;
      this.push(entry);
    }
    for (const lane of old) lane.wake();
  }

  wakeAll(): void {
    for (const lane of this.#lanes) lane.wake();
  }
}

function newLanes(count: number): Lane[] {
  assert(count >= 1, `a queue of ${count} lanes`);
  return Array.from({ length: count }, () => new Lane());
}
