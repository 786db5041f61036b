/**
 * The answers of OTLP in both encodings: what was taken of a request, and why one was refused.
 * Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
 */
import { GRPC_STATUS, type GrpcStatusName } from '../kernel/grpc/status.ts';
import { encodeMessage } from '../wire/protobuf/encode.ts';
import { METRICS_RESPONSE } from '../wire/otlp/metrics-request.ts';
import { encodeStatus } from '../wire/otlp/rpc-status.ts';
import type { RefusedExport } from './export-call.ts';
import type { OtlpSignal } from '../wire/otlp/cutting.ts';

/** How a request is written, and its answer too. */
export type Encoding = 'protobuf' | 'json';

const REJECTED: Readonly<Record<OtlpSignal, string>> = {
  metrics: 'rejectedDataPoints',
  traces: 'rejectedSpans',
};

/** An Export…ServiceResponse; one that rejects nothing has no partial success. */
export function encodeTaken(
  encoding: Encoding,
  signal: OtlpSignal,
  { rejected, message }: { readonly rejected: number; readonly message: string },
): Uint8Array {
  const isWhole = rejected === 0 && message === '';
  if (encoding === 'json') {
    // As all whole numbers of 64 bits, the count is a text.
    const partial = { [REJECTED[signal]]: String(rejected), errorMessage: message };
    return Buffer.from(JSON.stringify(isWhole ? {} : { partialSuccess: partial }));
  }
  // The answers of both signals have the same fields.
  return encodeMessage(METRICS_RESPONSE, {
    partialSuccess: isWhole ? undefined : { rejectedDataPoints: rejected, errorMessage: message },
  });
}

/** A google.rpc.Status. */
export function encodeRefusal(encoding: Encoding, refusal: RefusedExport): Uint8Array {
  const { status, message, retryAfterMs } = refusal;
  const code = GRPC_STATUS[status];
  return encoding === 'json'
    ? Buffer.from(JSON.stringify({ code, message }))
    : encodeStatus(code, message, retryAfterMs);
}

const HTTP_STATUS: Readonly<Partial<Record<GrpcStatusName, number>>> = {
  invalidArgument: 400,
  unauthenticated: 401,
  permissionDenied: 403,
  unimplemented: 404,
  unavailable: 503,
};

/**
 * The status of HTTP for a refusal. What is too large must not be sent again; 429 would ask for it.
 */
export function httpStatusOf({ status, retryAfterMs }: RefusedExport): number {
  if (status === 'resourceExhausted') return retryAfterMs === undefined ? 413 : 429;
  return HTTP_STATUS[status] ?? 500;
}
