/**
 * AWS Signature Version 4, by header: signing requests and verifying signed ones, over one canonical form.
 * Not here: presigned URLs, chunked payloads, SigV4a. Hashes are node:crypto's; day keys are kept.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

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
const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';

/**
 * Headers that change on the way or belong to the connection: never signed.
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
 * All headers to send: those given in lower case, with host, x-amz-date, x-amz-security-token and authorization.
 * The URL must be sent as it is given here. Sign again for each attempt: a signature is good for five minutes.
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
    `${ALGORITHM} Credential=${credentials.accessKeyId}/${credentialScope}, SignedHeaders=${signedNames.join(';')}, Signature=${signature}`;
  return headers;
}

export interface CanonicalParts {
  readonly method: string;
  /** As on the wire, percent-encoded. */
  readonly path: string;
  /** As on the wire, without the question mark. */
  readonly query: string;
  /** Lower-case names, sorted; a name sent several times stands several times, in order. */
  readonly headers: readonly (readonly [string, string])[];
  readonly payloadHash: string;
  /** Services but S3 resolve dots and double slashes; default true. */
  readonly normalizePath?: boolean;
  /** S3 alone: the path is encoded as it is on the wire, not once more. */
  readonly encodesOnce?: boolean;
}

/** The text that is hashed and signed. */
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
    canonicalPath(parts.path, parts.normalizePath ?? true, parts.encodesOnce ?? false),
    canonicalQuery(parts.query),
    headers,
    [...byName.keys()].join(';'),
    parts.payloadHash,
  ].join('\n');
}

export function stringToSign(amzDate: string, credentialScope: string, canonical: string): string {
  return [ALGORITHM, amzDate, credentialScope, sha256Hex(canonical)].join('\n');
}

export interface SignedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Names and values in arrival order, alternating, as node:http gives them. */
  readonly rawHeaders: readonly string[];
  readonly body: Uint8Array;
}

export interface VerifyOptions {
  /** The credentials of an access key; undefined when there are none. */
  readonly lookup: (
    accessKeyId: string,
  ) => Promise<AwsCredentials | undefined> | AwsCredentials | undefined;
  readonly nowMs: number;
  readonly service?: string;
  readonly region?: string;
  /** How far the request's clock may be off, ms; AWS allows five minutes. */
  readonly skewMaxMs?: number;
}

export type VerifyFailure =
  | 'MissingAuthenticationToken'
  | 'IncompleteSignature'
  | 'InvalidClientTokenId'
  | 'RequestExpired'
  | 'SignatureDoesNotMatch';

export type Verdict =
  | {
      readonly ok: true;
      readonly accessKeyId: string;
      readonly service: string;
      readonly region: string;
    }
  | { readonly ok: false; readonly code: VerifyFailure; readonly message: string };

