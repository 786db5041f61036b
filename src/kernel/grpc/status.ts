/**
 * The status of a call of gRPC: its codes, and how the message of one stands in a header. Pure.
 * Source: https://grpc.io/docs/guides/status-codes/,
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses
 */

export const GRPC_STATUS = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

export type GrpcStatusName = keyof typeof GRPC_STATUS;

/** A message longer than this is cut: headers are limited, and the cause stands at the start. */
const MESSAGE_MAX = 1_024;

/** The value of `grpc-message`: UTF-8, with all but printable ASCII as %XX. */
export function encodeGrpcMessage(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text.slice(0, MESSAGE_MAX)))
    encoded +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return encoded;
}

/** The text of `grpc-message`. What is no escape stays as it is, as the protocol asks. */
export function decodeGrpcMessage(encoded: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < encoded.length; at += 1) {
    const escaped = /^%[0-9a-fA-F]{2}/.exec(encoded.slice(at, at + 3))?.[0];
    if (escaped === undefined) bytes.push(...Buffer.from(encoded[at] ?? ''));
    else {
      bytes.push(Number.parseInt(escaped.slice(1), 16));
      at += 2;
    }
  }
  return Buffer.from(bytes).toString('utf8');
}
