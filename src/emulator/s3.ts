/**
 * S3 as far as configurations need it: objects with versions and ETags, conditional and ranged GET, errors in XML; the
 * bucket in the path, or before `.s3.` or `.localhost` in the host.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
import { createHash, randomBytes } from 'node:crypto';
import type { HttpRequest, HttpResponse } from '../kernel/http-server.ts';
import { AwsError } from './service.ts';

interface Version {
  readonly id: string;
  readonly etag: string;
  readonly body: Buffer;
  readonly modified: string;
}

const OBJECT_MAX_BYTES = 16 * 1024 * 1024;
const VERSIONS_MAX = 100;
const ALL_MAX_BYTES = 256 * 1024 * 1024;
const BUCKETS_MAX = 100;

export class ObjectStore {
  readonly #buckets = new Map<string, Map<string, Version[]>>();
  readonly #nowMs: () => number;
  #bytes = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** @throws AwsError */
  async answer(request: HttpRequest): Promise<HttpResponse> {
    const { bucketName, key } = placeOf(request);
    const query = new URLSearchParams(request.query);
    if (key === '') return this.#bucket(request.method, bucketName);
    const bucket = this.#buckets.get(bucketName);
    if (bucket === undefined)
      throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404);
    switch (request.method) {
      case 'PUT':
        return this.#put(bucket, key, await request.body());
      case 'GET':
      case 'HEAD':
        return get(bucket.get(key), query.get('versionId'), request);
      case 'DELETE':
        for (const { body } of bucket.get(key) ?? []) this.#bytes -= body.length;
        bucket.delete(key);
        return { status: 204 };
      default:
        throw new AwsError('MethodNotAllowed', 'The specified method is not allowed.', 405);
    }
  }

  #bucket(method: string, name: string): HttpResponse {
    if (method === 'PUT') {
      if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name))
        throw new AwsError('InvalidBucketName', 'The specified bucket is not valid.');
      if (this.#buckets.size >= BUCKETS_MAX)
        throw new AwsError('TooManyBuckets', `there are ${BUCKETS_MAX} buckets already`);
      this.#buckets.set(name, this.#buckets.get(name) ?? new Map());
      return { status: 200, headers: { location: `/${name}` } };
    }
    if (!this.#buckets.has(name))
      throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404);
    return { status: 200 };
  }

  #put(bucket: Map<string, Version[]>, key: string, body: Buffer): HttpResponse {
    if (body.length > OBJECT_MAX_BYTES || this.#bytes + body.length > ALL_MAX_BYTES)
      throw new AwsError('EntityTooLarge', 'Your proposed upload is too large.');
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    const id = randomBytes(16).toString('hex');
    const versions = bucket.get(key) ?? [];
    bucket.set(key, versions);
    versions.push({ id, etag, body, modified: new Date(this.#nowMs()).toUTCString() });
    this.#bytes += body.length;
    if (versions.length > VERSIONS_MAX) this.#bytes -= versions.shift()?.body.length ?? 0;
    return { status: 200, headers: { etag, 'x-amz-version-id': id } };
  }
}

function get(
  versions: readonly Version[] | undefined,
  id: string | null,
  request: HttpRequest,
): HttpResponse {
  if (versions === undefined)
    throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404);
  if (id !== null && !/^[0-9a-f]{32}$/.test(id))
    throw new AwsError('InvalidArgument', 'Invalid version id specified');
  const found = id === null ? versions.at(-1) : versions.find((version) => version.id === id);
  if (found === undefined)
    throw new AwsError('NoSuchVersion', 'The specified version does not exist.', 404);
  const headers = {
    etag: found.etag,
    'last-modified': found.modified,
    'x-amz-version-id': found.id,
    'content-type': 'application/octet-stream',
  };
  const { 'if-match': match, 'if-none-match': noneMatch, range } = request.headers;
  if (match !== undefined && match !== found.etag)
    throw new AwsError('PreconditionFailed', 'A precondition that you specified did not hold', 412);
  if (noneMatch === found.etag) return { status: 304, headers };
  const since = Date.parse(request.headers['if-modified-since'] ?? '');
  if (noneMatch === undefined && Date.parse(found.modified) <= since)
    return { status: 304, headers };
  return range === undefined
    ? { status: 200, headers, body: found.body }
    : { status: 206, ...partOf(found.body, range, headers) };
}

/** One range of bytes; what is no such range is answered whole by S3, several are not taken by it. */
function partOf(
  body: Buffer,
  range: string,
  headers: Record<string, string>,
): Pick<HttpResponse, 'headers' | 'body'> {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? [];
  const start = first === '' ? Math.max(0, body.length - Number(last)) : Number(first);
  const end = first === '' || last === '' ? body.length : Math.min(body.length, Number(last) + 1);
  if ((first === '' && last === '') || start >= body.length || end <= start)
    throw new AwsError('InvalidRange', 'The requested range is not satisfiable', 416);
  return {
    headers: { ...headers, 'content-range': `bytes ${start}-${end - 1}/${body.length}` },
    body: body.subarray(start, end),
  };
}

/** Bucket and key of a path, or of a host and a path. */
function placeOf({ path, headers }: HttpRequest): { bucketName: string; key: string } {
  const inHost = /^([a-z0-9][a-z0-9.-]*?)\.(?:s3[.-].*|localhost)(?::\d+)?$/.exec(
    headers.host ?? '',
  );
  const segments = path.split('/').slice(1).map(decodeURIComponent);
  const bucketName = inHost?.[1] ?? segments.shift() ?? '';
  return { bucketName, key: segments.join('/') };
}

export function s3Error(error: AwsError): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${error.code}</Code><Message>${error.message}</Message><RequestId>emulated</RequestId></Error>`;
}