/** Whether a request's signature is right, as AWS would say; the messages never hold a secret. */
export async function verifyRequest(
  request: SignedRequest,
  options: VerifyOptions,
): Promise<Verdict> {
  const headers = pairsOf(request.rawHeaders);
  const find = (name: string): string | undefined => headers.find(([key]) => key === name)?.[1];
  const authorization = find('authorization');
  if (authorization === undefined)
    return refuse(
      'MissingAuthenticationToken',
      'the request is not signed: it has no Authorization header',
    );
  const parsed = parseAuthorization(authorization);
  if (parsed === undefined)
    return refuse(
      'IncompleteSignature',
      'the Authorization header is not AWS4-HMAC-SHA256 with Credential, SignedHeaders and Signature',
    );
  const amzDate = find('x-amz-date');
  const dateMs = parseAmzDate(amzDate);
  if (amzDate === undefined || dateMs === undefined)
    return refuse(
      'IncompleteSignature',
      'the X-Amz-Date header is missing or not of the form 20150830T123600Z',
    );
  if (Math.abs(dateMs - options.nowMs) > (options.skewMaxMs ?? 300_000)) {
    const word = dateMs < options.nowMs ? 'expired' : 'not yet current';
    return refuse(
      'RequestExpired',
      `Signature ${word}: ${amzDate} is more than 5 minutes from ${formatAmzDate(options.nowMs)}; set the clock`,
    );
  }
  const wrongScope = scopeFault(parsed, amzDate, options);
  if (wrongScope !== undefined) return refuse('SignatureDoesNotMatch', wrongScope);
  const credentials = await options.lookup(parsed.accessKeyId);
  if (credentials === undefined || credentials.sessionToken !== find('x-amz-security-token')) {
    return refuse('InvalidClientTokenId', 'The security token included in the request is invalid.');
  }
  const claimed = find('x-amz-content-sha256');
  const actual = sha256Hex(request.body);
  if (claimed !== undefined && claimed !== UNSIGNED_PAYLOAD && claimed !== actual) {
    return refuse(
      'SignatureDoesNotMatch',
      'the body is not the one that x-amz-content-sha256 names',
    );
  }
  // Keys of S3 may hold dots and slashes: their paths are taken as they came.
  const isS3 = parsed.service === 's3';
  const canonical = canonicalRequest({
    method: request.method,
    path: request.path,
    query: request.query,
    normalizePath: !isS3,
    encodesOnce: isS3,
    headers: parsed.signedNames.flatMap((name) => headers.filter(([key]) => key === name)),
    payloadHash: claimed ?? actual,
  });
  const expected = hmac(
    signingKey(credentials.secretAccessKey, parsed.day, parsed),
    stringToSign(
      amzDate,
      `${parsed.day}/${parsed.region}/${parsed.service}/aws4_request`,
      canonical,
    ),
  );
  const given = Buffer.from(parsed.signature, 'hex');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    return refuse(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
    );
  }
  return {
    ok: true,
    accessKeyId: parsed.accessKeyId,
    service: parsed.service,
    region: parsed.region,
  };
}

interface Authorization extends SigningScope {
  readonly accessKeyId: string;
  readonly day: string;
  readonly signedNames: readonly string[];
  readonly signature: string;
}

function parseAuthorization(header: string): Authorization | undefined {
  const match =
    /^AWS4-HMAC-SHA256\s+Credential=([^/\s,]+)\/(\d{8})\/([^/,]+)\/([^/,]+)\/aws4_request,\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/.exec(
      header.trim(),
    );
  if (match === null) return undefined;
  const [, accessKeyId = '', day = '', region = '', service = '', names = '', signature = ''] =
    match;
  return { accessKeyId, day, region, service, signedNames: names.split(';'), signature };
}

function scopeFault(
  parsed: Authorization,
  amzDate: string,
  options: VerifyOptions,
): string | undefined {
  if (parsed.day !== amzDate.slice(0, 8))
    return `the credential's date ${parsed.day} is not that of X-Amz-Date ${amzDate}`;
  if (!parsed.signedNames.includes('host')) return 'the host header must be signed';
  if (options.service !== undefined && parsed.service !== options.service) {
    return `Credential should be scoped to correct service: '${options.service}'.`;
  }
  if (options.region !== undefined && parsed.region !== options.region) {
    return `Credential should be scoped to a valid region. '${options.region}' is expected.`;
  }
  return undefined;
}

function refuse(code: VerifyFailure, message: string): Verdict {
  return { ok: false, code, message };
}

function pairsOf(rawHeaders: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    pairs.push([(rawHeaders[i] ?? '').toLowerCase(), rawHeaders[i + 1] ?? '']);
  }
  return pairs;
}

/** Each segment encoded once more than it is on the wire, after dots and double slashes are resolved. */
function canonicalPath(path: string, isNormalized: boolean, encodesOnce: boolean): string {
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

/** Sorted by encoded name, then encoded value; percent-encoding brought to one form. `+` stays a plus. */
function canonicalQuery(query: string): string {
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

/** What can't be decoded stands for itself. */
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

/** `20150830T123600Z`. */
export function formatAmzDate(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

function parseAmzDate(text: string | undefined): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? '');
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}

const KEYS_MAX = 100;
const keys = new Map<string, Buffer>();

/** The key of a day, region and service, derived once: four HMACs a request would be most of the signing. */
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

function sha256Hex(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}
