/**
 * An open-addressing table from a 32-bit hash to small integers, in one typed array. It holds no
 * keys: the caller of `find` compares the candidates. Nothing can be removed; the table is filled
 * again instead.
 */
import { NO_ROWS } from '../kernel/columns.ts';
import type { Borrowed } from '../model/borrowed.ts';
import { runInRanges, type Steps } from './steps.ts';

/**
 * The start value of all hashes. It differs in each process, so that no target can choose its
 * collisions.
 */
const SEED = Math.trunc(Math.random() * 2 ** 32);

/** Cells that are filled between two yields. */
const RANGE_CELLS = 65_536;

export class HashIndex {
  /** id + 1 in each cell, 0 where it is free; the length is a power of two. */
  #cells = NO_ROWS;
  #count = 0;

  /** Empties the table and makes room for that many ids. */
  reset(ids: number): void {
    const size = sizeFor(ids);
    if (this.#cells.length === size) this.#cells.fill(0);
    else this.#cells = new Int32Array(size);
    this.#count = 0;
  }

  /**
   * The same in slices. New memory is filled too: the system maps a page when it is first written,
   * and ids that are added are all over the table.
   */
  *resetInSlices(ids: number): Steps {
    const size = sizeFor(ids);
    if (this.#cells.length !== size) this.#cells = new Int32Array(size);
    const cells = this.#cells;
    yield* runInRanges(size, RANGE_CELLS, (from, to) => cells.fill(0, from, to));
    this.#count = 0;
  }

  /** Empties the table and frees its memory. */
  clear(): void {
    this.#cells = NO_ROWS;
    this.#count = 0;
  }

  /**
   * Whether so many more can be added before the table is half full: the caller then resets it to a
   * larger size and adds all ids again.
   */
  hasRoomFor(more: number): boolean {
    return (this.#count + more) * 2 < this.#cells.length;
  }

  add(hash: number, id: number): void {
    const mask = this.#cells.length - 1;
    let cell = hash & mask;
    while (this.#cells[cell] !== 0) cell = (cell + 1) & mask;
    this.#cells[cell] = id + 1;
    this.#count += 1;
  }

  /** The first id of this hash for which `isMatch` holds, -1 when there is none. */
  find(hash: number, isMatch: (id: number) => boolean): number {
    if (this.#cells.length === 0) return -1;
    const mask = this.#cells.length - 1;
    for (let cell = hash & mask; ; cell = (cell + 1) & mask) {
      const id = (this.#cells[cell] as number) - 1;
      if (id < 0) return -1;
      if (isMatch(id)) return id;
    }
  }
}

/** The number of cells for so many ids: at most half of them are taken. */
function sizeFor(ids: number): number {
  let size = 16;
  while (size < ids * 2) size *= 2;
  return size;
}

/** A hash of bytes [start, end): FNV-1a, mixed at the end because the table takes the low bits. */
export function hashBytes(bytes: Borrowed<Uint8Array>, start: number, end: number): number {
  let hash = SEED;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return mix(hash);
}

/** A hash of a text; two with different salts are independent. */
export function hashText(text: string, salt: number): number {
  let hash = SEED ^ Math.imul(salt, 0x9e3779b1);
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
}

function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
