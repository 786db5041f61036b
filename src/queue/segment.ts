/**
 * Segment files: chunks one behind the other, each with a header that has a checksum of its own. So
 * a file is scanned without reading the chunks' bytes, and a damaged chunk costs only itself.
 *
 *   0 magic  4 length  8 items  12 raw bytes  16 oldest ms (f64)  24 newest ms (f64)
 *   32 lane (u16), lanes (u16)  36 CRC32 of the bytes  40 CRC32 of 0–40  44 bytes …
 *
 * Numbers are little-endian. There is no index, and nothing written is changed; only a torn end is
 * cut off.
 * Limits: a chunk ≤ 64 MiB.
 */
import { closeSync, fstatSync, ftruncateSync, readSync, writevSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { openPrivate } from '../kernel/private-files.ts';
import type { Chunk } from '../model/queue.ts';

export const HEADER_BYTES = 44;
/** Larger chunks are refused at their append. */
export const CHUNK_MAX_BYTES = 64 * 1024 * 1024;

/** Ten digits in numbers of seconds; more after a file of a number that somebody else chose. */
const NAME = /^(\d{10,15})\.seg$/;

/** The number of a segment file by its name; undefined where it is none. */
export function readSegmentId(name: string): number | undefined {
  const digits = NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

const MAGIC = 0x31514d41;
const MAGIC_BYTES = Buffer.from('AMQ1');

/** What a header says about the chunk behind it. */
export interface ChunkHeader {
  readonly length: number;
  readonly items: number;
  readonly rawBytes: number;
  readonly oldestMs: number;
  readonly newestMs: number;
  readonly lane: number;
  /** How many lanes there were when it was written. */
  readonly lanes: number;
  readonly crc: number;
}

export interface StoredHeader extends ChunkHeader {
  /** Where the header begins in its file. */
  readonly offset: number;
}

function encodeHeader(header: ChunkHeader): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt32LE(header.length, 4);
  bytes.writeUInt32LE(header.items, 8);
  bytes.writeUInt32LE(header.rawBytes, 12);
  bytes.writeDoubleLE(header.oldestMs, 16);
  bytes.writeDoubleLE(header.newestMs, 24);
  bytes.writeUInt16LE(header.lane, 32);
  bytes.writeUInt16LE(header.lanes, 34);
  bytes.writeUInt32LE(header.crc, 36);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 40)), 40);
  return bytes;
}

/** The header at an offset of a buffer; undefined when there is none or its checksum is wrong. */
function decodeHeader(bytes: Buffer, at: number): ChunkHeader | undefined {
  if (at + HEADER_BYTES > bytes.length || bytes.readUInt32LE(at) !== MAGIC) return undefined;
  if (crc32(bytes.subarray(at, at + 40)) !== bytes.readUInt32LE(at + 40)) return undefined;
  return {
    length: bytes.readUInt32LE(at + 4),
    items: bytes.readUInt32LE(at + 8),
    rawBytes: bytes.readUInt32LE(at + 12),
    oldestMs: bytes.readDoubleLE(at + 16),
    newestMs: bytes.readDoubleLE(at + 24),
    lane: bytes.readUInt16LE(at + 32),
    lanes: bytes.readUInt16LE(at + 34),
    crc: bytes.readUInt32LE(at + 36),
  };
}

/**
 * Writes a chunk at `offset`, the end of an open file. The operating system has it when this
 * returns; the disk may not.
 *
 * @throws  the file system's error, the file cut back to `offset` where that was possible
 */
export function writeChunk(fd: number, offset: number, chunk: Chunk, lanes: number): StoredHeader {
  const { bytes, items, rawBytes, oldestMs, newestMs, lane } = chunk;
  const crc = crc32(bytes);
  const { length } = bytes;
  const header = { offset, length, items, rawBytes, oldestMs, newestMs, lane, lanes, crc };
  const head = encodeHeader(header);
  try {
    let written = writevSync(fd, [head, bytes], offset);
    while (written < HEADER_BYTES + length) {
      // A full disk takes a part and refuses the rest with the next call.
      const rest = Buffer.concat([head, bytes]).subarray(written);
      written += writevSync(fd, [rest], offset + written);
    }
    return header;
  } catch (error) {
    ftruncateSync(fd, offset);
    throw error;
  }
}

/** Reads the bytes of a chunk; undefined when they are cut off or their checksum is wrong. */
export function readChunk(fd: number, header: StoredHeader): Uint8Array | undefined {
  const bytes = Buffer.allocUnsafeSlow(header.length);
  const read = readFully(fd, bytes, header.offset + HEADER_BYTES);
  return read === bytes.length && crc32(bytes) === header.crc ? bytes : undefined;
}

export interface SegmentScan {
  readonly chunks: readonly StoredHeader[];
  /** Offset behind the last chunk. */
  readonly size: number;
  /** How often a header was damaged and the next good one had to be searched for. */
  readonly badHeaders: number;
  /** Bytes behind the last chunk, which a repair cuts off. */
  readonly tornBytes: number;
}

/** Headers that are read between two yields. */
const SLICE = 256;

/** Scans a segment by its headers, in slices, and, when repairing, cuts off a torn end. */
export function* scanSegment(
  path: string,
  isRepairing = true,
): Generator<undefined, SegmentScan, undefined> {
  const fd = openPrivate(path, isRepairing ? 'r+' : 'r');
  try {
    const fileBytes = fstatSync(fd).size;
    const chunks: StoredHeader[] = [];
    const header = Buffer.alloc(HEADER_BYTES);
    let offset = 0;
    let badHeaders = 0;
    while (offset < fileBytes) {
      readFully(fd, header, offset);
      const found = decodeHeader(header, 0);
      if (found !== undefined && offset + HEADER_BYTES + found.length <= fileBytes) {
        chunks.push({ ...found, offset });
        offset += HEADER_BYTES + found.length;
        if (chunks.length % SLICE === 0) yield;
        continue;
      }
      const next = findHeader(fd, offset + 1, fileBytes);
      if (next === undefined) break;
      badHeaders += 1;
      offset = next;
    }
    const tornBytes = fileBytes - offset;
    if (tornBytes > 0 && isRepairing) ftruncateSync(fd, offset);
    return { chunks, size: offset, badHeaders, tornBytes };
  } finally {
    closeSync(fd);
  }
}

/** The offset of the next good header whose chunk ends within the file. */
function findHeader(fd: number, from: number, fileBytes: number): number | undefined {
  const rest = Buffer.allocUnsafeSlow(Math.max(0, fileBytes - from));
  readFully(fd, rest, from);
  let at = rest.indexOf(MAGIC_BYTES);
  while (at >= 0) {
    const header = decodeHeader(rest, at);
    if (header !== undefined && at + HEADER_BYTES + header.length <= rest.length) return from + at;
    at = rest.indexOf(MAGIC_BYTES, at + 1);
  }
  return undefined;
}

function readFully(fd: number, into: Buffer, position: number): number {
  let read = 0;
  while (read < into.length) {
    const count = readSync(fd, into, read, into.length - read, position + read);
    if (count === 0) break;
    read += count;
  }
  return read;
}
