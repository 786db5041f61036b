/**
 * All lanes of a queue, and the change of their number. A target's chunks must not overtake each
 * other, and with another number of lanes they get another lane. So the waiting chunks are carried
 * over into the first lane, and no other chunk leaves before the last of them is done:
 *
 *     lane 0   ▒▒▒▒▒▒▒▒│█ █ █     ▒ carried over: sent first, in the order of append
 *     lane 1           │█ █       █ appended since: waits until no ▒ is left
 */
import type { Moment } from '../kernel/clock.ts';
import { assert } from '../kernel/errors.ts';
import { ageNowMs, byTimeOfAppend, type Entry } from './entry.ts';
import { Lane } from './lane.ts';

export class Lanes {
  #lanes: readonly Lane[];
  /** How many entries are carried over and not done. */
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

  /** The lane of a number; a number without a lane is a bug and throws. */
  at(lane: number): Lane {
    const found = this.#lanes[lane];
    assert(found, `lane ${lane} of ${this.count}`);
    return found;
  }

  push(entry: Entry): void {
    if (entry.isCarriedOver) this.#carriedOver += 1;
    this.at(entry.lane).push(entry);
  }

  /** Takes out an entry that is done; after the last one carried over, all lanes are open. */
  remove(entry: Entry): void {
    const lane = this.at(entry.lane);
    lane.remove(entry);
    // Frees the entries at the head that are gone; else they would stay until the next batch.
    lane.oldest();
    if (!entry.isCarriedOver) return;
    this.#carriedOver -= 1;
    if (this.#carriedOver === 0) this.wakeAll();
  }

  /** Those of the given lanes that may send now: while chunks are carried over, only the first. */
  findOpen(lanes: readonly Lane[]): readonly Lane[] {
    return this.#carriedOver === 0 ? lanes : lanes.filter((lane) => lane === this.#lanes[0]);
  }

  /** The entry that was appended last. */
  newest(): Entry | undefined {
    let newest: Entry | undefined;
    for (const lane of this.#lanes)
      for (const entry of lane.live())
        if (newest === undefined || byTimeOfAppend(newest, entry) < 0) newest = entry;
    return newest;
  }

  /** Of the chunks that are next in their lanes the largest age; 0 where none waits. */
  oldestAgeMs(now: Moment): number {
    const ages = this.#lanes.map((lane) => {
      const head = lane.oldest();
      return head === undefined ? 0 : ageNowMs(head, now) - head.newestMs;
    });
    return Math.max(0, ...ages);
  }

  /** Whether a chunk waits that was appended at `appendedMs` or before. */
  hasUntil(appendedMs: number): boolean {
    return this.#lanes.some((lane) => (lane.oldest()?.appendedMs ?? Infinity) <= appendedMs);
  }

  /** Whether a chunk waits that was appended before `appendedMs`. */
  hasBefore(appendedMs: number): boolean {
    return this.#lanes.some((lane) => (lane.oldest()?.appendedMs ?? Infinity) < appendedMs);
  }

  /**
   * Gives each lane's oldest entry to `drop`, again and again while `isDue` is true of it. `drop`
   * must take the entry out, or this never ends.
   */
  dropOldest(isDue: (entry: Entry) => boolean, drop: (entry: Entry) => void): void {
    for (const lane of this.#lanes)
      for (let entry = lane.oldest(); entry !== undefined && isDue(entry); entry = lane.oldest())
        drop(entry);
  }

  /** All that waits, in order of append. */
  list(): Entry[] {
    return this.#lanes.flatMap((lane) => [...lane.live()]).toSorted(byTimeOfAppend);
  }

  /** Changes the number of lanes; the waiting entries are carried over. */
  changeCount(count: number): void {
    const old = this.#lanes;
    const waiting = this.list();
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
