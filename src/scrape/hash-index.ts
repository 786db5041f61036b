/**
 * An open-addressing table from a 32-bit hash to small integers, in one typed array. It holds no
 * keys: who asks compares the candidates itself. No removal; it is filled anew instead.
 */
import type { Borrowed } from '../model/borrowed.ts';

/**
 * Hash values start here, different in each process, so that no target can choose its collisions.
 */
const SEED = Math.trunc(Math.random() * 2 ** 32);

export class HashIndex {
  /** id + 1 per place, 0 where it is free; a power of two long. */
  #places = new Int32Array(0);
  #count = 0;

  /** Empties it and makes room for so many ids. */
  reset(ids: number): void {
    let size = 16;
    while (size < ids * 2) size *= 2;
    if (this.#places.length === size) this.#places.fill(0);
    else this.#places = new Int32Array(size);
    this.#count = 0;
  }

  /** Lets go of the memory. */
  clear(): void {
    this.#places = new Int32Array(0);
    this.#count = 0;
  }

  /** False when it is half full: the caller resets it to a larger size and adds all again. */
  get hasRoom(): boolean {
    return this.hasRoomFor(0);
  }

  hasRoomFor(more: number): boolean {
    return (this.#count + more) * 2 < this.#places.length;
  }

  add(hash: number, id: number): void {
    const mask = this.#places.length - 1;
    let place = hash & mask;
    while (this.#places[place] !== 0) place = (place + 1) & mask;
    this.#places[place] = id + 1;
    this.#count += 1;
  }

  /** The first id among those of this hash for which `isIt` holds, -1 when there is none. */
  find(hash: number, isIt: (id: number) => boolean): number {
    if (this.#places.length === 0) return -1;
    const mask = this.#places.length - 1;
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const id = (this.#places[place] as number) - 1;
      if (id < 0) return -1;
      if (isIt(id)) return id;
    }
  }
}

/** A hash of bytes [start, end): FNV-1a, mixed at the end so that its low bits are good. */
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
