/**
 * Compares two ranges of bytes. Every known series of a scrape or a request is compared here;
 * Buffer.compare() would cost a call into the runtime for each of them.
 */
import type { Borrowed } from '../model/borrowed.ts';

/**
 * Compares sixteen bytes an iteration, then four, then single bytes; eight-byte reads would make
 * BigInts. The second range must lie within its view; a first range that does not is not equal.
 */
export function areEqual(
  a: Borrowed<DataView>,
  aStart: number,
  b: Borrowed<DataView>,
  bStart: number,
  length: number,
): boolean {
  if (aStart + length > a.byteLength) return false;
  const end = aStart + length;
  let i = aStart;
  let j = bStart;
  for (const last = end - 16; i <= last; i += 16, j += 16)
    if (
      ((a.getInt32(i, true) ^ b.getInt32(j, true)) |
        (a.getInt32(i + 4, true) ^ b.getInt32(j + 4, true)) |
        (a.getInt32(i + 8, true) ^ b.getInt32(j + 8, true)) |
        (a.getInt32(i + 12, true) ^ b.getInt32(j + 12, true))) !==
      0
    )
      return false;
  for (const last = end - 4; i <= last; i += 4, j += 4)
    if (a.getInt32(i, true) !== b.getInt32(j, true)) return false;
  for (; i < end; i++, j++) if (a.getUint8(i) !== b.getUint8(j)) return false;
  return true;
}
