/**
 * How a message stands in the body of a call of gRPC:
 *
 *     [1 byte: 0 plain, 1 compressed][4 bytes: length, big endian][message]
 *
 * Pure. Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
 */

import { GrowingBuffer } from '../growing-buffer.ts';

export const FRAME_HEAD_BYTES = 5;

export interface GrpcFrame {
  readonly isCompressed: boolean;
  readonly message: Buffer;
}

export function writeGrpcFrame(message: Uint8Array, isCompressed = false): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + message.length);
  frame[0] = isCompressed ? 1 : 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, FRAME_HEAD_BYTES);
  return frame;
}

export type FrameFault = 'malformed' | 'too_large';

/**
 * Collects the one message of a unary call from the parts of a body. What is announced above the
 * limit is a fault before it is collected, and so are parts that are many and tiny.
 */
export class UnaryFrame {
  readonly #maxBytes: number;
  readonly #head = Buffer.alloc(FRAME_HEAD_BYTES);
  #headBytes = 0;
  readonly #message = new GrowingBuffer();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** A fault ends it: nothing more may be added. */
  add(part: Buffer): FrameFault | undefined {
    const missing = FRAME_HEAD_BYTES - this.#headBytes;
    if (missing > 0) {
      const own = part.subarray(0, missing);
      this.#head.set(own, this.#headBytes);
      this.#headBytes += own.length;
    }
    if (this.#headBytes < FRAME_HEAD_BYTES) return undefined;
    if ((this.#head[0] ?? 0) > 1) return 'malformed';
    if (this.#length > this.#maxBytes) return 'too_large';
    try {
      this.#message.add(part.subarray(missing));
    } catch {
      return 'malformed';
    }
    // A second message has no place in a unary call.
    return this.#message.length > this.#length ? 'malformed' : undefined;
  }

  /** The message, once the body has ended; undefined where it is cut off. */
  finish(): GrpcFrame | undefined | Promise<GrpcFrame> {
    const isWhole = this.#headBytes === FRAME_HEAD_BYTES && this.#message.length === this.#length;
    if (!isWhole) return undefined;
    const isCompressed = this.#head[0] === 1;
    const message = this.#message.finish();
    if (!(message instanceof Promise)) return { isCompressed, message };
    return message.then((joined) => ({ isCompressed, message: joined }));
  }

  /** Of the message, as its head says it. */
  get #length(): number {
    return this.#head.readUInt32BE(1);
  }
}
