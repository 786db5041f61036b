/**
 * Bytes as keys of a table: a hash of 53 bits, by which what stands there is found, and whose bytes
 * the caller compares. The start values differ in each process, so that no sender can choose its
 * collisions.
 */
import { areEqual } from '../../kernel/equal-bytes.ts';

const FIRST_SEED = Math.trunc(Math.random() * 2 ** 32);
const SECOND_SEED = Math.trunc(Math.random() * 2 ** 32);

/** Bytes of a request, with the view by which they are compared. */
export interface Bytes {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** A copy that is kept, to be compared with bytes of later requests. */
export interface KeptBytes {
  readonly view: DataView;
  readonly length: number;
}

export function viewBytes(bytes: Uint8Array): Bytes {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

export function keepBytes(bytes: Uint8Array, start: number, end: number): KeptBytes {
  const copy = new Uint8Array(end - start);
  copy.set(bytes.subarray(start, end));
  return { view: new DataView(copy.buffer), length: copy.length };
}

export function isSameKey(kept: KeptBytes, given: Bytes, start: number, end: number): boolean {
  return kept.length === end - start && areEqual(given.view, start, kept.view, 0, kept.length);
}

/** Two hashes of 32 and 21 bits in one integer. */
export function hashRange(bytes: Uint8Array, start: number, end: number): number {
  let first = FIRST_SEED;
  let second = SECOND_SEED;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    first = Math.imul(first ^ byte, 0x01000193);
    second = Math.imul(second ^ byte, 0x85ebca6b);
    second ^= second >>> 15;
  }
  return join(first, second);
}

/** The same for a text. */
export function hashName(text: string): number {
  let first = FIRST_SEED;
  let second = SECOND_SEED;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    first = Math.imul(first ^ unit, 0x01000193);
    second = Math.imul(second ^ unit, 0x85ebca6b);
    second ^= second >>> 15;
  }
  return join(first, second);
}

function join(first: number, second: number): number {
  return (mix(first) >>> 0) * 2 ** 21 + (mix(second) >>> 11);
}

function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
