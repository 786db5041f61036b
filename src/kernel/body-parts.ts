/**
 * Gathers the parts in which a body comes. A part costs some hundred bytes beside its own, and may
 * be a slice of memory many times its size, so small ones are copied together as they come: a
 * sender of one byte a part would else hold a hundred times what is counted of it.
 */

/** Larger parts are kept as they come, unless they hold more than eight times their size. */
const SMALL_BYTES = 8 * 1024;
const HELD_TIMES_MAX = 8;
/** Small parts go into blocks, whose size grows with what has come. */
const BLOCK_BYTES_MIN = 1024;
const BLOCK_BYTES_MAX = 64 * 1024;

export class BodyParts {
  readonly #parts: Buffer[] = [];
  #length = 0;
  /** The block that is being filled, which is the last part but for its free end. */
  #block: Buffer = Buffer.alloc(0);
  #used = 0;

  /** How many bytes have come. */
  get length(): number {
    return this.#length;
  }

  /** Takes a part, which nobody else may change afterwards. */
  add(part: Buffer): void {
    if (part.length === 0) return;
    const isSmall =
      part.length < SMALL_BYTES || part.length * HELD_TIMES_MAX < part.buffer.byteLength;
    if (isSmall) this.#copy(part);
    else {
      this.#closeBlock();
      this.#parts.push(part);
    }
    this.#length += part.length;
  }

  /**
   * The body. Nothing may be added afterwards.
   *
   * @param lend  gives the buffer of a length for a body of several parts; absent: a new one
   */
  join(lend = (length: number): Buffer => Buffer.allocUnsafe(length)): Buffer {
    this.#closeBlock();
    const [first] = this.#parts;
    if (first !== undefined && this.#parts.length === 1) return first;
    const body = lend(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      body.set(part, at);
      at += part.length;
    }
    return body;
  }

  #copy(part: Buffer): void {
    if (this.#used + part.length > this.#block.length) {
      this.#closeBlock();
      const wanted = Math.min(BLOCK_BYTES_MAX, Math.max(BLOCK_BYTES_MIN, this.#length));
      this.#block = Buffer.allocUnsafeSlow(Math.max(wanted, part.length));
    }
    this.#block.set(part, this.#used);
    this.#used += part.length;
  }

  #closeBlock(): void {
    if (this.#used > 0) this.#parts.push(this.#block.subarray(0, this.#used));
    this.#block = Buffer.alloc(0);
    this.#used = 0;
  }
}
