/**
 * A server's TLS, further headers and the check of who may ask: the seam between servers and the
 * reader of `--web.config.file` (settings/web-config.ts).
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { SecureContextOptions } from 'node:tls';

/** What a client is told when its password is not even looked at. */
export const BUSY_WORDS = 'too many passwords are being checked; ask again in a second';

export interface WebConfig {
  /** Undefined for plain HTTP. Whether TLS is used is decided at the start. */
  readonly tls: WebTls | undefined;
  /** Further headers of every answer. */
  headers(): Readonly<Record<string, string>>;
  /**
   * Whether a request may pass; always true without basic_auth_users, and `busy` where too many
   * passwords are being checked already.
   */
  isAllowed(headers: IncomingHttpHeaders): Promise<boolean | 'busy'>;
}

export interface WebTls {
  /** Certificate, key and versions; the same object is returned until they change. */
  secrets(): SecureContextOptions;
  readonly requestsCertificate: boolean;
  readonly rejectsUnverified: boolean;
}
