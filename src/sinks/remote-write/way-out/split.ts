/**
 * Takes chunks apart: into halves for a receiver that takes less or refuses a part, and without
 * series that are too old. It also reads whose the samples of chunks are.
 */
import { halveSeries, suspectKey, type SeriesOfChunk } from '../../../delivery/chunk-series.ts';
import { type Halves, halveChunks } from '../../../delivery/protocol.ts';
import { type LabelSet, labelValue } from '../../../model/labels.ts';
import type { Chunk } from '../../../model/queue.ts';
import { WireError } from '../../../wire/errors.ts';
import { decodeWriteRequest } from '../../../wire/remote-write/decoder.ts';
import { readLabelBytes, scanSeries, type SeriesRange } from '../../../wire/remote-write/ranges.ts';
import { compress, uncompress, uncompressStart } from '../../../wire/snappy.ts';

const RAW_MAX_BYTES = 64 * 1024 * 1024;

/** Halves chunks, and a single chunk by its series; undefined when there is one item. */
export function halve(chunks: readonly Chunk[]): Halves | undefined {
  const [only] = chunks;
  if (only === undefined) return undefined;
  return chunks.length > 1 ? halveChunks(chunks) : halveSeries(readWrittenSeries(only));
}

/**
 * The chunks without series whose samples are all older than `cutoffMs`, and those series.
 *
 * @throws WireError when a chunk is no message
 */
export function withoutOlder(
  chunks: readonly Chunk[],
  cutoffMs: number,
): { readonly kept: readonly Chunk[]; readonly dropped: readonly Chunk[] } {
  if (chunks.every((chunk) => chunk.oldestMs >= cutoffMs)) return { kept: chunks, dropped: [] };
  const kept: Chunk[] = [];
  const dropped: Chunk[] = [];
  for (const chunk of chunks) {
    if (chunk.oldestMs >= cutoffMs) kept.push(chunk);
    else if (chunk.newestMs < cutoffMs) dropped.push(chunk);
    else {
      const raw = uncompress(chunk.bytes, RAW_MAX_BYTES);
      const isOld = ({ newestMs }: SeriesRange): boolean => newestMs < cutoffMs;
      const ranges = scanSeries(raw);
      const rest = cutChunk(
        chunk.lane,
        raw,
        ranges.filter((range) => !isOld(range)),
      );
      if (rest.items > 0) kept.push(rest);
      if (ranges.some(isOld)) dropped.push(cutChunk(chunk.lane, raw, ranges.filter(isOld)));
    }
  }
  return { kept, dropped };
}

/** How many jobs are told apart in one loss; the others count as the job "other". */
const JOBS_MAX = 100;

/**
 * How many samples, native histograms among them, the chunks have of each `job`; "" for series
 * without one, and for chunks that can't be read.
 */
export function samplesByJob(chunks: readonly Chunk[]): Map<string, number> {
  const jobs = new Map<string, number>();
  for (const chunk of chunks) {
    let told = 0;
    const count = (job: string, samples: number): void => {
      const name = jobs.size < JOBS_MAX || jobs.has(job) ? job : 'other';
      if (samples > 0) jobs.set(name, (jobs.get(name) ?? 0) + samples);
      told += samples;
    };
    try {
      decodeWriteRequest(uncompress(chunk.bytes, RAW_MAX_BYTES), {
        series: (labels, _times, _values, samples) => count(labelValue(labels, 'job'), samples),
        histograms: (labels, list) => count(labelValue(labels, 'job'), list.length),
      });
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
    }
    count('', Math.max(0, chunk.items - told));
  }
  return jobs;
}

/** Enough of a message to hold its first series. */
const FIRST_BYTES = 16_384;

/**
 * The `job` of a chunk, read from its first series, since a chunk is of one target; "" for none.
 */
export function readJob(bytes: Uint8Array): string {
  return readNames(bytes).job;
}

/** The metric and the `job` of the first series of a chunk; "" for what it lacks. */
export function readNames(bytes: Uint8Array): { readonly metric: string; readonly job: string } {
  let first: LabelSet | undefined;
  const keep = (labels: LabelSet): void => {
    first ??= labels;
  };
  try {
    const start = uncompressStart(bytes, FIRST_BYTES);
    decodeWriteRequest(start, { series: keep });
  } catch (error) {
    // Expected: only the beginning was uncompressed.
    if (!(error instanceof WireError)) throw error;
  }
  const find = (name: string): string => (first === undefined ? '' : labelValue(first, name));
  return { metric: find('__name__'), job: find('job') };
}

/** A chunk by its series; one that is no message has none: it is judged where it is sent. */
export function readWrittenSeries({ bytes, lane }: Chunk): SeriesOfChunk {
  let raw: Uint8Array = bytes;
  let ranges: readonly SeriesRange[] = [];
  try {
    raw = uncompress(bytes, RAW_MAX_BYTES);
    ranges = scanSeries(raw);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
  }
  return {
    keys: ranges.map((range) => suspectKey(readLabelBytes(raw, range))),
    cut: (isWanted) =>
      cutChunk(
        lane,
        raw,
        ranges.filter((_, index) => isWanted(index)),
      ),
  };
}

/** A chunk of some series of a message. */
function cutChunk(lane: number, raw: Uint8Array, ranges: readonly SeriesRange[]): Chunk {
  const bytes = Buffer.concat(ranges.map((range) => raw.subarray(range.start, range.end)));
  return {
    bytes: compress(bytes),
    lane,
    rawBytes: bytes.length,
    items: ranges.reduce((sum, range) => sum + range.samples, 0),
    oldestMs: ranges.reduce((least, range) => Math.min(least, range.oldestMs), Infinity),
    newestMs: ranges.reduce((most, range) => Math.max(most, range.newestMs), -Infinity),
  };
}
