/**
 * The query parameters and headers that the emulated S3 knows, for each action. A request with any
 * other one is refused, and the error names it: ignoring it would give an answer to another
 * question. Also the checksums of bodies.
 * Source:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { HttpRequest } from '../kernel/http-server.ts';
import { notImplemented } from './members.ts';
import { AwsError } from './service.ts';

/** Query parameters of a presigned request's signature. */
const SIGNATURE =
  /^X-Amz-(?:Algorithm|Credential|Date|Expires|SignedHeaders|Signature|Security-Token|Content-Sha256)$/i;

/** Headers that the SDKs always send, or that are checked elsewhere. */
const HEADERS = new Set([
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-user-agent',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-checksum-mode',
  'x-amzn-trace-id',
]);

/** Headers of conditions and ranges, which only some actions support. */
const CONDITIONS = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'range',
];

export interface KnownRequest {
  readonly parameters?: readonly string[];
  /** Names of conditions and x-amz-… headers; a name that ends with `-` is a prefix. */
  readonly headers?: readonly string[];
}

/** @throws AwsError NotImplemented that names the unknown parameter or header */
export function refuseUnknownRequest(
  action: string,
  { headers }: HttpRequest,
  query: URLSearchParams,
  { parameters = [], headers: own = [] }: KnownRequest,
): void {
  const parameter = [...query.keys()].find(
    (name) => name !== 'x-id' && !parameters.includes(name) && !SIGNATURE.test(name),
  );
  if (parameter !== undefined)
    throw notImplemented(
      `${action}: the parameter ${parameter} is not supported here; these are: ` +
        (parameters.join(', ') || 'none'),
    );
  const header = Object.keys(headers).find(
    (name) =>
      (CONDITIONS.includes(name) || (name.startsWith('x-amz') && !HEADERS.has(name))) &&
      !own.some((known) => (known.endsWith('-') ? name.startsWith(known) : name === known)),
  );
  if (header !== undefined)
    throw notImplemented(
      `${action}: the header ${header} is not supported here; these are: ` +
        (own.join(', ') || 'none'),
    );
}

const CHECKSUMS: Readonly<Record<string, (body: Buffer) => string>> = {
  'content-md5': (body) => createHash('md5').update(body).digest('base64'),
  'x-amz-checksum-sha1': (body) => createHash('sha1').update(body).digest('base64'),
  'x-amz-checksum-sha256': (body) => createHash('sha256').update(body).digest('base64'),
  'x-amz-checksum-crc32': (body) => {
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    return sum.toString('base64');
  },
};

export const CHECKSUM_HEADERS = Object.keys(CHECKSUMS);

/**
 * @throws AwsError BadDigest for a body that differs from its checksum; NotImplemented for S3's own
 *         chunked encoding (aws-chunked)
 */
export function checkBody({ headers }: HttpRequest, body: Buffer): void {
  if (String(headers['x-amz-content-sha256'] ?? '').startsWith('STREAMING-'))
    throw notImplemented(
      'a body in pieces of S3’s own (aws-chunked) is not supported here; send it plain',
    );
  for (const [name, compute] of Object.entries(CHECKSUMS))
    if (headers[name] !== undefined && headers[name] !== compute(body))
      throw new AwsError('BadDigest', `The ${name} you specified did not match what we received.`);
}
