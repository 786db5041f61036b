/**
 * The slots of a target whose series have ended. They linger for some scrapes: of real targets, the
 * series that come and go are the same ones, and one that is back goes on where it stood, in its
 * message too, so that nothing is made anew for it. Each step is for one slot, so that a caller may
 * do them in slices.
 * Limits: SCRAPES_MAX scrapes, an eighth of the target's slots or SLOTS_MIN of them.
 */

const SCRAPES_MAX = 32;
const SLOTS_MIN = 64;
/** Numbers before the first pair that may stay. */
const ROOM_MAX = 256;

export class EndedSlots {
  /** Ended, and not yet among those that linger. */
  #gone: number[] = [];
  /** To be released without lingering. */
  #undone: number[] = [];
  /** What lingers, with the attempt since which it does. */
  readonly #since = new Map<number, number>();
  /**
   * The same as pairs of slot and attempt, oldest first, with those that are back. The first entry
   * of a map from which many were deleted is long work to find.
   */
  #order: number[] = [];
  /** Where the first pair is. */
  #first = 0;
  /** What lingers since this attempt or longer must be released. */
  #renewedIn = 0;

  get count(): number {
    return this.#gone.length + this.#undone.length + this.#since.size;
  }

  /** Adds the slots of series that a body has lacked. */
  end(slots: readonly number[]): void {
    if (slots.length > 0) this.#gone = this.#gone.concat(slots);
  }

  /** Adds the slots of series that have never been committed. */
  undo(slots: readonly number[]): void {
    if (slots.length > 0) this.#undone = this.#undone.concat(slots);
  }

  /** From this attempt on, what has lingered before or begins to in it has no complete ref. */
  renew(attempt: number): void {
    this.#renewedIn = attempt;
  }

  /** A series that lingers is back. */
  remove(slot: number): void {
    this.#since.delete(slot);
  }

  /** A slot that lingers from now on. */
  takeGone(attempt: number): number | undefined {
    const slot = this.#gone.pop();
    if (slot === undefined) return undefined;
    this.#since.set(slot, attempt);
    this.#order.push(slot, attempt);
    return slot;
  }

  /** A slot to be released. @param slots how many slots the target has */
  takeDue(attempt: number, slots: number): number | undefined {
    const due = this.#undone.pop() ?? this.#findDue(attempt, slots);
    if (due !== undefined) this.#since.delete(due);
    return due;
  }

  /** Whether there is a slot to take. */
  isWaiting(attempt: number, slots: number): boolean {
    const isNew = this.#gone.length + this.#undone.length > 0;
    return isNew || this.#findDue(attempt, slots) !== undefined;
  }

  #findDue(attempt: number, slots: number): number | undefined {
    this.#skipReturned();
    const slot = this.#order[this.#first];
    const since = this.#order[this.#first + 1];
    if (slot === undefined || since === undefined) return undefined;
    const isOld = since <= Math.max(this.#renewedIn, attempt - SCRAPES_MAX);
    return isOld || this.#since.size > Math.max(SLOTS_MIN, slots >> 3) ? slot : undefined;
  }

  /** Goes on to the first pair that still lingers, and lets the room before it go now and then. */
  #skipReturned(): void {
    const order = this.#order;
    let first = this.#first;
    while (first < order.length && this.#since.get(order[first] as number) !== order[first + 1])
      first += 2;
    if (first > ROOM_MAX && first * 2 > order.length) {
      this.#order = order.slice(first);
      first = 0;
    }
    this.#first = first;
  }
}
