/**
 * How the requests of a sink are authenticated: not at all, by basic auth, by an authorization
 * header, or by a SigV4 signature, each made anew for every attempt. Secrets are only here and in
 * the headers.
 */
import { raced } from '../../aws/bounded-call.ts';
import { createCredentialSource } from '../../aws/credentials.ts';
import type { CredentialEdges, CredentialSource } from '../../aws/credential-source.ts';
import { type HttpCredentials, readAuthorization } from '../../kernel/http-credentials.ts';
import { blamesClock } from '../../aws/refusals.ts';
import { signRequest } from '../../aws/signing.ts';
import type { Sigv4Config } from './sigv4.ts';

export interface OutgoingRequest {
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** A response that refused the authentication. */
export interface AuthRefusal {
  readonly text: string;
  /** Time of its Date header. */
  readonly dateMs: number | undefined;
}

export interface Authenticate {
  /** All headers to send. Rejects when there are no credentials, or the signal aborts first. */
  headersFor(
    request: OutgoingRequest,
    nowMs: number,
    signal?: AbortSignal,
  ): Promise<Record<string, string>>;
  /**
   * To be called when the receiver refused the headers: new credentials are fetched for the next
   * request. If the refusal says that the clock is wrong, signatures follow the receiver's clock
   * instead.
   */
  invalidate(refusal?: AuthRefusal): void;
  /** Ends the fetching of credentials. */
  close(): void;
}

/** The credentials of an entry: requests are signed if there is `sigv4`, or else carry them. */
export interface RequestCredentials extends HttpCredentials {
  readonly sigv4?: Sigv4Config | undefined;
}

/** The way of authentication that an entry is configured for. */
export function authenticateWith(
  credentials: RequestCredentials,
  edges: CredentialEdges,
): Authenticate {
  const { sigv4 } = credentials;
  if (sigv4 !== undefined) return authenticateBySignature(sigv4, edges);
  return authenticateByHeader(() => readAuthorization(credentials));
}

/** @param make  makes the authorization header of a request; undefined for none */
function authenticateByHeader(make: () => Promise<string | undefined>): Authenticate {
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

function authenticateBySignature(sigv4: Sigv4Config, edges: CredentialEdges): Authenticate {
  const { region, stsRegion = region, serviceName: service = 'aps' } = sigv4;
  const source: CredentialSource = createCredentialSource({ ...sigv4, region: stsRegion }, edges);
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
      if (refusal?.dateMs !== undefined && blamesClock(refusal.text)) {
        offsetMs = refusal.dateMs - edges.clock.nowMs();
        return;
      }
      source.invalidate();
    },
    close: () => source.close(),
  };
}
