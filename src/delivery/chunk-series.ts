/**
 * A chunk as the list of its series, and how it is halved by them: no two parts of a chunk have a
 * series in common, so the parts may be sent in any order. Only where one series is left are its
 * items taken apart, and those keep their order.
 *
 *     a1 b1 c1 d1 a2 b2 c2 d2  ─►  a1 b1 a2 b2 │ c1 d1 c2 d2     in any order
 *                       a1 a2  ─►  a1 │ a2                       a1 first
 */
import { crc32 } from 'node:zlib';
import type { Chunk } from '../model/queue.ts';
import type { Halves } from './protocol.ts';

/** A chunk by its series, which a sink reads in its own format. */
export interface SeriesOfChunk {
  /** One for each series, or each item of one (suspectKey); none where the chunk can't be read. */
  readonly keys: readonly number[];
  /** A chunk of those, by their places among the keys. */
  readonly cut: (isWanted: (index: number) => boolean) => Chunk;
}

/** Undefined where there is only one item, or none. */
export function halveSeries({ keys, cut }: SeriesOfChunk): Halves | undefined {
  if (keys.length < 2) return undefined;
  const series = [...new Set(keys)];
  const isOrdered = series.length === 1;
  const before = new Set(series.slice(0, Math.ceil(series.length / 2)));
  const middle = Math.ceil(keys.length / 2);
  const isFirst = (index: number): boolean =>
    isOrdered ? index < middle : before.has(keys[index] ?? NaN);
  return { first: [cut(isFirst)], second: [cut((index) => !isFirst(index))], isOrdered };
}

/**
 * A checksum of what names a series, and its length. Two series with the same one are set apart
 * together, which costs nothing but a request.
 */
export function suspectKey(...parts: readonly Uint8Array[]): number {
  let [sum, length] = [0, 0];
  for (const part of parts) {
    sum = crc32(part, sum);
    length += part.length;
  }
  return sum + (length % 2 ** 20) * 2 ** 32;
}
