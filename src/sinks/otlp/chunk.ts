/**
 * A chunk of an otlp_write queue: a request of one signal, compressed with zstd, whose checksum
 * tells a damaged one.
 *
 *     ┌ signal, 1 byte ┬ zstd of an ExportMetrics- or ExportTraceServiceRequest ┐
 *     └ "m" or "t" ────┴────────────────────────────────────────────────────────┘
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Chunk } from '../../model/queue.ts';
import { halveSeries, suspectKey, type SeriesOfChunk } from '../../delivery/chunk-series.ts';
import { type Halves, halveChunks } from '../../delivery/protocol.ts';
import { WireError } from '../../wire/errors.ts';
import {
  countRequestItems,
  filterRequest,
  halveRequest,
  type OtlpSignal,
} from '../../wire/otlp/cutting.ts';
import { listPointSeries, type PointSeries } from '../../wire/otlp/point-series.ts';

const MARKS: Readonly<Record<OtlpSignal, number>> = { metrics: 0x6d, traces: 0x74 };
/** A larger body is none of ours. */
const RAW_MAX_BYTES = 64 * 1024 * 1024;

const PARAMETERS = {
  params: {
    [constants.ZSTD_c_compressionLevel]: 1,
    [constants.ZSTD_c_checksumFlag]: 1,
  },
};

export interface NewChunk {
  readonly signal: OtlpSignal;
  readonly bytes: Uint8Array;
  readonly items: number;
  readonly oldestMs: number;
  readonly newestMs: number;
  readonly lane: number;
}

export function makeOtlpChunk({ signal, bytes, ...rest }: NewChunk): Chunk {
  const body = zstdCompressSync(bytes, PARAMETERS);
  const marked = Buffer.allocUnsafeSlow(body.length + 1);
  marked[0] = MARKS[signal];
  body.copy(marked, 1);
  return { ...rest, bytes: marked, rawBytes: bytes.length };
}

/** The signal of a chunk; undefined where it is none of ours. */
export function signalOf(bytes: Uint8Array): OtlpSignal | undefined {
  if (bytes[0] === MARKS.metrics) return 'metrics';
  return bytes[0] === MARKS.traces ? 'traces' : undefined;
}

/** The request of a chunk; undefined when it is damaged. */
export function unpackOtlpChunk({ bytes }: Pick<Chunk, 'bytes'>): Buffer | undefined {
  try {
    return zstdDecompressSync(bytes.subarray(1), { maxOutputLength: RAW_MAX_BYTES });
  } catch {
    return undefined;
  }
}

/**
 * A chunk by the series of its points; one of spans has none, nor one that is damaged: it is judged
 * where it is sent.
 */
export function readOtlpSeries(chunk: Chunk): SeriesOfChunk {
  const { lane, oldestMs, newestMs } = chunk;
  const body = signalOf(chunk.bytes) === 'metrics' ? unpackOtlpChunk(chunk) : undefined;
  const cut: SeriesOfChunk['cut'] = (isWanted) => {
    const bytes = filterRequest('metrics', body ?? Buffer.alloc(0), isWanted);
    const items = countRequestItems('metrics', bytes);
    return makeOtlpChunk({ signal: 'metrics', bytes, items, oldestMs, newestMs, lane });
  };
  return { keys: listSeries(body).map(({ name, parts }) => suspectKey(name, ...parts)), cut };
}

/** The metric of the first point of a chunk of metrics; "" for none. */
export function readMetricName(chunk: Chunk): string {
  const [first] = listSeries(unpackOtlpChunk(chunk));
  return Buffer.from(first?.name ?? []).toString();
}

function listSeries(body: Uint8Array | undefined): readonly PointSeries[] {
  if (body === undefined) return [];
  try {
    return listPointSeries(body);
  } catch (error) {
    if (error instanceof WireError) return [];
    throw error;
  }
}

/**
 * Halves chunks, and a single chunk by the series of its points or by its spans, which need no
 * order; undefined for one item.
 *
 * @throws WireError for a malformed request
 */
export function halveOtlp(chunks: readonly Chunk[]): Halves | undefined {
  const [only] = chunks;
  if (only === undefined) return undefined;
  if (chunks.length > 1) return halveChunks(chunks);
  return signalOf(only.bytes) === 'metrics' ? halveSeries(readOtlpSeries(only)) : halveSpans(only);
}

function halveSpans(chunk: Chunk): Halves | undefined {
  const body = unpackOtlpChunk(chunk);
  const halves = body === undefined ? undefined : halveRequest('traces', body);
  if (halves === undefined) return undefined;
  const { oldestMs, newestMs, lane } = chunk;
  const remake = (bytes: Uint8Array): Chunk => {
    const items = countRequestItems('traces', bytes);
    return makeOtlpChunk({ signal: 'traces', bytes, items, oldestMs, newestMs, lane });
  };
  const [first, second] = halves;
  return { first: [remake(first)], second: [remake(second)], isOrdered: false };
}
