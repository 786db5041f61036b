/**
 * A first-in-first-out list that pushes and shifts in constant time. It has no bound of its own:
 * the queue that uses it is bounded in bytes.
 */

/** Removed items are cut off the array once there are this many and they are half of it. */
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

  /** The item at `index`, the oldest being 0; undefined behind the newest. */
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
