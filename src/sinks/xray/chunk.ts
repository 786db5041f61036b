/**
 * A chunk of segment documents: their frames, compressed with zstd, whose checksum tells a damaged
 * one. Level 1 makes a sixth of documents of one application in 3 µs each.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { type Halves, halveChunks } from '../../delivery/protocol.ts';
import type { Chunk } from '../../model/queue.ts';
import {
  FRAME_BYTES,
  type FramedDocument,
  readFrames,
  writeFrame,
} from '../../wire/xray/frames.ts';

/** A chunk is full with as many documents as X-Ray takes in a request, or so many bytes. */
export const DOCUMENTS_MAX = 50;
export const CHUNK_BYTES_MAX = 256 * 1024;
/** A larger body is none of ours. */
const RAW_MAX_BYTES = 16 * 1024 * 1024;

const PARAMETERS = {
  params: {
    [constants.ZSTD_c_compressionLevel]: 1,
    [constants.ZSTD_c_checksumFlag]: 1,
  },
};

/** Compresses frames. @param body  is not kept */
export function compressFrames(body: Buffer): Buffer {
  return zstdCompressSync(body, PARAMETERS);
}

/** The documents of a chunk; undefined when it is damaged. */
export function unpackDocuments({ bytes, items }: Pick<Chunk, 'bytes' | 'items'>) {
  const documents = unpackBytes(bytes);
  return documents?.length === items ? documents : undefined;
}

/** The same, where the number of documents is not known. */
export function unpackBytes(bytes: Uint8Array): FramedDocument[] | undefined {
  try {
    return readFrames(zstdDecompressSync(bytes, { maxOutputLength: RAW_MAX_BYTES }));
  } catch {
    return undefined;
  }
}

/** A chunk of documents, of which there is at least one. */
export function makeChunk(documents: readonly FramedDocument[], lane: number): Chunk {
  const rawBytes = documents.reduce((sum, { bytes }) => sum + FRAME_BYTES + bytes.length, 0);
  const body = Buffer.allocUnsafe(rawBytes);
  let at = 0;
  for (const { bytes, receivedMs, tries } of documents)
    at = writeFrame(body, at, bytes, receivedMs, tries);
  const times = documents.map(({ receivedMs }) => receivedMs);
  return {
    bytes: compressFrames(body),
    items: documents.length,
    oldestMs: Math.min(...times),
    newestMs: Math.max(...times),
    lane,
    rawBytes,
  };
}

/** Chunks of at most some documents each and, but for a larger document, of bounded size. */
export function makeChunks(documents: readonly FramedDocument[], lane: number): Chunk[] {
  const chunks: Chunk[] = [];
  let open: FramedDocument[] = [];
  let bytes = 0;
  for (const document of documents) {
    const isFull = open.length === DOCUMENTS_MAX || bytes + document.bytes.length > CHUNK_BYTES_MAX;
    if (isFull && open.length > 0) {
      chunks.push(makeChunk(open, lane));
      open = [];
      bytes = 0;
    }
    open.push(document);
    bytes += document.bytes.length;
  }
  if (open.length > 0) chunks.push(makeChunk(open, lane));
  return chunks;
}

/** Two halves, by chunks, and a single chunk by its documents; undefined for one document. */
export function halveDocuments(chunks: readonly Chunk[]): Halves | undefined {
  const [only] = chunks;
  if (only === undefined) return undefined;
  if (chunks.length > 1) return halveChunks(chunks);
  const documents = unpackDocuments(only);
  if (documents === undefined || documents.length < 2) return undefined;
  const middle = Math.ceil(documents.length / 2);
  return {
    first: [makeChunk(documents.slice(0, middle), only.lane)],
    second: [makeChunk(documents.slice(middle), only.lane)],
    isOrdered: false,
  };
}

/** Divides chunks into documents from `cutoffMs` on and older ones; a damaged chunk stays whole. */
export function withoutOlderDocuments(chunks: readonly Chunk[], cutoffMs: number) {
  const kept: Chunk[] = [];
  const dropped: Chunk[] = [];
  for (const chunk of chunks) {
    const isMixed = chunk.oldestMs < cutoffMs && chunk.newestMs >= cutoffMs;
    const documents = isMixed ? unpackDocuments(chunk) : undefined;
    if (documents === undefined) (chunk.newestMs < cutoffMs ? dropped : kept).push(chunk);
    else {
      const isOld = ({ receivedMs }: FramedDocument): boolean => receivedMs < cutoffMs;
      const young = documents.filter((one) => !isOld(one));
      kept.push(makeChunk(young, chunk.lane));
      dropped.push(makeChunk(documents.filter(isOld), chunk.lane));
    }
  }
  return { kept, dropped };
}
