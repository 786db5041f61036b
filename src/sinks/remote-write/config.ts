/**
 * The settings of one remote_write entry as plain values; schema.ts checks them and fills in the
 * defaults. Names follow Prometheus' keys; spans are milliseconds, sizes bytes.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#remote_write
 */
import type { HttpConnection } from '../../kernel/http-connection.ts';
import type { HttpCredentials } from '../../kernel/http-credentials.ts';

/** Values of `protobuf_message`. */
export const MESSAGE_1 = 'prometheus.WriteRequest';
export const MESSAGE_2 = 'io.prometheus.write.v2.Request';

/** One entry. Requests are signed if there is `sigv4`; else the credentials are sent, if any. */
export interface RemoteWriteConfig extends HttpCredentials {
  readonly url: string;
  /** Sent along with each request; can't override what the protocol or the signature sets. */
  readonly headers: Readonly<Record<string, string>>;
  /** The message to send; 2.0 falls back to 1.0 at a receiver that does not take it. */
  readonly message: typeof MESSAGE_1 | typeof MESSAGE_2;
  readonly remoteTimeoutMs: number;
  readonly sigv4?: Sigv4Config | undefined;
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

/**
 * Without keys, profile or role, the default chain is asked for credentials: on ECS, the task role.
 */
export interface Sigv4Config {
  readonly region: string;
  readonly accessKey?: string | undefined;
  readonly secretKey?: string | undefined;
  readonly profile?: string | undefined;
  readonly roleArn?: string | undefined;
  /** Only together with `roleArn`. */
  readonly externalId?: string | undefined;
  readonly useFipsSts?: boolean | undefined;
  /** Region in which the role is assumed; `region` when absent. */
  readonly stsRegion?: string | undefined;
  /** Session name of the role, which CloudTrail shows. */
  readonly sessionName?: string | undefined;
  /** File of the token with which the role is assumed; an absolute path. */
  readonly webIdentityTokenFile?: string | undefined;
  /** `aps` when absent. */
  readonly serviceName?: string | undefined;
}

/** Just under the hour beyond which AMP refuses samples. */
const AMP_AGE_LIMIT_MS = 59 * 60_000;

/** The default of sample_age_limit: AMP's own limit for its URLs, none for others. */
export function defaultSampleAgeLimitMs(url: string): number {
  return /^https?:\/\/[^/]*aps-workspaces[^/]*\.amazonaws\.com/i.test(url) ? AMP_AGE_LIMIT_MS : 0;
}
