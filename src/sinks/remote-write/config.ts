/**
 * The settings of one remote_write entry as plain values; schema.ts checks them and fills in the
 * defaults. Names follow Prometheus' keys; spans are milliseconds, sizes bytes.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#remote_write
 */
import type { HttpConnection } from '../../kernel/http-connection.ts';
import type { RequestCredentials } from '../requests/authenticate.ts';

/** Values of `protobuf_message`. */
export const MESSAGE_1 = 'prometheus.WriteRequest';
export const MESSAGE_2 = 'io.prometheus.write.v2.Request';

/** One entry. */
export interface RemoteWriteConfig extends RequestCredentials {
  readonly url: string;
  /** Sent along with each request; can't override what the protocol or the signature sets. */
  readonly headers: Readonly<Record<string, string>>;
  /** The message to send; 2.0 falls back to 1.0 at a receiver that does not take it. */
  readonly message: typeof MESSAGE_1 | typeof MESSAGE_2;
  readonly remoteTimeoutMs: number;
  /** TLS and proxy; undefined uses the process' HTTP client. */
  readonly connection?: HttpConnection | undefined;
  readonly sendExemplars: boolean;
  readonly sendNativeHistograms: boolean;
  readonly metadata: RemoteWriteMetadataConfig;
}

export interface RemoteWriteMetadataConfig {
  readonly isSent: boolean;
  readonly intervalMs: number;
  readonly maxPerSend: number;
}

/** The defaults of metadata_config. */
export const METADATA_DEFAULTS: RemoteWriteMetadataConfig = {
  isSent: true,
  intervalMs: 60_000,
  maxPerSend: 2_000,
};

/** Just under the hour beyond which AMP refuses samples. */
const AMP_AGE_LIMIT_MS = 59 * 60_000;

/** The default of sample_age_limit: AMP's own limit for its URLs, none for others. */
export function defaultSampleAgeLimitMs(url: string): number {
  return /^https?:\/\/[^/]*aps-workspaces[^/]*\.amazonaws\.com/i.test(url) ? AMP_AGE_LIMIT_MS : 0;
}
