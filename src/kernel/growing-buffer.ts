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
const FIRST_BYTES = 4 * 1024;

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
  /** Gives a buffer of at least this length, for a body of several pieces. */
  readonly allocate?: ((length: number) => Buffer) | undefined;
}

export class GrowingBuffer {
  readonly #announced: number;
  readonly #allocate: (length: number) => Buffer;
  #buffer: Buffer | undefined;
  #length = 0;
  #pieces = 0;

  constructor({ announced = 0, allocate = Buffer.allocUnsafeSlow }: BufferOptions = {}) {
    this.#announced = Number.isFinite(announced) ? announced : 0;
    this.#allocate = allocate;
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a piece. The first one is kept as it is, the others are copied. @throws TinyPiecesError */
  add(piece: Buffer): void {
    checkPieces((this.#pieces += 1), this.#length + piece.length);
    if (this.#buffer === undefined) this.#buffer = piece;
    else {
      this.#reserve(this.#length + piece.length);
      piece.copy(this.#buffer, this.#length);
    }
    this.#length += piece.length;
  }

  /** All that was added. What is added later may show in it, or not. */
  finish(): Buffer {
    return this.#buffer?.subarray(0, this.#length) ?? Buffer.alloc(0);
  }

  #reserve(needed: number): void {
    const { length: held = 0 } = this.#buffer ?? {};
    // The first piece is another's memory: nothing is written behind it.
    if (this.#pieces > 2 && held >= needed) return;
    const wanted =
      this.#pieces === 2
        ? Math.max(FIRST_BYTES, needed, Math.min(this.#announced, READY_BYTES))
        : Math.max(needed, held * 2);
    const larger = this.#allocate(wanted);
    this.#buffer?.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
