/**
 * Who a client of HTTP says it is, as plain values. Secrets are functions, asked for at each
 * request, so that a rotated one is taken up. Not here: signing with AWS credentials
 * (aws/signing.ts).
 */
export interface BasicAuth {
  readonly username: string;
  readonly password: () => string;
}

export interface Authorization {
  /** The scheme: `Bearer` unless set. */
  readonly type: string;
  /** A promise where a token is fetched. */
  readonly credentials: () => string | Promise<string>;
}

/** At most one of the two. */
export interface HttpCredentials {
  readonly basicAuth?: BasicAuth | undefined;
  readonly authorization?: Authorization | undefined;
}

/** The Authorization header of a request: secrets are read now, a token may be fetched. */
export async function readAuthorization({
  basicAuth,
  authorization,
}: HttpCredentials): Promise<string | undefined> {
  if (basicAuth !== undefined) return basicHeader(basicAuth.username, basicAuth.password());
  return authorization && `${authorization.type} ${await authorization.credentials()}`;
}

/** The header of basic auth, of a user and a password in UTF-8. */
export function basicHeader(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
