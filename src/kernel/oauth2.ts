/**
 * OAuth 2 tokens by client credentials: fetched on first use and kept until shortly before they
 * expire. Callers that wait at the same time share one request.
 * Source: https://www.rfc-editor.org/rfc/rfc6749#section-4.4
 */
import { basicHeader } from './http-credentials.ts';
import { RecoverableError } from './errors.ts';
import { createHttpClient, type HttpClient } from './http-client.ts';
import type { HttpConnection } from './http-connection.ts';

export interface OAuth2Settings {
  readonly tokenUrl: string;
  readonly clientId: string;
  /** Called for each token request, so that a rotated secret is used at once. */
  readonly clientSecret: () => string;
  readonly scopes: readonly string[];
  readonly endpointParams: Readonly<Record<string, string>>;
  readonly connection?: HttpConnection | undefined;
  /** How long a request for a token may take; TIMEOUT_MS when absent. */
  readonly timeoutMs?: number | undefined;
  /** How long before its end a token is renewed; MARGIN_MS when absent. */
  readonly marginMs?: number | undefined;
}

const TIMEOUT_MS = 10_000;
const BODY_MAX_BYTES = 1024 * 1024;
/** A token is not used in the last seconds before it expires. */
const MARGIN_MS = 10_000;
/** The lifetime of a token whose answer does not give one. */
const LIFETIME_DEFAULT_MS = 60_000;

/**
 * @param elapsedMs  of a clock: a token's lifetime does not depend on the time of day
 * @returns a function that gives a token, or rejects with RecoverableError when it gets none
 */
export function createTokenSource(
  settings: OAuth2Settings,
  elapsedMs: () => number,
  http: HttpClient = createHttpClient({ connection: settings.connection }),
): () => Promise<string> {
  let token = '';
  let untilMs = 0;
  let pending: Promise<string> | undefined;
  const fetchToken = async (): Promise<string> => {
    const answer = await requestToken(settings, http);
    token = answer.token;
    untilMs = elapsedMs() + answer.lifetimeMs - (settings.marginMs ?? MARGIN_MS);
    return token;
  };
  return () => {
    if (token !== '' && elapsedMs() < untilMs) return Promise.resolve(token);
    pending ??= fetchToken().finally(() => {
      pending = undefined;
    });
    return pending;
  };
}

async function requestToken(
  settings: OAuth2Settings,
  http: HttpClient,
): Promise<{ token: string; lifetimeMs: number }> {
  const { tokenUrl, clientId, scopes, endpointParams } = settings;
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...endpointParams });
  if (scopes.length > 0) body.set('scope', scopes.join(' '));
  const secret = encodeURIComponent(settings.clientSecret());
  const answer = await http.send({
    method: 'POST',
    url: tokenUrl,
    headers: {
      authorization: basicHeader(encodeURIComponent(clientId), secret),
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    },
    body: body.toString(),
    timeoutMs: settings.timeoutMs ?? TIMEOUT_MS,
    bodyMaxBytes: BODY_MAX_BYTES,
    signal: new AbortController().signal,
  });
  const { host } = new URL(tokenUrl);
  if (answer.status >= 300 && answer.status < 400)
    throw new RecoverableError(
      'OAUTH2_STATUS',
      `the token endpoint ${host} redirects (status ${answer.status}), which is not followed, so ` +
        "that the client's secret goes nowhere else; write the URL where tokens are given",
    );
  if (answer.status !== 200)
    throw new RecoverableError(
      'OAUTH2_STATUS',
      `the token endpoint ${host} answered with status ${answer.status}; check client_id, ` +
        'client_secret and scopes',
    );
  const given = parseAnswer(answer.body.toString());
  if (given === undefined)
    throw new RecoverableError('OAUTH2_ANSWER', `the token endpoint ${host} gave no access_token`);
  return given;
}

function parseAnswer(text: string): { token: string; lifetimeMs: number } | undefined {
  try {
    const { access_token: token, expires_in: seconds } = JSON.parse(text) as Record<
      string,
      unknown
    >;
    if (typeof token !== 'string' || token === '') return undefined;
    const lifetimeMs = Number(seconds) > 0 ? Number(seconds) * 1_000 : LIFETIME_DEFAULT_MS;
    return { token, lifetimeMs };
  } catch {
    return undefined;
  }
}
