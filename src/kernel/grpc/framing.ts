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
  readonly #body = new GrowingBuffer();
  /** Of the message; undefined while its head is not whole. */
  #length: number | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** A fault ends it: nothing more may be added. */
  add(part: Buffer): FrameFault | undefined {
    try {
      this.#body.add(part);
    } catch {
      return 'malformed';
    }
    if (this.#length === undefined && this.#body.length >= FRAME_HEAD_BYTES) {
      const head = this.#body.finish();
      if ((head[0] ?? 0) > 1) return 'malformed';
      this.#length = head.readUInt32BE(1);
      if (this.#length > this.#maxBytes) return 'too_large';
    }
    if (this.#length === undefined) return undefined;
    // A second message has no place in a unary call.
    return this.#body.length > FRAME_HEAD_BYTES + this.#length ? 'malformed' : undefined;
  }

  /** The message, once the body has ended; undefined where it is cut off. */
  finish(): GrpcFrame | undefined {
    if (this.#length === undefined || this.#body.length !== FRAME_HEAD_BYTES + this.#length)
      return undefined;
    const whole = this.#body.finish();
    return { isCompressed: whole[0] === 1, message: whole.subarray(FRAME_HEAD_BYTES) };
  }
}
