/**
 * Finds the slot of a label set by its hash. The index is made only when a label set is looked up,
 * is made again after a slot was freed, and is let go of once the target has told the same series
 * for a while: most targets look nothing up from then on.
 */
import { HashIndex } from './hash-index.ts';
import type { Steps } from './steps.ts';

/** So many bodies in which it was neither made nor looked into are a reason to let go of it. */
const QUIET_MAX = 32;

export class SlotIndex {
  readonly #cells = new HashIndex();
  #isMade = false;
  /** How many bodies were accepted since it was made or looked into. */
  #quiet = 0;

  /** Whether slots can be looked up, and so many more be added before it is to be made again. */
  hasRoomFor(more: number): boolean {
    return this.#isMade && this.#cells.hasRoomFor(more);
  }

  /** Begins to make it anew, with room for so many slots; then `add` them all, and `end`. */
  *begin(slots: number): Steps {
    this.#isMade = false;
    this.#quiet = 0;
    yield* this.#cells.resetInSlices(slots);
  }

  end(): void {
    this.#isMade = true;
  }

  add(hash: number, slot: number): void {
    this.#cells.add(hash, slot);
  }

  /** The first slot of this hash for which `isMatch` holds, -1 when there is none. */
  find(hash: number, isMatch: (slot: number) => boolean): number {
    this.#quiet = 0;
    return this.#cells.find(hash, isMatch);
  }

  /** A slot was freed, so that what is in here is wrong. */
  spoil(): void {
    this.#isMade = false;
  }

  /** A body was accepted. */
  accept(): void {
    this.#quiet += 1;
    if (this.#quiet === QUIET_MAX) this.clear();
  }

  clear(): void {
    this.#cells.clear();
    this.#isMade = false;
  }
}
