/**
 * How the thread of a socket hands documents to the main thread: in batches, of which the first is
 * posted 20 ms after its first document, and the next when the main thread has taken it or the
 * batch is full. While the main thread is busy, full batches wait, up to a limit; what comes then
 * is dropped and counted.
 *
 *     socket ─► open batch ─► posted, not taken ─► commit by the main thread
 *                  ▲                                   │
 *                  └───────────── spare ◄──────────────┘ the buffer comes back
 */
import { findDocument, type Rejection } from '../wire/xray/datagram.ts';
import { BATCH_BYTES, DocumentBatch } from './document-batch.ts';
import type { Tally, ThreadMessage } from './thread-messages.ts';

/** How long a document waits for others. A process that is killed loses so much at most. */
export const COMMIT_MS = 20;
/** Buffers that are kept for the next batches; others are given back to the system. */
const SPARE_MAX = 4;

export type Post = (message: ThreadMessage, transfer: ArrayBuffer[]) => void;

export class Handover {
  readonly #post: Post;
  readonly #buffersMax: number;
  /** All buffers: open, posted and spare. */
  #buffers = 0;
  #open: DocumentBatch | undefined;
  #spare: ArrayBuffer[] = [];
  #tally = emptyTally();
  /** Messages that the main thread has not answered. */
  #posted = 0;
  #timer: NodeJS.Timeout | undefined;
  #isDue = false;

  /** @param bufferBytes  rounded down to whole batches, two at least */
  constructor(bufferBytes: number, post: Post) {
    this.#post = post;
    this.#buffersMax = Math.max(2, Math.floor(bufferBytes / BATCH_BYTES));
  }

  /**
   * Takes a datagram; its document is copied.
   *
   * @param sender  who sent it; asked for only where it is told
   */
  take(datagram: Buffer, sender: () => string): void {
    const found = findDocument(datagram);
    if (typeof found === 'string') this.#reject(found, sender());
    else {
      this.#add(datagram.subarray(found));
      this.#tally.sender ??= sender();
    }
    // Counted last: `#add` may have posted the tally before, and this one goes with its document.
    this.#tally.datagrams += 1;
    this.#tally.bytes += datagram.length;
    this.#timer ??= setTimeout(() => this.#hold(), COMMIT_MS);
  }

  /** The main thread has committed a batch. */
  giveBack(buffer: ArrayBuffer | undefined): void {
    this.#posted -= 1;
    if (buffer !== undefined) {
      if (this.#spare.length < SPARE_MAX) this.#spare.push(buffer);
      else this.#buffers -= 1;
    }
    if (this.#isDue && this.#posted === 0) this.flush();
  }

  /** Posts what there is, at once. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isDue = false;
    const batch = this.#open;
    const tally = this.#tally;
    if (tally.datagrams === 0) return;
    this.#open = undefined;
    this.#tally = emptyTally();
    this.#posted += 1;
    const common = { kind: 'batch', heldBytes: this.#buffers * BATCH_BYTES, tally } as const;
    if (batch === undefined) this.#post({ ...common, usedBytes: 0 }, []);
    else
      this.#post({ ...common, buffer: batch.buffer, usedBytes: batch.usedBytes }, [batch.buffer]);
  }

  /** While a batch is at the main thread, the next one grows rather than wait behind it. */
  #hold(): void {
    this.#timer = undefined;
    if (this.#posted === 0) this.flush();
    else this.#isDue = true;
  }

  #reject(reason: Rejection, sender: string): void {
    const { rejected } = this.#tally;
    rejected[reason] = (rejected[reason] ?? 0) + 1;
    this.#tally.rejectedSender = sender;
  }

  #add(document: Uint8Array): void {
    this.#open ??= this.#makeBatch();
    if (this.#open?.add(document) === true) return;
    if (this.#open !== undefined) {
      this.flush();
      this.#open = this.#makeBatch();
    }
    if (this.#open?.add(document) !== true) this.#tally.dropped += 1;
  }

  #makeBatch(): DocumentBatch | undefined {
    const spare = this.#spare.pop();
    if (spare !== undefined) return new DocumentBatch(spare);
    if (this.#buffers === this.#buffersMax) return undefined;
    this.#buffers += 1;
    return new DocumentBatch(new ArrayBuffer(BATCH_BYTES));
  }
}

function emptyTally(): Tally {
  return { datagrams: 0, bytes: 0, dropped: 0, rejected: {} };
}
