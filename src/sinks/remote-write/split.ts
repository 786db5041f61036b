/**
 * Taking chunks apart again: in halves for a receiver that takes less or refuses a part, and without what is too old.
 * The only place where a chunk is decompressed on its way out.
 */
import type { Chunk } from '../../model/queue.ts';
import { scanSeries, type SeriesRange } from '../../wire/remote-write.ts';
import { compress, uncompress } from '../../wire/snappy.ts';

const RAW_MAX_BYTES = 64 * 1024 * 1024;

/**
 * Two halves in order, by chunks, and a single chunk by its series; undefined when there is only one series.
 *
 * @throws WireError when a chunk is no message
 */
export function halve(chunks: readonly Chunk[]): [Chunk[], Chunk[]] | undefined {
  const [only] = chunks;
  if (only === undefined) return undefined;
  if (chunks.length > 1) {
    const middle = Math.ceil(chunks.length / 2);
    return [chunks.slice(0, middle), chunks.slice(middle)];
  }
  const raw = uncompress(only.bytes, RAW_MAX_BYTES);
  const ranges = scanSeries(raw);
  if (ranges.length < 2) return undefined;
  const middle = Math.ceil(ranges.length / 2);
  return [
    [chunkOf(only.lane, raw, ranges.slice(0, middle))],
    [chunkOf(only.lane, raw, ranges.slice(middle))],
  ];
}

/**
 * The chunks without series whose samples are all older than `cutoffMs`.
 *
 * @throws WireError when a chunk is no message
 */
export function withoutOlder(
  chunks: readonly Chunk[],
  cutoffMs: number,
): { readonly kept: readonly Chunk[]; readonly droppedSamples: number } {
  if (chunks.every((chunk) => chunk.oldestMs >= cutoffMs))
    return { kept: chunks, droppedSamples: 0 };
  const kept: Chunk[] = [];
  let droppedSamples = 0;
  for (const chunk of chunks) {
    if (chunk.oldestMs >= cutoffMs) kept.push(chunk);
    else if (chunk.newestMs < cutoffMs) droppedSamples += chunk.samples;
    else {
      const raw = uncompress(chunk.bytes, RAW_MAX_BYTES);
      const ranges = scanSeries(raw).filter((range) => range.newestMs >= cutoffMs);
      const rest = chunkOf(chunk.lane, raw, ranges);
      droppedSamples += chunk.samples - rest.samples;
      if (rest.samples > 0) kept.push(rest);
    }
  }
  return { kept, droppedSamples };
}

function chunkOf(lane: number, raw: Uint8Array, ranges: readonly SeriesRange[]): Chunk {
  const bytes = Buffer.concat(ranges.map((range) => raw.subarray(range.start, range.end)));
  return {
    bytes: compress(bytes),
    lane,
    rawBytes: bytes.length,
    samples: ranges.reduce((sum, range) => sum + range.samples, 0),
    oldestMs: ranges.reduce((least, range) => Math.min(least, range.oldestMs), Infinity),
    newestMs: ranges.reduce((most, range) => Math.max(most, range.newestMs), -Infinity),
  };
}
