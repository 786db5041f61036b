/** A request of OTLP without its content, and why one is refused. Values only. */
import type { GrpcStatusName } from '../kernel/grpc/status.ts';
import type { OtlpSignal } from '../wire/otlp/cutting.ts';

export interface ExportCall {
  readonly protocol: 'http' | 'grpc';
  readonly signal: OtlpSignal;
  /** The sender's address. */
  readonly from: string;
}

/** Why a request is refused, as its sender reads it. */
export interface RefusedExport {
  readonly status: GrpcStatusName;
  readonly message: string;
  readonly retryAfterMs?: number;
}
