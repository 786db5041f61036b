/**
 * How segment documents lie one behind the other in the body of a chunk, each with its length and
 * the time when it was received. Pure; a chunk's compression is not here.
 *
 *     ┌ length, 4 bytes ┬ received, 8 bytes ┬ tries, 1 byte ┬ document ┐ … all little-endian
 *     └─────────────────┴ a double, ms ─────┴───────────────┴──────────┘
 */
import { type Borrowed, peek } from '../../model/borrowed.ts';

/** What stands before a document. */
export const FRAME_BYTES = 13;
const TRIES_AT = 12;

export interface FramedDocument {
  /** A view of the body. */
  readonly bytes: Buffer;
  readonly receivedMs: number;
  /** How often X-Ray failed at it while it took others. */
  readonly tries: number;
}

/**
 * Writes a document into a buffer that has room for it and its frame.
 *
 * @returns  where the next one begins
 */
export function writeFrame(
  target: Buffer,
  at: number,
  document: Borrowed<Uint8Array>,
  receivedMs: number,
  tries = 0,
): number {
  target.writeUInt32LE(document.length, at);
  target.writeDoubleLE(receivedMs, at + 4);
  target.writeUInt8(tries, at + TRIES_AT);
  target.set(peek(document), at + FRAME_BYTES);
  return at + FRAME_BYTES + document.length;
}

/** The documents of a body, in order; undefined when it is not what `writeFrame` wrote. */
export function readFrames(body: Buffer): FramedDocument[] | undefined {
  const documents: FramedDocument[] = [];
  let at = 0;
  while (at < body.length) {
    if (at + FRAME_BYTES > body.length) return undefined;
    const start = at + FRAME_BYTES;
    const end = start + body.readUInt32LE(at);
    const receivedMs = body.readDoubleLE(at + 4);
    if (end > body.length || !Number.isFinite(receivedMs)) return undefined;
    const tries = body.readUInt8(at + TRIES_AT);
    documents.push({ bytes: body.subarray(start, end), receivedMs, tries });
    at = end;
  }
  return documents;
}
