/**
 * Bytes as keys of a table: a hash of 53 bits, by which what stands there is found, and whose bytes
 * the caller compares. The start values differ in each process, so that no sender can choose its
 * collisions.
 */
import { areEqual } from './equal-bytes.ts';
import type { LabelSet } from '../model/labels.ts';

const FIRST_SEED = Math.trunc(Math.random() * 2 ** 32);
const SECOND_SEED = Math.trunc(Math.random() * 2 ** 32);

/** Bytes of a request, with the view by which they are compared. */
export interface Bytes {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** A copy that is kept, to be compared with bytes of later requests. */
export interface KeptBytes {
  /** Of a block that it shares with others. */
  readonly view: DataView;
  readonly start: number;
  readonly length: number;
}

/**
 * Copies are put into blocks of so many bytes, since a buffer for each would cost the collector of
 * garbage more than its bytes. One copy that is still held keeps its block: blocks are small.
 */
const BLOCK_BYTES = 4_096;
let block = new Uint8Array(BLOCK_BYTES);
let blockView = new DataView(block.buffer);
let blockEnd = 0;

export function viewBytes(bytes: Uint8Array): Bytes {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

export function keepBytes(bytes: Uint8Array, start: number, end: number): KeptBytes {
  const length = end - start;
  // What is long has a block to itself, and the present one goes on.
  if (length > BLOCK_BYTES >> 2) {
    const own = Uint8Array.from(bytes.subarray(start, end));
    return { view: new DataView(own.buffer), start: 0, length };
  }
  if (blockEnd + length > BLOCK_BYTES) {
    block = new Uint8Array(BLOCK_BYTES);
    blockView = new DataView(block.buffer);
    blockEnd = 0;
  }
  const kept = { view: blockView, start: blockEnd, length };
  for (let i = start; i < end; i++) block[blockEnd++] = bytes[i] as number;
  return kept;
}

export function isSameKey(kept: KeptBytes, given: Bytes, start: number, end: number): boolean {
  return (
    kept.length === end - start && areEqual(given.view, start, kept.view, kept.start, kept.length)
  );
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

/** The same for labels, by their names and values and the lengths of these. */
export function hashLabelPairs(labels: LabelSet): number {
  let first = FIRST_SEED;
  let second = SECOND_SEED;
  for (const { name, value } of labels)
    for (let part = 0; part < 2; part++) {
      const text = part === 0 ? name : value;
      for (let i = -1; i < text.length; i++) {
        const unit = i < 0 ? text.length : text.charCodeAt(i);
        first = Math.imul(first ^ unit, 0x01000193);
        second = Math.imul(second ^ unit, 0x85ebca6b);
        second ^= second >>> 15;
      }
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
