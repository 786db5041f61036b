/**
 * The slots of a target whose series have ended. They linger for some scrapes: of real targets, the
 * series that come and go are the same ones, and one that is back goes on where it stood, in its
 * message too, so that nothing is made anew for it. Each step is for one slot, so that a caller may
 * do them in slices.
 * Limits: SCRAPES_MAX scrapes, an eighth of the target's slots or SLOTS_MIN of them.
 */

import { NumberList } from '../kernel/number-list.ts';

const SCRAPES_MAX = 32;
const SLOTS_MIN = 64;

export class EndedSlots {
  readonly #sinceOf: (slot: number) => number;
  /** Ended, and not yet among those that linger. */
  readonly #gone = new SlotStack();
  /** To be released without lingering. */
  readonly #undone = new SlotStack();
  /** How many linger. */
  #lingering = 0;
  /** What lingers as pairs of slot and attempt, oldest first, with those that are back. */
  readonly #order = new NumberList();
  /** What lingers since this attempt or longer must be released. */
  #renewedIn = 0;

  /**
   * @param sinceOf  the attempt since which a slot lingers, another number where it does not: it
   * stands with the slot, as a map of a million would grow in one long step
   */
  constructor(sinceOf: (slot: number) => number) {
    this.#sinceOf = sinceOf;
  }

  get count(): number {
    return this.#gone.count + this.#undone.count + this.#lingering;
  }

  /** Adds the slots of series that a body has lacked; the list is not the caller's any more. */
  end(slots: NumberList): void {
    this.#gone.add(slots);
  }

  /** The same, for the slots of series that have never been committed. */
  undo(slots: NumberList): void {
    this.#undone.add(slots);
  }

  /** From this attempt on, what has lingered before or begins to in it has no complete ref. */
  renew(attempt: number): void {
    this.#renewedIn = attempt;
  }

  /** A series that lingers is back. */
  remove(): void {
    this.#lingering -= 1;
  }

  /** A slot that lingers from now on, which the caller notes. */
  takeGone(attempt: number): number | undefined {
    const slot = this.#gone.take();
    if (slot === undefined) return undefined;
    this.#lingering += 1;
    this.#order.push(slot);
    this.#order.push(attempt);
    return slot;
  }

  /** A slot to be released. @param slots how many slots the target has */
  takeDue(attempt: number, slots: number): number | undefined {
    const undone = this.#undone.take();
    if (undone !== undefined) return undone;
    const due = this.#findDue(attempt, slots);
    if (due === undefined) return undefined;
    this.#lingering -= 1;
    this.#skip();
    return due;
  }

  /** Whether there is a slot to take. */
  isWaiting(attempt: number, slots: number): boolean {
    const isNew = this.#gone.count + this.#undone.count > 0;
    return isNew || this.#findDue(attempt, slots) !== undefined;
  }

  #findDue(attempt: number, slots: number): number | undefined {
    const since = this.#skipReturned();
    if (since === undefined) return undefined;
    const isOld = since <= Math.max(this.#renewedIn, attempt - SCRAPES_MAX);
    const isDue = isOld || this.#lingering > Math.max(SLOTS_MIN, slots >> 3);
    return isDue ? this.#order.peek(0) : undefined;
  }

  /** Goes on to the first pair that still lingers. @returns since when it does */
  #skipReturned(): number | undefined {
    for (;;) {
      const [slot, since] = [this.#order.peek(0), this.#order.peek(1)];
      if (slot === undefined || since === undefined) return undefined;
      if (this.#sinceOf(slot) === since) return since;
      this.#skip();
    }
  }

  #skip(): void {
    this.#order.shift();
    this.#order.shift();
  }
}

/** Slots in lists, which are added whole and taken one by one. */
class SlotStack {
  readonly #lists: NumberList[] = [];
  count = 0;

  add(slots: NumberList): void {
    if (slots.length === 0) return;
    this.#lists.push(slots);
    this.count += slots.length;
  }

  take(): number | undefined {
    const slot = this.#lists.at(-1)?.pop();
    if (slot === undefined) return undefined;
    this.count -= 1;
    if (this.#lists.at(-1)?.length === 0) this.#lists.pop();
    return slot;
  }
}
