/**
 * A chunk of log events: their frames, compressed with zstd, whose checksum tells a damaged one.
 *
 *     commit, a double │ destinations, 4 bytes │ ┌ length, 2 bytes ┬ group, NUL, stream ┐ …
 *     ┌ length, 4 bytes ┬ time, a double, ms ┬ destination, 4 bytes ┬ message ┐ …
 *
 * All numbers are little-endian. The events of a commit of the journal are one chunk, so that it is
 * in the queue as a whole or not at all; what is sent again is a chunk of the commit 0. Its size
 * before compression is what CloudWatch Logs counts, so that chunks which fill a batch fill a
 * request.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { type Halves, halveChunks } from '../../delivery/protocol.ts';
import type { Chunk } from '../../model/queue.ts';
import { LOG_EVENT_OVERHEAD_BYTES } from '../../wire/emf/limits.ts';

/** One event of the log, and where it goes. */
export interface FramedEvent {
  readonly timestampMs: number;
  readonly group: string;
  readonly stream: string;
  /** UTF-8. */
  readonly message: Buffer;
}

/** Events of a chunk; `commit` is 0 where they are sent again. */
export interface UnpackedChunk {
  readonly commit: number;
  readonly events: readonly FramedEvent[];
}

const HEAD_BYTES = 12;
const FRAME_BYTES = 16;
/** A larger body is none of ours. */
const RAW_MAX_BYTES = 256 * 1024 * 1024;

const PARAMETERS = {
  params: {
    [constants.ZSTD_c_compressionLevel]: 1,
    [constants.ZSTD_c_checksumFlag]: 1,
  },
};

/** A chunk of events, of which there is at least one. */
export function makeEventChunk(
  events: readonly FramedEvent[],
  commit: number,
  lane: number,
): Chunk {
  const names = new Map<string, number>();
  let textBytes = 0;
  let oldestMs = Infinity;
  let newestMs = -Infinity;
  const indexes = events.map(({ group, stream, message, timestampMs }) => {
    const name = `${group}\0${stream}`;
    const index = names.get(name) ?? names.size;
    names.set(name, index);
    textBytes += message.length;
    if (timestampMs < oldestMs) oldestMs = timestampMs;
    if (timestampMs > newestMs) newestMs = timestampMs;
    return index;
  });
  const texts = [...names.keys()].map((name) => Buffer.from(name));
  const headBytes = texts.reduce((sum, text) => sum + 2 + text.length, HEAD_BYTES);
  const body = Buffer.allocUnsafe(headBytes + events.length * FRAME_BYTES + textBytes);
  body.writeDoubleLE(commit, 0);
  let at = body.writeUInt32LE(texts.length, 8);
  for (const text of texts) {
    at = body.writeUInt16LE(text.length, at);
    at += text.copy(body, at);
  }
  for (const [index, { timestampMs, message }] of events.entries()) {
    at = body.writeUInt32LE(message.length, at);
    at = body.writeDoubleLE(timestampMs, at);
    at = body.writeUInt32LE(indexes[index] ?? 0, at);
    at += message.copy(body, at);
  }
  const bytes = zstdCompressSync(body, PARAMETERS);
  const rawBytes = textBytes + events.length * LOG_EVENT_OVERHEAD_BYTES;
  return { bytes, items: events.length, oldestMs, newestMs, lane, rawBytes };
}

/** Chunks of bounded size, but for a larger event. */
export function makeEventChunks(
  events: readonly FramedEvent[],
  { lane, bytesMax }: { readonly lane: number; readonly bytesMax: number },
): Chunk[] {
  const chunks: Chunk[] = [];
  let open: FramedEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    const size = LOG_EVENT_OVERHEAD_BYTES + event.message.length;
    if (open.length > 0 && bytes + size > bytesMax) {
      chunks.push(makeEventChunk(open, 0, lane));
      open = [];
      bytes = 0;
    }
    open.push(event);
    bytes += size;
  }
  if (open.length > 0) chunks.push(makeEventChunk(open, 0, lane));
  return chunks;
}

/** The events of a chunk; undefined when it is damaged. */
export function unpackEvents({ bytes, items }: Pick<Chunk, 'bytes' | 'items'>) {
  const unpacked = unpackEventBytes(bytes);
  return unpacked?.events.length === items ? unpacked : undefined;
}

/** The same, where the number of events is not known. */
export function unpackEventBytes(bytes: Uint8Array): UnpackedChunk | undefined {
  try {
    return readBody(zstdDecompressSync(bytes, { maxOutputLength: RAW_MAX_BYTES }));
  } catch {
    return undefined;
  }
}

/** @throws RangeError where it ends too early */
function readBody(body: Buffer): UnpackedChunk {
  const commit = body.readDoubleLE(0);
  const count = body.readUInt32LE(8);
  let at = HEAD_BYTES;
  const destinations: { readonly group: string; readonly stream: string }[] = [];
  for (let i = 0; i < count; i++) {
    const end = at + 2 + body.readUInt16LE(at);
    const [group = '', stream = ''] = body.toString('utf8', at + 2, end).split('\0');
    destinations.push({ group, stream });
    at = end;
  }
  const events: FramedEvent[] = [];
  while (at < body.length) {
    const start = at + FRAME_BYTES;
    const end = start + body.readUInt32LE(at);
    const destination = destinations[body.readUInt32LE(at + 12)];
    if (end > body.length || destination === undefined) throw new RangeError('damaged');
    const timestampMs = body.readDoubleLE(at + 4);
    events.push({ ...destination, timestampMs, message: body.subarray(start, end) });
    at = end;
  }
  return { commit, events };
}

/** Two halves, by chunks, and a single chunk by its events; undefined for one event. */
export function halveEvents(chunks: readonly Chunk[]): Halves | undefined {
  const [only] = chunks;
  if (only === undefined) return undefined;
  if (chunks.length > 1) return halveChunks(chunks);
  const events = unpackEvents(only)?.events;
  if (events === undefined || events.length < 2) return undefined;
  const middle = Math.ceil(events.length / 2);
  return {
    first: [makeEventChunk(events.slice(0, middle), 0, only.lane)],
    second: [makeEventChunk(events.slice(middle), 0, only.lane)],
    isOrdered: false,
  };
}

/** Divides chunks into events from `cutoffMs` on and older ones; a damaged chunk stays whole. */
export function withoutOlderEvents(chunks: readonly Chunk[], cutoffMs: number) {
  const kept: Chunk[] = [];
  const dropped: Chunk[] = [];
  for (const chunk of chunks) {
    const isMixed = chunk.oldestMs < cutoffMs && chunk.newestMs >= cutoffMs;
    const events = isMixed ? unpackEvents(chunk)?.events : undefined;
    if (events === undefined) (chunk.newestMs < cutoffMs ? dropped : kept).push(chunk);
    else {
      const isOld = ({ timestampMs }: FramedEvent): boolean => timestampMs < cutoffMs;
      kept.push(
        makeEventChunk(
          events.filter((one) => !isOld(one)),
          0,
          chunk.lane,
        ),
      );
      dropped.push(makeEventChunk(events.filter(isOld), 0, chunk.lane));
    }
  }
  return { kept, dropped };
}
