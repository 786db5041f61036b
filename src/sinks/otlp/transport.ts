/**
 * The seam between the protocol of the sink and the two ways on which its requests go: http.ts and
 * grpc.ts.
 */
import type { OtlpSignal } from '../../wire/otlp/cutting.ts';
import type { PartialSuccess } from '../../wire/otlp/export-response.ts';
import type { OtlpVerdict } from './verdict.ts';

export interface OtlpRequest {
  readonly signal: OtlpSignal;
  /** An Export…ServiceRequest in protobuf. */
  readonly body: Uint8Array;
  readonly items: number;
}

/** What came of one request. */
export interface Response {
  readonly verdict: OtlpVerdict;
  /** What an answer with success says besides. */
  readonly partial: PartialSuccess;
  /** The status of HTTP, or the name of that of gRPC. */
  readonly code: string;
  /** Size of the request as it was sent. */
  readonly bytes: number;
}

export interface Transport {
  /**
   * Sends it once.
   *
   * @param attempt  1 for the first
   * @throws RecoverableError when there is no answer, or no credentials
   */
  send(request: OtlpRequest, attempt: number, signal: AbortSignal): Promise<Response>;
  close(): Promise<void>;
}

export const TAKEN_WHOLE: PartialSuccess = { rejected: 0, message: '' };

/** An endpoint without credentials and query, as it may be shown. */
export function describeEndpoint(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}
