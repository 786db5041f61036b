/**
 * Documents packed into one buffer, which the thread of the socket hands to the main thread. Pure.
 *
 *     ┌────────────┬──────────┬────────────┬──────────┬───
 *     │ length u32 │ document │ length u32 │ document │ …   little endian
 *     └────────────┴──────────┴────────────┴──────────┴───
 */
import type { Borrowed } from '../model/borrowed.ts';

/** Size of a batch's buffer; a document of a datagram always fits into an empty one. */
export const BATCH_BYTES = 256 * 1024;
const LENGTH_BYTES = 4;

export class DocumentBatch {
  readonly buffer: ArrayBuffer;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #usedBytes = 0;

  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer;
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Copies a document; false when there is no space for it. */
  add(document: Uint8Array): boolean {
    const start = this.#usedBytes + LENGTH_BYTES;
    if (start + document.length > this.#bytes.length) return false;
    this.#view.setUint32(this.#usedBytes, document.length, true);
    this.#bytes.set(document, start);
    this.#usedBytes = start + document.length;
    return true;
  }
}

/** The documents of a batch, in order. They are views of its buffer. */
export function* readDocuments(
  buffer: ArrayBuffer,
  usedBytes: number,
): Generator<Borrowed<Uint8Array>> {
  const view = new DataView(buffer);
  let start = LENGTH_BYTES;
  while (start <= usedBytes) {
    const length = view.getUint32(start - LENGTH_BYTES, true);
    yield new Uint8Array(buffer, start, length);
    start += length + LENGTH_BYTES;
  }
}
