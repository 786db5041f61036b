/**
 * Verifies SigV4 signatures of requests, by header or presigned, in the way AWS does. For the
 * servers that Amperage has itself: the workspace and the emulator.
 * Source:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  type AwsCredentials,
  canonicalRequest,
  formatAmzDate,
  type SigningScope,
  sha256Hex,
  signingKey,
  stringToSign,
  UNSIGNED_PAYLOAD,
} from './signing.ts';

export interface SignedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Names and values alternating, in the order of arrival, as node:http gives them. */
  readonly rawHeaders: readonly string[];
  readonly body: Uint8Array;
}

export interface VerifyOptions {
  /** Finds the credentials of an access key; undefined for an unknown key. */
  readonly lookup: (
    accessKeyId: string,
  ) => Promise<AwsCredentials | undefined> | AwsCredentials | undefined;
  readonly nowMs: number;
  readonly service?: string;
  /** The regions that a signature may name; any by default. */
  readonly regions?: readonly string[];
  /** How far the request's time may differ from `nowMs`, ms; five minutes by default, as in AWS. */
  readonly skewMaxMs?: number;
}

export type VerifyFailure =
  | 'MissingAuthenticationToken'
  | 'IncompleteSignature'
  | 'InvalidClientTokenId'
  | 'RequestExpired'
  | 'SignatureDoesNotMatch';

export type Verification =
  | {
      readonly ok: true;
      readonly accessKeyId: string;
      readonly service: string;
      readonly region: string;
    }
  | { readonly ok: false; readonly code: VerifyFailure; readonly message: string };

type Headers = readonly (readonly [string, string])[];

/** The signature of a request and what it covers, from the header or the query. */
interface Claim extends SigningScope {
  readonly accessKeyId: string;
  readonly day: string;
  readonly signedNames: readonly string[];
  readonly signature: string;
  readonly amzDate: string | undefined;
  readonly token: string | undefined;
  /** Lifetime of a presigned request, seconds; undefined for one that is signed by header. */
  readonly expires: number | undefined;
  /** The query that was signed. */
  readonly query: string;
}

const PRESIGNED_MAX_SECONDS = 604_800;

/**
 * Verifies a request; a refusal has AWS's code. As AWS's does, the message about a signature that
 * does not match holds the canonical request, and with it a session token that was sent: it is for
 * who sent it, and for no log.
 */
export async function verifyRequest(
  request: SignedRequest,
  options: VerifyOptions,
): Promise<Verification> {
  const headers = pairHeaders(request.rawHeaders);
  const claim = parseClaim(request, headers);
  if ('ok' in claim) return claim;
  const dateMs = parseAmzDate(claim.amzDate);
  const { amzDate } = claim;
  if (amzDate === undefined || dateMs === undefined)
    return refuse(
      'IncompleteSignature',
      'the X-Amz-Date header is missing or not of the form 20150830T123600Z',
    );
  const late = describeTimeFault(claim, dateMs, options);
  if (late !== undefined) return refuse('RequestExpired', late);
  const wrongScope = describeScopeFault(claim, amzDate, options);
  if (wrongScope !== undefined) return refuse('SignatureDoesNotMatch', wrongScope);
  const credentials = await options.lookup(claim.accessKeyId);
  if (credentials === undefined || credentials.sessionToken !== claim.token)
    return refuse('InvalidClientTokenId', 'The security token included in the request is invalid.');
  // Keys of S3 objects may hold dots and slashes: their paths are verified as they came.
  const isS3 = claim.service === 's3';
  const payloadHash = readPayloadHash(request, headers, claim.expires !== undefined && isS3);
  if (payloadHash === undefined)
    return refuse(
      'SignatureDoesNotMatch',
      'the body is not the one that x-amz-content-sha256 names',
    );
  const canonical = canonicalRequest({
    method: request.method,
    path: request.path,
    query: claim.query,
    normalizePath: !isS3,
    encodesOnce: isS3,
    headers: claim.signedNames.flatMap((name) => headers.filter(([key]) => key === name)),
    payloadHash,
  });
  const scope = `${claim.day}/${claim.region}/${claim.service}/aws4_request`;
  const toSign = stringToSign(amzDate, scope, canonical);
  const expected = createHmac('sha256', signingKey(credentials.secretAccessKey, claim.day, claim))
    .update(toSign)
    .digest();
  const given = Buffer.from(claim.signature, 'hex');
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    return refuse(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check ' +
        'your AWS Secret Access Key and signing method. Consult the service documentation for ' +
        'details.\n\nThe Canonical String for this request should have been\n' +
        `'${canonical}'\n\nThe String-to-Sign should have been\n'${toSign}'\n`,
    );
  const { accessKeyId, service, region } = claim;
  return { ok: true, accessKeyId, service, region };
}

