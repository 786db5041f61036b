/**
 * A list of whole numbers of which there may be a million: it lies in blocks, so that none of its
 * steps copies all of it or writes to much new memory at once, as one array that grows does.
 * Numbers are added at the end, and taken from either end.
 */

/** Numbers of a block: 128 KiB. */
const BLOCK = 16_384;
/** So many numbers that were taken may lie before the first one, and as many as follow it. */
const TAKEN_MAX = 256;
const NOTHING: readonly number[] = [];

export class NumberList {
  /** None is empty. */
  #blocks: number[][] = [];
  /** Where the first number is in the first block. */
  #first = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    const last = this.#blocks.at(-1);
    if (last === undefined || last.length === BLOCK) this.#blocks.push([value]);
    else last.push(value);
    this.#length += 1;
  }

  /** Takes the last number. */
  pop(): number | undefined {
    if (this.#length === 0) return undefined;
    const last = this.#blocks.at(-1) as number[];
    const value = last.pop();
    this.#length -= 1;
    if (this.#length === 0) this.clear();
    else if (last.length === 0) this.#blocks.pop();
    return value;
  }

  /** The number at this place from the front, of the first few. */
  peek(index = 0): number | undefined {
    const block = this.#blocks[0] ?? NOTHING;
    const at = this.#first + index;
    return at < block.length ? block[at] : this.#blocks[1]?.[at - block.length];
  }

  /** Takes the first number. */
  shift(): number | undefined {
    const value = this.peek();
    if (value === undefined) return undefined;
    this.#first += 1;
    this.#length -= 1;
    if (this.#length === 0) this.clear();
    else this.#tidy();
    return value;
  }

  clear(): void {
    this.#blocks.length = 0;
    this.#first = 0;
    this.#length = 0;
  }

  /** Lets go of what was taken from the front: the first block, or now and then a part of it. */
  #tidy(): void {
    const block = this.#blocks[0] as number[];
    if (this.#first === block.length) this.#blocks.shift();
    else if (this.#first > TAKEN_MAX && this.#first * 2 > block.length)
      block.splice(0, this.#first);
    else return;
    this.#first = 0;
  }
}
