/**
 * AWS Signature Version 4 in the Authorization header, and the canonical form that all signing and
 * verifying shares. Not here: requests as others wrote them, and presigned URLs (wire-signing.ts).
 * Limits: 100 signing keys are kept.
 * Source:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHash, createHmac } from 'node:crypto';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface SigningScope {
  readonly region: string;
  readonly service: string;
}

export interface UnsignedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string | undefined;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';

/**
 * Headers that are never signed, since proxies change them or they belong to the connection.
 * Source: the lists of @smithy/signature-v4 and botocore.
 */
const NEVER_SIGNED = new Set([
  'authorization',
  'cache-control',
  'connection',
  'expect',
  'from',
  'keep-alive',
  'max-forwards',
  'pragma',
  'proxy-authorization',
  'referer',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'x-amzn-trace-id',
]);

/**
 * All headers to send: the given ones with lower-case names, and host, x-amz-date,
 * x-amz-security-token and authorization. The URL must be sent exactly as given. Sign each attempt
 * anew: a signature is valid for five minutes.
 */
export function signRequest(
  request: UnsignedRequest,
  credentials: AwsCredentials,
  scope: SigningScope,
  nowMs: number,
): Record<string, string> {
  const url = new URL(request.url);
  const amzDate = formatAmzDate(nowMs);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name.toLowerCase()] = value;
  headers['host'] = url.host;
  headers['x-amz-date'] = amzDate;
  if (credentials.sessionToken !== undefined) {
    headers['x-amz-security-token'] = credentials.sessionToken;
  }
  const signedNames = Object.keys(headers)
    .filter((name) => !NEVER_SIGNED.has(name))
    .sort();
  const canonical = canonicalRequest({
    method: request.method,
    path: url.pathname,
    query: url.search.slice(1),
    headers: signedNames.map((name) => [name, headers[name] ?? '']),
    payloadHash: headers['x-amz-content-sha256'] ?? sha256Hex(request.body ?? ''),
  });
  const day = amzDate.slice(0, 8);
  const credentialScope = `${day}/${scope.region}/${scope.service}/aws4_request`;
  const signature = hmac(
    signingKey(credentials.secretAccessKey, day, scope),
    stringToSign(amzDate, credentialScope, canonical),
  ).toString('hex');
  headers['authorization'] =
    `${ALGORITHM} Credential=${credentials.accessKeyId}/${credentialScope}, ` +
    `SignedHeaders=${signedNames.join(';')}, Signature=${signature}`;
  return headers;
}

export interface CanonicalParts {
  readonly method: string;
  /** As sent, percent-encoded. */
  readonly path: string;
  /** As sent, without the question mark. */
  readonly query: string;
  /** Sorted by lower-case name; a repeated header is listed as often as it is sent, in order. */
  readonly headers: readonly (readonly [string, string])[];
  readonly payloadHash: string;
  /** Whether dots and double slashes are resolved: true (the default) for all services but S3. */
  readonly normalizePath?: boolean;
  /** Whether the path is signed as it is encoded on the wire, not encoded again: S3 only. */
  readonly encodesOnce?: boolean;
}

/** The canonical form of a request, whose hash is signed. */
export function canonicalRequest(parts: CanonicalParts): string {
  const byName = new Map<string, string>();
  for (const [name, value] of parts.headers) {
    const trimmed = value.trim().replaceAll(/\s+/g, ' ');
    const before = byName.get(name);
    byName.set(name, before === undefined ? trimmed : `${before},${trimmed}`);
  }
  const headers = [...byName].map(([name, value]) => `${name}:${value}\n`).join('');
  return [
    parts.method,
    canonicalizePath(parts.path, parts.normalizePath ?? true, parts.encodesOnce ?? false),
    canonicalizeQuery(parts.query),
    headers,
    [...byName.keys()].join(';'),
    parts.payloadHash,
  ].join('\n');
}

/**
 * The text that the signature is made of.
 *
 * @param algorithm  the name that Authorization has: AWS4-HMAC-SHA256, or SigV4a's
 */
export function stringToSign(
  amzDate: string,
  credentialScope: string,
  canonical: string,
  algorithm = ALGORITHM,
): string {
  return [algorithm, amzDate, credentialScope, sha256Hex(canonical)].join('\n');
}

/**
 * Resolves dots and double slashes, then encodes each segment once more than it is encoded on the
 * wire; S3 wants neither.
 */
function canonicalizePath(path: string, isNormalized: boolean, encodesOnce: boolean): string {
  if (path === '') return '/';
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  if (isNormalized) {
    for (const segment of segments) {
      if (segment === '..') kept.pop();
      else if (segment !== '' && segment !== '.') kept.push(segment);
    }
    const isFolder = ['', '.', '..'].includes(segments.at(-1) ?? '') && kept.length > 0;
    if (isFolder) kept.push('');
  } else {
    kept.push(...segments);
  }
  const encode = encodesOnce
    ? (segment: string): string => encodeRfc3986(decode(segment))
    : encodeRfc3986;
  return `/${kept.map(encode).join('/')}`;
}

/**
 * Brings percent-encoding to one form and sorts by encoded name, then by encoded value. A `+` is a
 * plus sign, not a space.
 */
function canonicalizeQuery(query: string): string {
  if (query === '') return '';
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const mark = pair.indexOf('=');
      const name = mark < 0 ? pair : pair.slice(0, mark);
      const value = mark < 0 ? '' : pair.slice(mark + 1);
      return [encodeRfc3986(decode(name)), encodeRfc3986(decode(value))] as const;
    })
    .sort(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Text that cannot be decoded is returned as it is. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The form of X-Amz-Date: `20150830T123600Z`. */
export function formatAmzDate(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

const KEYS_MAX = 100;
const keys = new Map<string, Buffer>();

/**
 * The signing key of a day, region and service. It is derived once and kept: its four HMACs would
 * be most of the work of signing a request.
 */
export function signingKey(secret: string, day: string, scope: SigningScope): Buffer {
  const name = `${sha256Hex(secret)}/${day}/${scope.region}/${scope.service}`;
  let key = keys.get(name);
  if (key === undefined) {
    key = ['aws4_request', scope.service, scope.region, day].reduceRight(
      (parent: Buffer | string, text) => hmac(parent, text),
      `AWS4${secret}`,
    ) as Buffer;
    if (keys.size >= KEYS_MAX) keys.clear();
    keys.set(name, key);
  }
  return key;
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

export function sha256Hex(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}
