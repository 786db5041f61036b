/**
 * S3 as far as configurations need it: objects with versions and ETags, conditional GET, errors in XML; path-style only.
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

export class ObjectStore {
  readonly #buckets = new Map<string, Map<string, Version[]>>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** @throws AwsError */
  async answer(request: HttpRequest): Promise<HttpResponse> {
    const [, bucketName = '', ...rest] = request.path.split('/').map(decodeURIComponent);
    const key = rest.join('/');
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
      this.#buckets.set(name, this.#buckets.get(name) ?? new Map());
      return { status: 200, headers: { location: `/${name}` } };
    }
    if (!this.#buckets.has(name))
      throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404);
    return { status: 200 };
  }

  #put(bucket: Map<string, Version[]>, key: string, body: Buffer): HttpResponse {
    if (body.length > OBJECT_MAX_BYTES)
      throw new AwsError('EntityTooLarge', 'Your proposed upload is too large.');
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    const id = randomBytes(16).toString('hex');
    const versions = bucket.get(key) ?? [];
    bucket.set(key, versions);
    versions.push({ id, etag, body, modified: new Date(this.#nowMs()).toUTCString() });
    if (versions.length > VERSIONS_MAX) versions.shift();
    return { status: 200, headers: { etag, 'x-amz-version-id': id } };
  }
}

function get(
  versions: readonly Version[] | undefined,
  id: string | null,
  request: HttpRequest,
): HttpResponse {
  const found = id === null ? versions?.at(-1) : versions?.find((version) => version.id === id);
  if (found === undefined)
    throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404);
  const headers = {
    etag: found.etag,
    'last-modified': found.modified,
    'x-amz-version-id': found.id,
    'content-type': 'application/octet-stream',
  };
  if (request.headers['if-none-match'] === found.etag) return { status: 304, headers };
  return { status: 200, headers, body: found.body };
}

export function s3Error(error: AwsError): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${error.code}</Code><Message>${error.message}</Message><RequestId>emulated</RequestId></Error>`;
}
