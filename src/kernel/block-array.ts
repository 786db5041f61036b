/**
 * Values by small whole numbers, of which there may be a million: blocks of an array, since one
 * array that grows is copied whole, and one that is begun at its end is as slow as a map.
 */

const BLOCK_SHIFT = 12;
const BLOCK_MASK = (1 << BLOCK_SHIFT) - 1;

export class BlockArray<T> {
  #blocks: (T | undefined)[][] = [];

  get(index: number): T | undefined {
    return this.#blocks[index >> BLOCK_SHIFT]?.[index & BLOCK_MASK];
  }

  set(index: number, value: T | undefined): void {
    const at = index >> BLOCK_SHIFT;
    while (this.#blocks.length <= at) this.#blocks.push([]);
    const block = this.#blocks[at] as (T | undefined)[];
    const within = index & BLOCK_MASK;
    while (block.length < within) block.push(undefined);
    block[within] = value;
  }

  clear(): void {
    this.#blocks = [];
  }
}
