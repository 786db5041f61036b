/**
 * Gathers a body from the pieces in which it comes, so that a body in pieces of one byte holds what
 * its bytes are and not an object for each. Up to BLOCK_BYTES it lies in one buffer that grows; a
 * larger one in blocks of that size, which are joined at the end in slices, since 100 MB that are
 * copied or made anew at once hold up everything else. Where one of that length is announced and
 * memory for it is there already (large-bodies.ts), it lies in that. Pieces are counted: each costs
 * some microseconds, whatever its length.
 *
 *     small   │ bytes │ room │                 doubles, and is the body
 *     large   │ block │ block │ block │ room │ joined block by block, each let go when it is copied
 *
 * Limits: pieces; the bytes are for the caller to limit, before it adds. At most twice the body is
 * held while it is small, a block more than it while it is large, and ANNOUNCED_TIMES_MAX times
 * what has come where more is announced.
 */
import { LENT_BYTES_MAX } from '../model/borrowed.ts';
import { runGivingWay } from './giving-way.ts';
import { findLargeBody } from './large-bodies.ts';

/** So many pieces may be of any length; above it, PIECE_BYTES are wanted of each on average. */
const PIECES_FREE = 16_384;
const PIECE_BYTES = 4;
/** The most that lies in one buffer before all has come: a body that is lent is such a one. */
export const BLOCK_BYTES = LENT_BYTES_MAX;
/** Bytes that are joined between two yields. */
const SLICE_BYTES = 256 * 1024;
const FIRST_BYTES = 1024;
/** So much of what is announced gets room at once: many may announce much and send little. */
const ANNOUNCED_TIMES_MAX = 4;
/** A first piece that is a slice of more than that times its size is copied, to let that go. */
const HELD_TIMES_MAX = 8;

/** Pieces so small that reading them costs more than the body is worth. */
export class TinyPiecesError extends Error {
  override readonly name = 'TinyPiecesError';
  constructor(pieces: number, bytes: number) {
    super(`${bytes} bytes came in ${pieces} pieces; send larger ones`);
  }
}

/** @throws TinyPiecesError where so many pieces with so many bytes in all are too many */
export function checkPieces(pieces: number, bytes: number): void {
  if (pieces > PIECES_FREE + bytes / PIECE_BYTES) throw new TinyPiecesError(pieces, bytes);
}

export interface BufferOptions {
  /** How many bytes are announced or expected; 0 where unknown. */
  readonly announced?: number;
  /** Gives a buffer of at least this length, for a body of several pieces. */
  readonly allocate?: ((length: number) => Buffer) | undefined;
}

const allocateNew = (length: number): Buffer => Buffer.allocUnsafeSlow(length);

export class GrowingBuffer {
  readonly #announced: number;
  readonly #allocate: (length: number) => Buffer;
  /** What came before the present buffer, in blocks that were filled. */
  #full: Buffer[] = [];
  #buffer: Buffer | undefined;
  /** How much of the present buffer is filled. */
  #filled = 0;
  /** Whether there is room of our own behind what was added. */
  #isOwn = false;
  #length = 0;
  #pieces = 0;

  constructor({ announced = 0, allocate = allocateNew }: BufferOptions = {}) {
    this.#announced = Number.isFinite(announced) ? announced : 0;
    this.#allocate = allocate;
  }

  get length(): number {
    return this.#length;
  }

  /** The memory that it has, room included. */
  get heldBytes(): number {
    const full = this.#full.reduce((sum, { length }) => sum + length, 0);
    return full + (this.#buffer?.length ?? 0);
  }

  /** Adds a piece; a first one that is large is kept as it is. @throws TinyPiecesError */
  add(piece: Buffer): void {
    checkPieces((this.#pieces += 1), this.#length + piece.length);
    if (piece.length === 0) return;
    if (this.#length > 0 || piece.length * HELD_TIMES_MAX < piece.buffer.byteLength) {
      this.copy(piece, 0, piece.length);
      return;
    }
    this.#buffer = piece;
    this.#filled = piece.length;
    this.#length = piece.length;
  }

  /** Adds the bytes [from, to) of a buffer that is written to again. The caller counts pieces. */
  copy(bytes: Buffer, from: number, to: number): void {
    for (let at = from; at < to;) {
      const room = this.#makeRoom(to - at);
      const end = Math.min(to, at + room);
      bytes.copy(this.#buffer as Buffer, this.#filled, at, end);
      this.#filled += end - at;
      this.#length += end - at;
      at = end;
    }
  }

  /**
   * All that was added, at once where it lies in one buffer, else joined in slices. Nothing may be
   * added afterwards.
   */
  finish(): Buffer | Promise<Buffer> {
    return this.#full.length === 0 ? this.finishSmall() : runGivingWay(this.joinInSlices());
  }

  /** The same for a body whose limit is BLOCK_BYTES, or less. */
  finishSmall(): Buffer {
    if (this.#full.length > 0) throw new Error(`BUG: a body is larger than ${BLOCK_BYTES} bytes`);
    return this.#buffer?.subarray(0, this.#filled) ?? Buffer.alloc(0);
  }

  /** Joins the blocks; what runs it decides how much is done in a turn. */
  *joinInSlices(): Generator<undefined, Buffer, undefined> {
    const all = this.#allocate(this.#length).subarray(0, this.#length);
    const blocks = [...this.#full, (this.#buffer as Buffer).subarray(0, this.#filled)];
    this.#full = [];
    this.#buffer = undefined;
    let to = 0;
    for (const block of blocks) {
      const { length } = block;
      for (let at = 0; at < length; at += SLICE_BYTES) {
        block.copy(all, to + at, at, Math.min(length, at + SLICE_BYTES));
        yield;
      }
      to += length;
      // Its memory is let go at once, not when the garbage collector comes to it. The first one may
      // be another's.
      if (block !== blocks[0]) (block.buffer as ArrayBuffer).transfer(0);
    }
    return all;
  }

  /** Sees that the present buffer has room, at best for so many bytes; returns for how many. */
  #makeRoom(bytes: number): number {
    // The first piece may be another's memory: nothing is written behind it.
    const size = this.#isOwn ? (this.#buffer?.length ?? 0) : this.#filled;
    if (this.#filled < size) return size - this.#filled;
    if (this.#filled >= BLOCK_BYTES) {
      this.#full.push((this.#buffer as Buffer).subarray(0, this.#filled));
      this.#buffer = allocateNew(BLOCK_BYTES);
      this.#filled = 0;
      this.#isOwn = true;
      return BLOCK_BYTES;
    }
    const whole = this.#buffer === undefined ? findLargeBody(this.#announced) : undefined;
    if (whole !== undefined) {
      this.#buffer = whole;
      this.#isOwn = true;
      return whole.length;
    }
    const needed = Math.min(this.#filled + bytes, BLOCK_BYTES);
    const wanted = this.#isOwn ? size * 2 : Math.min(this.#announced, needed * ANNOUNCED_TIMES_MAX);
    const larger = this.#allocate(Math.max(FIRST_BYTES, needed, Math.min(wanted, BLOCK_BYTES)));
    this.#buffer?.copy(larger, 0, 0, this.#filled);
    this.#buffer = larger;
    this.#isOwn = true;
    return larger.length - this.#filled;
  }
}
