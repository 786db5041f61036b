/**
 * Signs a request as it stands on the wire: its path and query to the byte, its headers in the order they came, repeats
 * and all. For a proxy, which forwards what others have written; senders of our own use signRequest. Also presigned URLs.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHmac } from 'node:crypto';
import {
  type AwsCredentials,
  canonicalRequest,
  formatAmzDate,
  signingKey,
  type SigningScope,
  stringToSign,
} from './signing.ts';

export type HeaderPair = readonly [string, string];

export interface WireRequest {
  readonly method: string;
  /** As on the wire, percent-encoded. */
  readonly path: string;
  /** As on the wire, without the question mark. */
  readonly query: string;
  /** All that is to be sent, with host; lower-case names, in order. */
  readonly headers: readonly HeaderPair[];
  /** SHA-256 in hexadecimal, or UNSIGNED-PAYLOAD. */
  readonly payloadHash: string;
}

export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';
const ALGORITHM = 'AWS4-HMAC-SHA256';

/** Services whose keys may hold dots and double slashes: their paths are taken as they are and encoded once. */
const PLAIN_PATHS = new Set(['s3', 's3-object-lambda', 's3-outposts', 's3express']);

/** What is signed of a client's headers: what AWS may act on. Others may change on the way. */
function isSigned(name: string): boolean {
  if (name === 'x-amzn-trace-id') return false;
  return (
    name === 'host' ||
    name === 'content-type' ||
    name === 'content-md5' ||
    name.startsWith('x-amz-') ||
    name.startsWith('x-amzn-')
  );
}

export interface WireSigningOptions {
  /** Which of the given headers are signed; by default those that AWS may act on. */
  readonly sign?: (name: string) => boolean;
  /** Whether dots and double slashes of the path are resolved; by default for all services but S3. */
  readonly normalizePath?: boolean;
  /** Some services want the session's token beside the signature, not in it. */
  readonly signsToken?: boolean;
}

/** The headers to add: x-amz-date, authorization, and with a session x-amz-security-token; for S3 the payload's hash too. */
export function signWire(
  request: WireRequest,
  credentials: AwsCredentials,
  scope: SigningScope,
  nowMs: number,
  options: WireSigningOptions = {},
): HeaderPair[] {
  const { sign = isSigned, signsToken = true } = options;
  const amzDate = formatAmzDate(nowMs);
  const added: [string, string][] = [['x-amz-date', amzDate]];
  const { sessionToken } = credentials;
  if (sessionToken !== undefined && signsToken) added.push(['x-amz-security-token', sessionToken]);
  if (PLAIN_PATHS.has(scope.service) || request.payloadHash === UNSIGNED_PAYLOAD)
    added.push(['x-amz-content-sha256', request.payloadHash]);
  const signed = [...request.headers.filter(([name]) => sign(name)), ...added];
  const names = [...new Set(signed.map(([name]) => name))].sort();
  const { signature, credentialScope } = signatureOf(request, signed, {
    credentials,
    scope,
    amzDate,
    options,
  });
  if (sessionToken !== undefined && !signsToken) added.push(['x-amz-security-token', sessionToken]);
  added.push([
    'authorization',
    `${ALGORITHM} Credential=${credentials.accessKeyId}/${credentialScope}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  ]);
  return added;
}

/**
 * The query of a presigned URL: the given one and the signature's parameters.
 *
 * @param expiresSeconds  at most seven days
 */
export function presignQuery(
  request: WireRequest,
  credentials: AwsCredentials,
  scope: SigningScope,
  nowMs: number,
  options: WireSigningOptions & { readonly expiresSeconds: number },
): string {
  const { expiresSeconds, signsToken = true } = options;
  const amzDate = formatAmzDate(nowMs);
  const names = [...new Set(request.headers.map(([name]) => name))].sort();
  const credentialScope = scopeOf(scope, amzDate);
  const parameters: [string, string][] = [
    ['X-Amz-Algorithm', ALGORITHM],
    ['X-Amz-Credential', `${credentials.accessKeyId}/${credentialScope}`],
    ['X-Amz-Date', amzDate],
    ['X-Amz-SignedHeaders', names.join(';')],
    ['X-Amz-Expires', String(expiresSeconds)],
  ];
  const token =
    credentials.sessionToken === undefined
      ? ''
      : `&X-Amz-Security-Token=${encodeURIComponent(credentials.sessionToken)}`;
  const own = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  const given = request.query === '' ? own : `${request.query}&${own}`;
  const query = signsToken ? `${given}${token}` : given;
  const { signature } = signatureOf({ ...request, query }, request.headers, {
    credentials,
    scope,
    amzDate,
    options,
  });
  return `${query}&X-Amz-Signature=${signature}${signsToken ? '' : token}`;
}

function signatureOf(
  { method, path, query, payloadHash }: WireRequest,
  signed: readonly HeaderPair[],
  by: {
    readonly credentials: AwsCredentials;
    readonly scope: SigningScope;
    readonly amzDate: string;
    readonly options: WireSigningOptions;
  },
): { readonly signature: string; readonly credentialScope: string } {
  const { credentials, scope, amzDate, options } = by;
  const isPlain = PLAIN_PATHS.has(scope.service);
  const canonical = canonicalRequest({
    method,
    path,
    query,
    payloadHash,
    headers: signed.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
    normalizePath: options.normalizePath ?? !isPlain,
    encodesOnce: isPlain,
  });
  const credentialScope = scopeOf(scope, amzDate);
  const key = signingKey(credentials.secretAccessKey, amzDate.slice(0, 8), scope);
  const text = stringToSign(amzDate, credentialScope, canonical);
  return { signature: createHmac('sha256', key).update(text).digest('hex'), credentialScope };
}

function scopeOf({ region, service }: SigningScope, amzDate: string): string {
  return `${amzDate.slice(0, 8)}/${region}/${service}/aws4_request`;
}
