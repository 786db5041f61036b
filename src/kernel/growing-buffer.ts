/**
 * Gathers a body from the pieces in which it comes. They are copied into one buffer, so that a body
 * in pieces of one byte holds what its bytes are and not an object for each. Pieces are counted:
 * each costs some microseconds, whatever its length.
 * Limits: pieces; the bytes are for the caller to limit, before it adds. At most twice the body is
 * held while it comes, and READY_BYTES of what is only announced.
 */

/** So many pieces may be of any length; above it, PIECE_BYTES are wanted of each on average. */
const PIECES_FREE = 16_384;
const PIECE_BYTES = 4;
/** The most that is allocated for an announced length before its bytes have come. */
const READY_BYTES = 1024 * 1024;
const FIRST_BYTES = 1024;
/** A larger buffer grows by half, so that less is held beside it while it moves. */
const LARGE_BYTES = 4 * 1024 * 1024;
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
  /** How many bytes are announced; 0 where unknown. */
  readonly announced?: number;
  /** The most bytes that the caller adds: no more room is made. */
  readonly most?: number;
  /** Gives a buffer of at least this length, for a body of several pieces. */
  readonly allocate?: ((length: number) => Buffer) | undefined;
}

const allocateNew = (length: number): Buffer => Buffer.allocUnsafeSlow(length);

export class GrowingBuffer {
  readonly #announced: number;
  readonly #most: number;
  readonly #allocate: (length: number) => Buffer;
  #buffer: Buffer | undefined;
  /** Whether there is room of our own behind what was added. */
  #isOwn = false;
  #length = 0;
  #pieces = 0;

  constructor({ announced = 0, most = Infinity, allocate = allocateNew }: BufferOptions = {}) {
    this.#most = most;
    this.#announced = Number.isFinite(announced) ? announced : 0;
    this.#allocate = allocate;
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a piece; a first one that is large is kept as it is. @throws TinyPiecesError */
  add(piece: Buffer): void {
    checkPieces((this.#pieces += 1), this.#length + piece.length);
    if (piece.length === 0) return;
    if (this.#length === 0 && piece.length * HELD_TIMES_MAX >= piece.buffer.byteLength)
      this.#buffer = piece;
    else this.#copy(piece);
    this.#length += piece.length;
  }

  /** All that was added. What is added later may show in it, or not. */
  finish(): Buffer {
    return this.#buffer?.subarray(0, this.#length) ?? Buffer.alloc(0);
  }

  #copy(piece: Buffer): void {
    const needed = this.#length + piece.length;
    // The first piece may be another's memory: nothing is written behind it.
    const room = this.#isOwn ? (this.#buffer?.length ?? 0) : 0;
    if (room < needed) {
      const grown = this.#isOwn
        ? room * (room < LARGE_BYTES ? 2 : 1.5)
        : Math.min(this.#announced, READY_BYTES);
      const wanted = Math.min(this.#most, Math.floor(grown));
      const larger = this.#allocate(Math.max(FIRST_BYTES, needed, wanted));
      this.#buffer?.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
      this.#isOwn = true;
    }
    piece.copy(this.#buffer as Buffer, this.#length);
  }
}
