/**
 * Signs a request exactly as it is on the wire: path and query byte for byte, and headers in their
 * order, with repeats. It is for the proxy, which forwards what others wrote; our own senders use
 * signRequest. Also presigned URLs, and SigV4a for requests that are valid in several regions.
 * Source:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHmac } from 'node:crypto';
import {
  type AwsCredentials,
  canonicalRequest,
  formatAmzDate,
  signingKey,
  type SigningScope,
  stringToSign,
  UNSIGNED_PAYLOAD,
} from './signing.ts';
import { ALGORITHM_V4A, signV4a } from './sigv4a.ts';

export type HeaderPair = readonly [string, string];

export interface WireRequest {
  readonly method: string;
  /** As on the wire, percent-encoded. */
  readonly path: string;
  /** As on the wire, without the question mark. */
  readonly query: string;
  /** All headers to send, host included; lower-case names, in order. */
  readonly headers: readonly HeaderPair[];
  /** SHA-256 in hexadecimal, or UNSIGNED-PAYLOAD. */
  readonly payloadHash: string;
}

/** With `regionSet` the request is signed with SigV4a. */
export interface WireScope extends SigningScope {
  /** Regions, separated by commas; wildcards are allowed: `*`, `us-*`. */
  readonly regionSet?: string | undefined;
}

/**
 * Services whose keys may hold dots and double slashes: their paths are signed as they are on the
 * wire.
 */
const PLAIN_PATHS = new Set(['s3', 's3-object-lambda', 's3-outposts', 's3express']);

/** Signed are the headers that AWS may act on; proxies on the way may change the others. */
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
  /** Chooses the given headers that are signed; by default those that AWS may act on. */
  readonly sign?: (name: string) => boolean;
  /**
   * Whether dots and double slashes of the path are resolved; by default for all services but S3.
   */
  readonly normalizePath?: boolean;
  /**
   * Whether the path is signed as it is on the wire, not encoded once more; by default for S3
   * alone.
   */
  readonly encodesOnce?: boolean;
  /** Whether the session token is signed (the default); some services want it sent unsigned. */
  readonly signsToken?: boolean;
  /**
   * Whether the payload's hash is sent as a header; by default for S3, and for payloads that are
   * not signed.
   */
  readonly sendsPayloadHash?: boolean;
}

/**
 * The headers to add to a request: x-amz-date, authorization, x-amz-security-token if there is a
 * session token, the payload's hash for S3, and x-amz-region-set for SigV4a.
 */
export function signWire(
  request: WireRequest,
  credentials: AwsCredentials,
  scope: WireScope,
  nowMs: number,
  options: WireSigningOptions = {},
): HeaderPair[] {
  const { sign = isSigned, signsToken = true } = options;
  const { payloadHash } = request;
  const amzDate = formatAmzDate(nowMs);
  const added: [string, string][] = [['x-amz-date', amzDate]];
  const { sessionToken } = credentials;
  if (sessionToken !== undefined && signsToken) added.push(['x-amz-security-token', sessionToken]);
  if (
    options.sendsPayloadHash ??
    (PLAIN_PATHS.has(scope.service) || payloadHash === UNSIGNED_PAYLOAD)
  )
    added.push(['x-amz-content-sha256', payloadHash]);
  if (scope.regionSet !== undefined) added.push(['x-amz-region-set', scope.regionSet]);
  const signed = [...request.headers.filter(([name]) => sign(name)), ...added];
  const signature = computeSignature(request, signed, { credentials, scope, amzDate, options });
  if (sessionToken !== undefined && !signsToken) added.push(['x-amz-security-token', sessionToken]);
  added.push([
    'authorization',
    `${chooseAlgorithm(scope)} ` +
      `Credential=${credentials.accessKeyId}/${formatScope(scope, amzDate)}, ` +
      `SignedHeaders=${joinNames(signed)}, Signature=${signature}`,
  ]);
  return added;
}

/**
 * The query of a presigned URL: the given query and the parameters of the signature. The payload of
 * a presigned request to S3 is not signed.
 *
 * @param expiresSeconds  at most seven days
 */
export function presignQuery(
  request: WireRequest,
  credentials: AwsCredentials,
  scope: WireScope,
  nowMs: number,
  options: WireSigningOptions & { readonly expiresSeconds: number },
): string {
  const { sign = isSigned, signsToken = true } = options;
  const amzDate = formatAmzDate(nowMs);
  const signed = request.headers.filter(([name]) => sign(name));
  const parameters: [string, string][] = [
    ['X-Amz-Algorithm', chooseAlgorithm(scope)],
    ['X-Amz-Credential', `${credentials.accessKeyId}/${formatScope(scope, amzDate)}`],
    ['X-Amz-Date', amzDate],
    ['X-Amz-SignedHeaders', joinNames(signed)],
    ['X-Amz-Expires', String(options.expiresSeconds)],
  ];
  if (scope.regionSet !== undefined) parameters.push(['X-Amz-Region-Set', scope.regionSet]);
  const token =
    credentials.sessionToken === undefined
      ? ''
      : `&X-Amz-Security-Token=${encodeURIComponent(credentials.sessionToken)}`;
  const own = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  const given = request.query === '' ? own : `${request.query}&${own}`;
  const query = signsToken ? `${given}${token}` : given;
  const payloadHash = PLAIN_PATHS.has(scope.service) ? UNSIGNED_PAYLOAD : request.payloadHash;
  const by = { credentials, scope, amzDate, options };
  const signature = computeSignature({ ...request, query, payloadHash }, signed, by);
  return `${query}&X-Amz-Signature=${signature}${signsToken ? '' : token}`;
}

function computeSignature(
  { method, path, query, payloadHash }: WireRequest,
  signed: readonly HeaderPair[],
  by: {
    readonly credentials: AwsCredentials;
    readonly scope: WireScope;
    readonly amzDate: string;
    readonly options: WireSigningOptions;
  },
): string {
  const { credentials, scope, amzDate, options } = by;
  const isPlain = PLAIN_PATHS.has(scope.service);
  const canonical = canonicalRequest({
    method,
    path,
    query,
    payloadHash,
    headers: signed.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
    normalizePath: options.normalizePath ?? !isPlain,
    encodesOnce: options.encodesOnce ?? isPlain,
  });
  const text = stringToSign(
    amzDate,
    formatScope(scope, amzDate),
    canonical,
    chooseAlgorithm(scope),
  );
  if (scope.regionSet !== undefined) return signV4a(text, credentials);
  const key = signingKey(credentials.secretAccessKey, amzDate.slice(0, 8), scope);
  return createHmac('sha256', key).update(text).digest('hex');
}

function joinNames(signed: readonly HeaderPair[]): string {
  return [...new Set(signed.map(([name]) => name))].sort().join(';');
}

function chooseAlgorithm({ regionSet }: WireScope): string {
  return regionSet === undefined ? 'AWS4-HMAC-SHA256' : ALGORITHM_V4A;
}

function formatScope({ region, service, regionSet }: WireScope, amzDate: string): string {
  const day = amzDate.slice(0, 8);
  return regionSet === undefined
    ? `${day}/${region}/${service}/aws4_request`
    : `${day}/${service}/aws4_request`;
}
