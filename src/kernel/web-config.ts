/**
 * What a listener is told of TLS, further headers and who may ask: the seam between servers and
 * what reads `--web.config.file` (settings/web-config.ts).
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { SecureContextOptions } from 'node:tls';

export interface WebConfig {
  /** Undefined for plain HTTP. Whether there is TLS at all is settled at start. */
  readonly tls: WebTls | undefined;
  /** Further headers of every answer. */
  headers(): Readonly<Record<string, string>>;
  /** Whether a request may pass: always without basic_auth_users. */
  isAllowed(headers: IncomingHttpHeaders): Promise<boolean>;
}

export interface WebTls {
  /** Certificate, key and versions: the same object until they change. */
  secrets(): SecureContextOptions;
  readonly requestsCertificate: boolean;
  readonly rejectsUnverified: boolean;
}
