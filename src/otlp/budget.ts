/**
 * Bounds the bytes of all requests under way in a receiver, as they are sent and inflated: without
 * it, many large requests at one time would be the memory of the process.
 */
import { NotTakenNow } from './intake.ts';

/** Six of the largest requests, or thousands of usual ones. */
const BYTES_MAX = 128 * 1024 * 1024;
const RETRY_AFTER_MS = 1_000;

export class ByteBudget {
  readonly #maxBytes: number;
  #usedBytes = 0;

  constructor(maxBytes = BYTES_MAX) {
    this.#maxBytes = maxBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** The share of one request, which has none yet. */
  open(): ByteShare {
    let bytes = 0;
    return {
      take: (more) => {
        if (this.#usedBytes + more > this.#maxBytes)
          throw new NotTakenNow('too many bytes of other requests are under way', RETRY_AFTER_MS);
        bytes += more;
        this.#usedBytes += more;
      },
      release: () => {
        this.#usedBytes -= bytes;
        bytes = 0;
      },
    };
  }
}

export interface ByteShare {
  /** @throws NotTakenNow where the budget has no room for them */
  readonly take: (bytes: number) => void;
  /** Gives back all of it, at the end of the request. */
  readonly release: () => void;
}
