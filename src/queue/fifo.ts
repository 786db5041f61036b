/**
 * A first-in-first-out list with constant-time ends. A value holder: no waiting, no bound of its
 * own (the queue that uses it bounds by bytes).
 */

/** Taken items are cut off the array when they are this many and half of it. */
const SLACK_MAX = 1_024;

export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** The item `index` places behind the oldest. */
  at(index: number): T | undefined {
    return this.#items[this.#head + index];
  }

  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head >= SLACK_MAX && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  sum(valueOf: (item: T) => number): number {
    let sum = 0;
    for (let i = this.#head; i < this.#items.length; i++) sum += valueOf(this.#items[i] as T);
    return sum;
  }
}
