/**
 * A list of int32 numbers of which there may be a million: it lies in blocks, so that none of its
 * steps copies all of it or writes to much new memory at once, as a growing array does. Numbers are
 * added at the end, and taken from either end.
 *
 *     first block │ 7 │ 9 │ …      next │ 3 │ … │ 4 │ room │
 *          first ──────┘             #end ────────────┘
 */

/** Numbers of a block: 64 KiB. */
const BLOCK = 16_384;
const FIRST_BLOCK = 16;

export class NumberList {
  #blocks: Int32Array[] = [];
  /** Where the first number is in the first block, and where the next one goes in the last. */
  #first = 0;
  #end = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    let last = this.#blocks.at(-1);
    if (last === undefined || this.#end === last.length) last = this.#grow(last);
    last[this.#end] = value;
    this.#end += 1;
    this.#length += 1;
  }

  /** Takes the last number. */
  pop(): number | undefined {
    if (this.#length === 0) return undefined;
    this.#end -= 1;
    this.#length -= 1;
    const value = this.#blocks.at(-1)?.[this.#end];
    if (this.#length === 0) this.#end = this.#first = 0;
    else if (this.#end === 0) {
      this.#blocks.pop();
      this.#end = BLOCK;
    }
    return value;
  }

  /** The number at this place from the front, of the first few. */
  peek(index = 0): number | undefined {
    if (index >= this.#length) return undefined;
    const at = this.#first + index;
    const size = this.#blocks[0]?.length ?? 0;
    return at < size ? this.#blocks[0]?.[at] : this.#blocks[1]?.[at - size];
  }

  /** Takes the first number. */
  shift(): number | undefined {
    const value = this.peek();
    if (value === undefined) return undefined;
    this.#first += 1;
    this.#length -= 1;
    if (this.#length === 0) this.#end = this.#first = 0;
    if (this.#first === this.#blocks[0]?.length) {
      this.#blocks.shift();
      this.#first = 0;
    }
    return value;
  }

  clear(): void {
    this.#blocks = [];
    this.#first = this.#end = this.#length = 0;
  }

  /** Makes room behind the last block, which is full: the first one grows up to BLOCK. */
  #grow(last: Int32Array | undefined): Int32Array {
    if (last !== undefined && last.length < BLOCK) {
      const larger = new Int32Array(Math.min(BLOCK, last.length * 4));
      larger.set(last);
      this.#blocks[this.#blocks.length - 1] = larger;
      return larger;
    }
    const block = new Int32Array(last === undefined ? FIRST_BLOCK : BLOCK);
    this.#blocks.push(block);
    this.#end = 0;
    return block;
  }
}
