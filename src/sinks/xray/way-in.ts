/**
 * The way into the queue: documents are copied behind one another into an open chunk, which goes
 * to the queue when it is full, and at the commit. Documents need no order, so chunks go to the
 * lanes in turn, and several senders have work.
 */
import { isUtf8 } from 'node:buffer';
import type { Load } from '../../delivery/load.ts';
import { type Borrowed, peek } from '../../model/borrowed.ts';
import type { ChunkQueue } from '../../model/queue.ts';
import type { TraceAppender } from '../../model/trace-appender.ts';
import { FRAME_BYTES, writeFrame } from '../../wire/xray/frames.ts';
import { CHUNK_BYTES_MAX, DOCUMENTS_MAX, compressFrames } from './chunk.ts';
import type { PlaceSpans } from './spans.ts';

/** A larger document could not be slimmed to what X-Ray takes. A datagram has at most 64 KiB. */
export const DOCUMENT_IN_MAX_BYTES = 4 * 1024 * 1024;

export interface WayInOptions {
  readonly queue: ChunkQueue;
  readonly load: Load;
  readonly onReceived: (documents: number) => void;
  /** Called with the number of documents that were refused before they came here. */
  readonly onRejected: (documents: number) => void;
  /** Called for a document that is too large to be taken. */
  readonly onLeftOut: () => void;
  /** Called for a document that is not UTF-8. */
  readonly onInvalidUtf8: () => void;
  /** What goes into the queue in place of spans. */
  readonly placeSpans: PlaceSpans;
  /** Called for spans that have no place in it. */
  readonly onInvalidSpans: (spans: number) => void;
}

/** What the appenders of one sink share. */
export class WayIn {
  #options: WayInOptions;
  #lane = 0;

  constructor(options: WayInOptions) {
    this.#options = options;
  }

  /** Goes on with other settings for the same queue. */
  goOn(options: WayInOptions): void {
    this.#options = options;
  }

  readonly open = (): TraceAppender => new Appender(this);

  get options(): WayInOptions {
    return this.#options;
  }

  enqueue(body: Buffer, items: number, oldestMs: number, newestMs: number): void {
    const { queue, load, onReceived } = this.#options;
    const lane = this.#lane++;
    queue.append({
      bytes: compressFrames(body),
      items,
      oldestMs,
      newestMs,
      lane,
      rawBytes: body.length,
    });
    load.taken(items, newestMs);
    onReceived(items);
  }
}

class Appender implements TraceAppender {
  readonly #wayIn: WayIn;
  #body: Buffer = Buffer.alloc(0);
  #length = 0;
  #items = 0;
  #oldestMs = Infinity;
  #newestMs = -Infinity;

  constructor(wayIn: WayIn) {
    this.#wayIn = wayIn;
  }

  append(document: Borrowed<Uint8Array>, receivedMs: number): void {
    if (document.length > DOCUMENT_IN_MAX_BYTES) {
      this.#wayIn.options.onLeftOut();
      return;
    }
    const { onInvalidUtf8, onInvalidSpans, placeSpans } = this.#wayIn.options;
    if (!isUtf8(peek(document))) onInvalidUtf8();
    const { buffer, byteOffset, length } = peek(document);
    const placed = placeSpans(Buffer.from(buffer, byteOffset, length));
    if (placed === undefined) {
      this.#add(document, receivedMs);
      return;
    }
    for (const one of placed.documents) this.#add(one, receivedMs);
    if (placed.invalid > 0) onInvalidSpans(placed.invalid);
  }

  #add(document: Borrowed<Uint8Array>, receivedMs: number): void {
    const end = this.#length + FRAME_BYTES + document.length;
    if (end > CHUNK_BYTES_MAX && this.#items > 0) this.commit();
    this.#grow(this.#length + FRAME_BYTES + document.length);
    this.#length = writeFrame(this.#body, this.#length, document, receivedMs);
    this.#items += 1;
    if (receivedMs < this.#oldestMs) this.#oldestMs = receivedMs;
    if (receivedMs > this.#newestMs) this.#newestMs = receivedMs;
    if (this.#items === DOCUMENTS_MAX) this.commit();
  }

  commit(): void {
    if (this.#items === 0) return;
    const body = this.#body.subarray(0, this.#length);
    const [items, oldestMs, newestMs] = [this.#items, this.#oldestMs, this.#newestMs];
    // Emptied first: what the queue throws at must not be appended a second time.
    this.#length = this.#items = 0;
    this.#oldestMs = Infinity;
    this.#newestMs = -Infinity;
    this.#wayIn.enqueue(body, items, oldestMs, newestMs);
    if (this.#body.length > CHUNK_BYTES_MAX) this.#body = Buffer.alloc(0);
  }

  noteRejected(documents: number): void {
    this.#wayIn.options.onRejected(documents);
  }

  #grow(bytes: number): void {
    if (bytes <= this.#body.length) return;
    const larger = Buffer.allocUnsafeSlow(bytes > CHUNK_BYTES_MAX ? bytes : CHUNK_BYTES_MAX);
    this.#body.copy(larger, 0, 0, this.#length);
    this.#body = larger;
  }
}
