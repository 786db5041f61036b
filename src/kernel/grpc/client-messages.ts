/**
 * How a client of gRPC frames its message, and reads status and message of an answer. Pure.
 *
 *     ┌ compressed, 1 byte ┬ length, 4 bytes, the highest first ┬ message ┐
 *
 * Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md,
 * https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
 */
import { gunzipSync } from 'node:zlib';

/** By their numbers. */
export const GRPC_CODES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

export type GrpcCode = (typeof GRPC_CODES)[number];

const PREFIX_BYTES = 5;

/** @param isCompressed  as the header grpc-encoding says */
export function frameMessage(message: Uint8Array, isCompressed: boolean): Buffer {
  const frame = Buffer.allocUnsafeSlow(PREFIX_BYTES + message.length);
  frame[0] = isCompressed ? 1 : 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

/**
 * The one message of an answer; undefined where there is none, it is not whole, or it is larger
 * than `maxBytes`.
 *
 * @param encoding  of the header grpc-encoding; identity or gzip is read
 */
export function readMessage(
  body: Uint8Array,
  encoding: string,
  maxBytes: number,
): Uint8Array | undefined {
  if (body.length < PREFIX_BYTES) return undefined;
  const length = Buffer.from(body.buffer, body.byteOffset, body.length).readUInt32BE(1);
  if (PREFIX_BYTES + length > body.length) return undefined;
  const message = body.subarray(PREFIX_BYTES, PREFIX_BYTES + length);
  if (body[0] === 0) return message;
  if (encoding !== 'gzip') return undefined;
  try {
    return gunzipSync(message, { maxOutputLength: maxBytes });
  } catch {
    return undefined;
  }
}

/** `UNKNOWN` for a number that has no name. */
export function nameCode(text: string): GrpcCode {
  return /^\d+$/.test(text) ? (GRPC_CODES[Number(text)] ?? 'UNKNOWN') : 'UNKNOWN';
}

/** What an answer means that is none of gRPC, such as that of a proxy. */
export function codeOfHttpStatus(status: number): GrpcCode {
  switch (status) {
    case 400:
      return 'INTERNAL';
    case 401:
      return 'UNAUTHENTICATED';
    case 403:
      return 'PERMISSION_DENIED';
    case 404:
      return 'UNIMPLEMENTED';
    case 429:
    case 502:
    case 503:
    case 504:
      return 'UNAVAILABLE';
    default:
      return 'UNKNOWN';
  }
}

/** The text of grpc-message, which is percent-encoded; what cannot be decoded stays as it is. */
export function decodeStatusText(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
