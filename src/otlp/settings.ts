/**
 * What a receiver of OTLP runs by: plain values, checked, with all defaults.
 */
import type { TlsServerInput } from '../settings/web-config.ts';
import type { MetricsIntakeSettings } from './metrics/settings.ts';
import type { OtlpSignal } from '../wire/otlp/cutting.ts';

export const HTTP_BODY_MAX_BYTES = 20 * 1024 * 1024;
export const GRPC_MESSAGE_MAX_BYTES = 4 * 1024 * 1024;
/** Where SDKs send by HTTP. */
export const SIGNAL_PATHS: Readonly<Record<OtlpSignal, string>> = {
  metrics: '/v1/metrics',
  traces: '/v1/traces',
};

export interface OtlpReceiverSettings {
  /** Names the receiver in logs and metrics, and is its source in routes. */
  readonly id: string;
  /** What has a way to a sink; all else is refused. */
  readonly signals: readonly OtlpSignal[];
  /** What becomes of metrics; the defaults when undefined. */
  readonly metrics?: MetricsIntakeSettings | undefined;
  readonly http?: OtlpHttpSettings | undefined;
  readonly grpc?: OtlpGrpcSettings | undefined;
}

interface ListenerSettings {
  /** `host:port` of TCP. */
  readonly listen: string;
  /** The key that gives the address, for errors. */
  readonly listenFlag?: string | undefined;
  readonly tls?: TlsServerInput | undefined;
}

export interface OtlpHttpSettings extends ListenerSettings {
  readonly paths: Readonly<Record<OtlpSignal, string>>;
  /** Of a body as it is sent, and inflated. */
  readonly bodyMaxBytes: number;
  /** How long a request may take to come whole. */
  readonly requestTimeoutMs?: number | undefined;
  /** Values of Content-Encoding that are taken; all that can be inflated when undefined. */
  readonly encodings?: readonly string[] | undefined;
  /** Further headers of every answer. */
  readonly headers: Readonly<Record<string, string>>;
  readonly cors?: CorsSettings | undefined;
}

/** Which web pages may send, as `Access-Control-*` say it to browsers. */
export interface CorsSettings {
  /** Origins; `*` stands for any characters. */
  readonly origins: readonly string[];
  /** Names of headers, `*` for all; those that browsers ask for by default when empty. */
  readonly headers: readonly string[];
  readonly exposedHeaders: readonly string[];
  /** How long a browser may keep the answer; 0 says nothing of it. */
  readonly maxAgeSeconds: number;
}

export interface OtlpGrpcSettings extends ListenerSettings {
  /** Of a message as it is sent, and inflated. */
  readonly messageMaxBytes: number;
  readonly maxConcurrentStreams?: number | undefined;
}