function parseClaim(
  request: SignedRequest,
  headers: Headers,
): Claim | Extract<Verification, { ok: false }> {
  const find = (name: string): string | undefined => headers.find(([key]) => key === name)?.[1];
  const authorization = find('authorization');
  if (authorization === undefined)
    return (
      parseQueryClaim(request.query) ??
      refuse(
        'MissingAuthenticationToken',
        'the request is not signed: it has no Authorization header',
      )
    );
  const match =
    /^AWS4-HMAC-SHA256\s+Credential=([^/\s,]+)\/(\d{8})\/([^/,]+)\/([^/,]+)\/aws4_request,\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/.exec(
      authorization.trim(),
    );
  if (match === null)
    return refuse(
      'IncompleteSignature',
      'the Authorization header is not AWS4-HMAC-SHA256 with Credential, SignedHeaders and ' +
        'Signature',
    );
  const [, accessKeyId = '', day = '', region = '', service = '', names = '', signature = ''] =
    match;
  return {
    accessKeyId,
    day,
    region,
    service,
    signedNames: names.split(';'),
    signature,
    amzDate: find('x-amz-date'),
    token: find('x-amz-security-token'),
    expires: undefined,
    query: request.query,
  };
}

/** The claim of a presigned request; undefined for a query without a signature. */
function parseQueryClaim(query: string): Claim | Extract<Verification, { ok: false }> | undefined {
  if (!query.includes('X-Amz-Signature=')) return undefined;
  const given = new URLSearchParams(query);
  const credential = (given.get('X-Amz-Credential') ?? '').split('/');
  const [accessKeyId = '', day = '', region = '', service = '', end] = credential;
  const expires = Number(given.get('X-Amz-Expires') ?? Number.NaN);
  if (
    given.get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256' ||
    end !== 'aws4_request' ||
    !(expires >= 1 && expires <= PRESIGNED_MAX_SECONDS)
  )
    return refuse(
      'IncompleteSignature',
      'the query is not signed with X-Amz-Algorithm AWS4-HMAC-SHA256, X-Amz-Credential and ' +
        'X-Amz-Expires of up to seven days',
    );
  return {
    accessKeyId,
    day,
    region,
    service,
    signedNames: (given.get('X-Amz-SignedHeaders') ?? '').split(';'),
    signature: given.get('X-Amz-Signature') ?? '',
    amzDate: given.get('X-Amz-Date') ?? undefined,
    token: given.get('X-Amz-Security-Token') ?? undefined,
    expires,
    query: query
      .split('&')
      .filter((pair) => !pair.startsWith('X-Amz-Signature='))
      .join('&'),
  };
}

/** What is wrong with the time of a request; undefined if nothing is. */
function describeTimeFault(
  claim: Claim,
  dateMs: number,
  options: VerifyOptions,
): string | undefined {
  const { nowMs, skewMaxMs = 300_000 } = options;
  const { amzDate, expires } = claim;
  if (expires !== undefined && dateMs <= nowMs + skewMaxMs)
    return dateMs + expires * 1_000 < nowMs ? 'Request has expired' : undefined;
  if (Math.abs(dateMs - nowMs) <= skewMaxMs) return undefined;
  const word = dateMs < nowMs ? 'expired' : 'not yet current';
  return (
    `Signature ${word}: ${amzDate} is more than 5 minutes from ${formatAmzDate(nowMs)}; set ` +
    'the clock'
  );
}

/** The payload hash that was signed; undefined when it is not that of the body. */
function readPayloadHash(
  request: SignedRequest,
  headers: Headers,
  isPresignedS3: boolean,
): string | undefined {
  const claimed =
    headers.find(([key]) => key === 'x-amz-content-sha256')?.[1] ??
    new URLSearchParams(request.query).get('X-Amz-Content-Sha256') ??
    undefined;
  if (claimed === undefined && isPresignedS3) return UNSIGNED_PAYLOAD;
  const actual = sha256Hex(request.body);
  return claimed === undefined || claimed === UNSIGNED_PAYLOAD || claimed === actual
    ? (claimed ?? actual)
    : undefined;
}

function describeScopeFault(
  claim: Claim,
  amzDate: string,
  options: VerifyOptions,
): string | undefined {
  if (claim.day !== amzDate.slice(0, 8))
    return `the credential's date ${claim.day} is not that of X-Amz-Date ${amzDate}`;
  if (!claim.signedNames.includes('host')) return 'the host header must be signed';
  if (options.service !== undefined && claim.service !== options.service)
    return `Credential should be scoped to correct service: '${options.service}'.`;
  const { regions } = options;
  if (regions?.includes(claim.region) === false)
    return `Credential should be scoped to a valid region. ${quoteAll(regions)} is expected.`;
  return undefined;
}

function quoteAll(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(' or ');
}

function refuse(code: VerifyFailure, message: string): Extract<Verification, { ok: false }> {
  return { ok: false, code, message };
}

function pairHeaders(rawHeaders: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    pairs.push([(rawHeaders[i] ?? '').toLowerCase(), rawHeaders[i + 1] ?? '']);
  return pairs;
}

function parseAmzDate(text: string | undefined): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? '');
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}
