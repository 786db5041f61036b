/**
 * Bounds the bytes of all requests under way in a server, as they are sent and inflated: without
 * it, many large requests at one time would be the memory of the process.
 */
import { HttpError } from './http-error.ts';

/** Six of the largest requests, or thousands of usual ones. */
export const BODIES_MAX_BYTES = 128 * 1024 * 1024;
const RETRY_AFTER_MS = 1_000;

/** There is no room for a request now; the sender is to send it again. */
export class NotTakenNow extends HttpError {
  override readonly name = 'NotTakenNow';
  readonly retryAfterMs: number;
  constructor(message: string, retryAfterMs: number) {
    super(503, message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The answer where all bodies under way are too large together: the client is to ask again. */
export function answerNotTaken({ message, retryAfterMs }: NotTakenNow) {
  const seconds = String(Math.max(1, Math.ceil(retryAfterMs / 1_000)));
  return { status: 503, headers: { 'retry-after': seconds }, body: `503: ${message}\n` };
}

export interface ByteShare {
  /** @throws NotTakenNow where the budget has no room for them */
  readonly take: (bytes: number) => void;
  /** Gives back all of it, at the end of the request. */
  readonly release: () => void;
}

export class ByteBudget {
  readonly #maxBytes: number;
  #usedBytes = 0;

  constructor(maxBytes = BODIES_MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** The share of one request, which has none yet. */
  open(): ByteShare {
    let bytes = 0;
    return {
      take: (more) => {
        if (this.#usedBytes + more > this.#maxBytes)
          throw new NotTakenNow(
            `the requests under way hold ${this.#usedBytes} of ${this.#maxBytes} bytes; send it ` +
              'again later, or less at a time',
            RETRY_AFTER_MS,
          );
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
