/**
 * The way into a queue for sinks whose items are rows of text: a commit puts the rows of its
 * transaction into the queue, in chunks of bounded size.
 */
import type { ChunkQueue } from '../model/queue.ts';
import type { Load } from './load.ts';

/** A chunk of this size is full; a longer commit becomes several chunks. */
const CHUNK_CHARS = 256 * 1024;

interface Piece {
  text: string;
  items: number;
  oldestMs: number;
  newestMs: number;
}

export class Rows {
  readonly #queue: ChunkQueue;
  readonly #load: Load;
  readonly #lane: number;
  /** Emptied and never replaced: see `RemoteWriteAppender`, whose pieces wait in the same way. */
  readonly #pieces: Piece[] = [];

  constructor(queue: ChunkQueue, load: Load, lane = 0) {
    this.#queue = queue;
    this.#load = load;
    this.#lane = lane;
  }

  add(tMs: number, row: string): void {
    let piece = this.#pieces.at(-1);
    if (piece === undefined || piece.text.length > CHUNK_CHARS) {
      piece = { text: '', items: 0, oldestMs: tMs, newestMs: tMs };
      this.#pieces.push(piece);
    }
    piece.text += row;
    piece.items += 1;
    if (tMs < piece.oldestMs) piece.oldestMs = tMs;
    if (tMs > piece.newestMs) piece.newestMs = tMs;
  }

  /** A chunk a slice. */
  *commitSlices(): Generator<undefined, void, undefined> {
    for (const { text, items, oldestMs, newestMs } of this.#pieces) {
      const bytes = Buffer.from(text);
      const { length: rawBytes } = bytes;
      this.#queue.append({ bytes, items, oldestMs, newestMs, lane: this.#lane, rawBytes });
      this.#load.taken(items, newestMs);
      yield;
    }
    this.rollback();
  }

  rollback(): void {
    this.#pieces.length = 0;
  }
}
