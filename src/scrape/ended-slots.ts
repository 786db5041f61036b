/**
 * The slots of a target whose series have ended. They linger for some scrapes: of real targets, the
 * series that come and go are the same ones, and one that is back goes on where it stood, in its
 * message too, so that nothing is made anew for it. Each step is for one slot, so that a caller may
 * do them in slices.
 * Limits: SCRAPES_MAX scrapes, an eighth of the target's slots or SLOTS_MIN of them.
 */

const SCRAPES_MAX = 32;
const SLOTS_MIN = 64;

export class EndedSlots {
  /** Ended, and not yet among those that linger. */
  #gone: number[] = [];
  /** To be released without lingering. */
  #undone: number[] = [];
  /** What lingers, oldest first, with the attempt since which it does. */
  readonly #since = new Map<number, number>();
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
    if (slot !== undefined) this.#since.set(slot, attempt);
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
    const first = this.#since.entries().next();
    if (first.done === true) return undefined;
    const [slot, since] = first.value;
    const isOld = since <= Math.max(this.#renewedIn, attempt - SCRAPES_MAX);
    return isOld || this.#since.size > Math.max(SLOTS_MIN, slots >> 3) ? slot : undefined;
  }
}
