/**
 * Buffers for the bodies of requests, to be used again: a new one for each request of some hundred
 * kilobytes makes the garbage collector stop for them many times a second. At most `KEPT_MAX` of
 * at most `KEPT_BYTES_MAX` wait for the next request.
 */

const KEPT_MAX = 4;
const KEPT_BYTES_MAX = 4 * 1024 * 1024;
const BYTES_MIN = 64 * 1024;

/** What one request has borrowed. */
export interface BodyLoan {
  /** A buffer of this length with any bytes in it. */
  readonly take: (length: number) => Buffer;
  /** Gives all of it back. Nothing may read it afterwards. */
  readonly release: () => void;
}

export class BodyBuffers {
  readonly #kept: Buffer[] = [];

  /** The loan of one request, which has nothing yet. */
  open(): BodyLoan {
    const lent: Buffer[] = [];
    return {
      take: (length) => {
        const buffer = this.#find(length) ?? allocate(length);
        lent.push(buffer);
        return buffer.subarray(0, length);
      },
      release: () => {
        for (const buffer of lent.splice(0))
          if (buffer.length <= KEPT_BYTES_MAX) this.#kept.push(buffer);
        // The first ones have waited longest: the lengths follow those of the requests.
        this.#kept.splice(0, Math.max(0, this.#kept.length - KEPT_MAX));
      },
    };
  }

  /** Takes out one that is long enough. */
  #find(length: number): Buffer | undefined {
    const index = this.#kept.findIndex((one) => one.length >= length);
    return index < 0 ? undefined : this.#kept.splice(index, 1)[0];
  }
}

/** What will be kept has a power of two as its length, so that it suits other requests too. */
function allocate(length: number): Buffer {
  const isKept = length <= KEPT_BYTES_MAX;
  const rounded = isKept ? 2 ** Math.ceil(Math.log2(Math.max(length, BYTES_MIN))) : length;
  return Buffer.allocUnsafeSlow(rounded);
}
