/**
 * A server's TLS, further headers and the check of who may ask: the seam between servers and the
 * reader of `--web.config.file` (settings/web-config.ts).
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { SecureContextOptions } from 'node:tls';
import { splitListen } from './listen-address.ts';
import type { Logger } from './logger.ts';

/** What a client is told when its password is not even looked at. */
export const BUSY_WORDS = 'too many passwords are being checked; ask again in a second';

export interface WebConfig {
  /** Undefined for plain HTTP. Whether TLS is used is decided at the start. */
  readonly tls: WebTls | undefined;
  /** Whether clients are asked for a password; a client certificate is the matter of `tls`. */
  asksForPasswords(): boolean;
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

export interface BarePortServer {
  readonly name: string;
  readonly listen: string;
  readonly web?: Pick<WebConfig, 'tls' | 'asksForPasswords'> | undefined;
  readonly log: Pick<Logger, 'warn'>;
}

/** Warns where a server is at a bare port (`:8080`), which is all addresses, and all may ask it. */
export function warnOfBarePort({ name, listen, web, log }: BarePortServer): void {
  const knowsClients = web?.asksForPasswords() === true || web?.tls?.rejectsUnverified === true;
  if (splitListen(listen)?.host !== '' || knowsClients) return;
  log.warn('listens on all addresses and asks for no password: who reaches the port is served', {
    what: name,
    address: listen,
    remedy: `write 127.0.0.1${listen} for this machine alone, 0.0.0.0${listen} for all`,
  });
}
