/**
 * Joins the compressed messages of chunks to one. A chunk is compressed alone at its commit, and a
 * small one finds little to copy in itself: what all targets share is written out in each. So small
 * neighbours are compressed once more, together:
 *
 *     chunks    │ small │ small │ small │ large          │ small │
 *     request   │ compressed together   │ as it is       │ as it is
 *
 * What is taken together is bounded. A larger chunk has found nearly all of its copies in itself,
 * and stays as it is: it would be much work for little. The bytes keep the order of the chunks.
 * Pure.
 */
import {
  compressInto,
  concatSnappy,
  maxCompressedLength,
  uncompressedLength,
  uncompressInto,
} from '../../../wire/snappy.ts';

/** Uncompressed, the largest chunk that is compressed once more: half of what a copy reaches. */
const SMALL_MAX = 32 * 1024;
/** Uncompressed, how much is compressed together. */
const GROUP_MAX = 256 * 1024;

/** What is taken together, and what becomes of it. All calls share them: joining is synchronous. */
const together = new Uint8Array(GROUP_MAX);
const compressed = new Uint8Array(maxCompressedLength(GROUP_MAX));

/**
 * Joins blocks to one whose original is the originals joined.
 * @param allocate  gives memory of at least this length
 * @throws WireError
 */
export function joinBlocks(
  blocks: readonly Uint8Array[],
  allocate?: (length: number) => Uint8Array,
): Uint8Array {
  const parts: Uint8Array[] = [];
  let group: Uint8Array[] = [];
  let length = 0;
  for (const block of blocks) {
    const more = uncompressedLength(block);
    const isSmall = more <= SMALL_MAX;
    if (!isSmall || length + more > GROUP_MAX) {
      parts.push(...shrink(group));
      group = [];
      length = 0;
    }
    if (isSmall) {
      group.push(block);
      length += more;
    } else parts.push(block);
  }
  parts.push(...shrink(group));
  return concatSnappy(parts, allocate);
}

/** The same as one block, where that is smaller. */
function shrink(group: readonly Uint8Array[]): readonly Uint8Array[] {
  if (group.length < 2) return group;
  let length = 0;
  let size = 0;
  for (const block of group) {
    length = uncompressInto(block, together, length);
    size += block.length;
  }
  const end = compressInto(together.subarray(0, length), compressed, 0);
  return end < size ? [compressed.slice(0, end)] : group;
}
