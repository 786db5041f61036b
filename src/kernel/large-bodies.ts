/**
 * The memory of bodies too large to be lent, to be used again once nobody keeps them. The system
 * maps and clears new memory page by page: for a body of 10 MB in each scrape that can cost as much
 * as reading it. One process has one store, since any of its targets may be the next with such a
 * body. It holds at most SPARE_BYTES, and nothing when no such body came for IDLE_MS.
 */
import { LENT_BYTES_MAX } from '../model/borrowed.ts';

/** The most that waits for its next use; a longer body has memory of its own each time. */
export const SPARE_BYTES = 32 * 1024 * 1024;
/** Longer than the interval of nearly all scrapes. */
const IDLE_MS = 150_000;

/** In the order in which they were given. */
let spare: ArrayBuffer[] = [];
let idle: NodeJS.Timeout | undefined;

/** Spare memory of this length, with any bytes in it: at least four fifths of what there is. */
export function findLargeBody(length: number): Buffer | undefined {
  if (length <= LENT_BYTES_MAX) return undefined;
  const index = spare.findLastIndex(({ byteLength }) => fits(byteLength, length));
  const memory = index < 0 ? undefined : spare.splice(index, 1)[0];
  return memory === undefined ? undefined : Buffer.from(memory, 0, length);
}

/** The same, in new memory where there is none. There is a little room for a longer one later. */
export function takeLargeBody(length: number): Buffer {
  return (
    findLargeBody(length) ?? Buffer.allocUnsafeSlow(length + (length >> 4)).subarray(0, length)
  );
}

/** Gives back memory that nothing uses afterwards; what is small, or too large, is let go. */
export function giveLargeBody(body: Uint8Array): void {
  const memory = body.buffer as ArrayBuffer;
  if (body.length <= LENT_BYTES_MAX || memory.byteLength > SPARE_BYTES) return;
  spare.push(memory);
  let bytes = spare.reduce((sum, { byteLength }) => sum + byteLength, 0);
  while (bytes > SPARE_BYTES) bytes -= spare.shift()?.byteLength ?? 0;
  idle ??= setTimeout(letGo, IDLE_MS).unref();
  idle.refresh();
}

function letGo(): void {
  spare = [];
}

function fits(memory: number, length: number): boolean {
  return memory >= length && memory - length <= length >> 2;
}
