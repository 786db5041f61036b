/**
 * A server's TLS, further headers and the check of who may ask: the seam between servers and the
 * reader of `--web.config.file` (settings/web-config.ts).
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { SecureContextOptions } from 'node:tls';

export interface WebConfig {
  /** Undefined for plain HTTP. Whether TLS is used is decided at the start. */
  readonly tls: WebTls | undefined;
  /** Further headers of every answer. */
  headers(): Readonly<Record<string, string>>;
  /** Whether a request may pass; always true without basic_auth_users. */
  isAllowed(headers: IncomingHttpHeaders): Promise<boolean>;
}

export interface WebTls {
  /** Certificate, key and versions; the same object is returned until they change. */
  secrets(): SecureContextOptions;
  readonly requestsCertificate: boolean;
  readonly rejectsUnverified: boolean;
}
