/**
 * Who a remote_write request comes from: nothing, basic auth, an authorization header, or a SigV4
 * signature, which is made anew for every attempt. Secrets stay in here and in the headers.
 */
import { raced } from '../../../aws/bounded-call.ts';
import { createCredentialSource } from '../../../aws/credentials.ts';
import type { CredentialEdges, CredentialSource } from '../../../aws/credential-source.ts';
import { readAuthorization } from '../../../kernel/http-credentials.ts';
import { signRequest } from '../../../aws/signing.ts';
import type { RemoteWriteConfig, Sigv4Config } from '../config.ts';

export interface OutgoingRequest {
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface AuthRefusal {
  readonly text: string;
  /** Of its Date header. */
  readonly dateMs: number | undefined;
}

export interface Authenticate {
  /**
   * All headers to send. Rejects when there are no credentials, or when the signal ends the wait
   * for them.
   */
  headersFor(
    request: OutgoingRequest,
    nowMs: number,
    signal?: AbortSignal,
  ): Promise<Record<string, string>>;
  /**
   * The receiver refused what `headersFor` gave: get new credentials for the next request, and
   * where it says that the clock is off, go by its own.
   */
  invalidate(refusal?: AuthRefusal): void;
  /** Ends what is being fetched. */
  close(): void;
}

export function authenticateWith(config: RemoteWriteConfig, edges: CredentialEdges): Authenticate {
  const { sigv4 } = config;
  if (sigv4 !== undefined) return signatures(sigv4, edges);
  return asking(() => readAuthorization(config));
}

/** The authorization header is made for each request. */
function asking(make: () => Promise<string | undefined>): Authenticate {
  return {
    async headersFor(request, _nowMs, signal) {
      const authorization = await raced(make(), signal);
      return authorization === undefined
        ? { ...request.headers }
        : { ...request.headers, authorization };
    },
    invalidate: () => undefined,
    close: () => undefined,
  };
}

const SKEWED = /Signature (?:expired|not yet current)|RequestTimeTooSkewed|RequestExpired/i;

function signatures(sigv4: Sigv4Config, edges: CredentialEdges): Authenticate {
  const { region, serviceName: service = 'aps' } = sigv4;
  const source: CredentialSource = createCredentialSource(sigv4, edges);
  let offsetMs = 0;
  return {
    async headersFor(request, atMs, signal) {
      const credentials = await source(signal);
      return signRequest(
        { method: 'POST', ...request },
        credentials,
        { region, service },
        atMs + offsetMs,
      );
    },
    invalidate(refusal) {
      if (refusal?.dateMs !== undefined && SKEWED.test(refusal.text)) {
        offsetMs = refusal.dateMs - edges.clock.nowMs();
        return;
      }
      source.invalidate();
    },
    close: () => source.close(),
  };
}
