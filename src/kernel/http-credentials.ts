/**
 * The credentials of an HTTP client, as plain values. Secrets are functions, called for each
 * request, so that a rotated secret is used at once. Not here: signing with AWS credentials
 * (aws/signing.ts).
 */
import { parseUrl } from './urls.ts';

export interface BasicAuth {
  readonly username: () => string;
  readonly password: () => string;
}

export interface Authorization {
  /** The scheme: `Bearer` unless set. */
  readonly type: string;
  /** Returns a promise where a token is fetched. */
  readonly credentials: () => string | Promise<string>;
}

/** At most one of the two is set. */
export interface HttpCredentials {
  readonly basicAuth?: BasicAuth | undefined;
  readonly authorization?: Authorization | undefined;
}

/** The Authorization header of a request; reads secrets now, and may fetch a token. */
export async function readAuthorization({
  basicAuth,
  authorization,
}: HttpCredentials): Promise<string | undefined> {
  if (basicAuth !== undefined) return basicHeader(basicAuth.username(), basicAuth.password());
  return authorization && `${authorization.type} ${await authorization.credentials()}`;
}

/** The Authorization header of basic auth, with user and password in UTF-8. */
export function basicHeader(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

interface AddressedRequest {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** User and password of a URL are sent as Go's client does: where no others are set. */
export function withUrlCredentials<Request extends AddressedRequest>(request: Request): Request {
  const { username, password } = parseUrl(request.url);
  const { headers = {} } = request;
  if (username === '' && password === '') return request;
  if (Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')) return request;
  const authorization = basicHeader(decodeUserinfo(username), decodeUserinfo(password));
  return { ...request, headers: { ...headers, authorization } };
}

/** A percent sign that encodes nothing stands for itself. */
function decodeUserinfo(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
