/**
 * How a client connects when the defaults do not do: TLS settings and proxies, as plain values.
 * Secrets and files are functions, called when a connection pool is made and again when `stamp`
 * says that they have changed.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#tls_config
 */
import type { ConnectionOptions, SecureContextOptions, SecureVersion } from 'node:tls';

export interface TlsSettings {
  readonly ca?: (() => string) | undefined;
  readonly cert?: (() => string) | undefined;
  readonly key?: (() => string) | undefined;
  readonly serverName?: string | undefined;
  readonly skipsVerification: boolean;
  readonly minVersion?: SecureVersion | undefined;
  readonly maxVersion?: SecureVersion | undefined;
}

/** The options of Node's TLS for a new connection; the files are read in this call. */
export function secureOptions(
  tls: TlsSettings,
): SecureContextOptions & Pick<ConnectionOptions, 'servername' | 'rejectUnauthorized'> {
  return {
    ...(tls.ca === undefined ? {} : { ca: tls.ca() }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert() }),
    ...(tls.key === undefined ? {} : { key: tls.key() }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
    ...(tls.maxVersion === undefined ? {} : { maxVersion: tls.maxVersion }),
    minVersion: tls.minVersion ?? 'TLSv1.2',
    rejectUnauthorized: !tls.skipsVerification,
  };
}

export interface ProxySettings {
  /** Undefined uses the environment: HTTP_PROXY, HTTPS_PROXY, NO_PROXY (proxy-choice.ts). */
  readonly url?: string | undefined;
  readonly noProxy?: string | undefined;
  readonly connectHeaders: Readonly<Record<string, string>>;
}

export interface HttpConnection {
  readonly tls?: TlsSettings | undefined;
  readonly proxy?: ProxySettings | undefined;
  /** Equal for equal settings; holds no secret. */
  readonly key: string;
  /** Changes when a file of the settings has changed. */
  readonly stamp: () => string;
}
