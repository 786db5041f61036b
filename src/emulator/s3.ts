/**
 * S3 as far as reading configurations from it needs: buckets, objects with versions, metadata and
 * ETags, conditional and ranged GET, lists, errors in XML. The bucket is in the path, or in the
 * host before `.s3.` or `.localhost`.
 * Limits: 16 MiB for an object, 256 MiB for all, 100 versions of an object, 100 buckets.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
import { createHash, randomBytes } from 'node:crypto';
import type { HttpRequest, HttpResponse } from '../kernel/http-server.ts';
import type { Need } from './access.ts';
import { notImplemented } from './members.ts';
import {
  LIST_BUCKETS,
  LIST_OBJECTS,
  listBuckets,
  listObjects,
  type ListedObject,
} from './s3-listing.ts';
import { checkBody, CHECKSUM_HEADERS, refuseUnknownRequest } from './s3-requests.ts';
import { AwsError } from './service.ts';
import { element } from './xml.ts';

interface Version {
  readonly id: string;
  readonly etag: string;
  readonly body: Buffer;
  readonly modifiedMs: number;
  /** Headers of the upload that are returned with the object. */
  readonly headers: Readonly<Record<string, string>>;
}

interface Bucket {
  readonly createdMs: number;
  readonly objects: Map<string, Version[]>;
}

const OBJECT_MAX_BYTES = 16 * 1024 * 1024;
const VERSIONS_MAX = 100;
const ALL_MAX_BYTES = 256 * 1024 * 1024;
const BUCKETS_MAX = 100;
/** Headers of an upload that are kept with the object and returned with it. */
const KEPT_HEADERS = [
  'content-type',
  'content-encoding',
  'content-language',
  'content-disposition',
  'cache-control',
  'expires',
];
const READ = {
  parameters: ['versionId'],
  headers: ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'range'],
};
const XML = { 'content-type': 'application/xml' };

export class ObjectStore {
  readonly #buckets = new Map<string, Bucket>();
  readonly #nowMs: () => number;
  readonly #region: string;
  #bytes = 0;

  constructor(region: string, nowMs: () => number) {
    this.#region = region;
    this.#nowMs = nowMs;
  }

  /** @throws AwsError */
  async answer(request: HttpRequest): Promise<HttpResponse> {
    const { bucketName, key } = parseObjectAddress(request);
    const query = new URLSearchParams(request.query);
    if (bucketName === '') return this.#listBuckets(request, query);
    if (key === '') return this.#answerBucket(request, bucketName, query);
    const { objects } = this.#find(bucketName);
    switch (request.method) {
      case 'PUT':
        refuseUnknownRequest('PutObject', request, query, {
          headers: ['x-amz-meta-', ...CHECKSUM_HEADERS],
        });
        return this.#put(objects, key, request);
      case 'GET':
      case 'HEAD':
        refuseUnknownRequest(
          request.method === 'GET' ? 'GetObject' : 'HeadObject',
          request,
          query,
          READ,
        );
        return get(objects.get(key), query.get('versionId'), request);
      case 'DELETE':
        refuseUnknownRequest('DeleteObject', request, query, { parameters: ['versionId'] });
        this.#delete(objects, key, query.get('versionId'));
        return { status: 204 };
      default:
        throw notImplemented(`${request.method} of an object is not supported here`);
    }
  }

  /** The newest version of an object, for other services of the emulator. */
  read(bucket: string, key: string): Buffer | undefined {
    return this.#buckets.get(bucket)?.objects.get(key)?.at(-1)?.body;
  }

  #find(name: string): Bucket {
    const found = this.#buckets.get(name);
    if (found === undefined)
      throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404);
    return found;
  }

  #listBuckets(request: HttpRequest, query: URLSearchParams): HttpResponse {
    if (request.method !== 'GET') throw notImplemented(`${request.method} / is not supported here`);
    refuseUnknownRequest('ListBuckets', request, query, { parameters: LIST_BUCKETS });
    const buckets = [...this.#buckets].map(([name, { createdMs }]) => ({ name, createdMs }));
    return { status: 200, headers: XML, body: listBuckets(buckets, this.#region, query) };
  }

  async #answerBucket(
    request: HttpRequest,
    name: string,
    query: URLSearchParams,
  ): Promise<HttpResponse> {
    switch (request.method) {
      case 'PUT':
        refuseUnknownRequest('CreateBucket', request, query, {});
        return this.#create(name, (await request.body()).toString());
      case 'HEAD':
        refuseUnknownRequest('HeadBucket', request, query, {});
        this.#find(name);
        return { status: 200, headers: { 'x-amz-bucket-region': this.#region } };
      case 'DELETE':
        refuseUnknownRequest('DeleteBucket', request, query, {});
        if (this.#find(name).objects.size > 0)
          throw new AwsError('BucketNotEmpty', 'The bucket you tried to delete is not empty', 409);
        this.#buckets.delete(name);
        return { status: 204 };
      case 'GET': {
        const { objects } = this.#find(name);
        refuseUnknownRequest('ListObjectsV2', request, query, { parameters: LIST_OBJECTS });
        if (query.get('list-type') !== '2')
          throw notImplemented('ListObjects is not supported here; ListObjectsV2 (list-type=2) is');
        return { status: 200, headers: XML, body: listObjects(name, listNewest(objects), query) };
      }
      default:
        throw notImplemented(`${request.method} of a bucket is not supported here`);
    }
  }

  #create(name: string, configuration: string): HttpResponse {
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name))
      throw new AwsError('InvalidBucketName', 'The specified bucket is not valid.');
    const rest = configuration.replace(
      `<LocationConstraint>${this.#region}</LocationConstraint>`,
      '',
    );
    const unknown = /<(?!\/|\?|CreateBucketConfiguration\b)(\w+)/.exec(rest)?.[1];
    if (unknown !== undefined)
      throw notImplemented(
        `CreateBucket: ${unknown} is not supported here, or is not ${this.#region}`,
      );
    if (this.#buckets.size >= BUCKETS_MAX)
      throw new AwsError('TooManyBuckets', `there are ${BUCKETS_MAX} buckets already`);
    // As in us-east-1: the owner of a bucket may create it again, without an effect.
    if (!this.#buckets.has(name))
      this.#buckets.set(name, { createdMs: this.#nowMs(), objects: new Map() });
    return { status: 200, headers: { location: `/${name}` } };
  }

  async #put(
    objects: Map<string, Version[]>,
    key: string,
    request: HttpRequest,
  ): Promise<HttpResponse> {
    const body = await request.body();
    checkBody(request, body);
    if (body.length > OBJECT_MAX_BYTES || this.#bytes + body.length > ALL_MAX_BYTES)
      throw new AwsError('EntityTooLarge', 'Your proposed upload is too large.');
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    const id = randomBytes(16).toString('hex');
    const versions = objects.get(key) ?? [];
    objects.set(key, versions);
    const headers = pickHeaders(request);
    versions.push({ id, etag, body, modifiedMs: this.#nowMs(), headers });
    this.#bytes += body.length;
    if (versions.length > VERSIONS_MAX) this.#bytes -= versions.shift()?.body.length ?? 0;
    return { status: 200, headers: { etag, 'x-amz-version-id': id } };
  }

  /** Deletes all versions of an object, or the one with this id. */
  #delete(objects: Map<string, Version[]>, key: string, id: string | null): void {
    const versions = objects.get(key) ?? [];
    const gone = versions.filter((version) => id === null || version.id === id);
    for (const { body } of gone) this.#bytes -= body.length;
    const rest = versions.filter((version) => !gone.includes(version));
    if (rest.length === 0) objects.delete(key);
    else objects.set(key, rest);
  }
}

/** What a policy must allow for a request. */
export function describeObjectNeed(request: HttpRequest): Need {
  const { bucketName, key } = parseObjectAddress(request);
  const query = new URLSearchParams(request.query);
  const { method } = request;
  const bucket = `arn:aws:s3:::${bucketName}`;
  if (bucketName === '') return { action: 's3:ListAllMyBuckets', resource: '*' };
  if (key === '') {
    const action = { PUT: 's3:CreateBucket', DELETE: 's3:DeleteBucket' }[method];
    const asked = ['prefix', 'delimiter', 'max-keys'].flatMap((name) => {
      const value = query.get(name);
      return value === null ? [] : [[`s3:${name}`, value]];
    });
    const context = Object.fromEntries(asked) as Record<string, string>;
    return { action: action ?? 's3:ListBucket', resource: bucket, context };
  }
  const version = query.get('versionId');
  const verb = { PUT: 'Put', DELETE: 'Delete' }[method] ?? 'Get';
  const action = `s3:${verb}Object${version === null || verb === 'Put' ? '' : 'Version'}`;
  const context = version === null ? {} : { 's3:VersionId': version };
  return { action, resource: `${bucket}/${key}`, context };
}

function* listNewest(objects: ReadonlyMap<string, readonly Version[]>): Generator<ListedObject> {
  for (const [key, versions] of objects) {
    const newest = versions.at(-1);
    if (newest === undefined) continue;
    const { etag, body, modifiedMs } = newest;
    yield { key, etag, sizeBytes: body.length, modifiedMs };
  }
}

function pickHeaders({ headers }: HttpRequest): Record<string, string> {
  const kept = Object.entries(headers).filter(
    ([name]) => KEPT_HEADERS.includes(name) || name.startsWith('x-amz-meta-'),
  );
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
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
    'content-type': 'application/octet-stream',
    ...found.headers,
    etag: found.etag,
    'last-modified': new Date(found.modifiedMs).toUTCString(),
    'x-amz-version-id': found.id,
  };
  const { 'if-match': match, 'if-none-match': noneMatch, range } = request.headers;
  const seconds = Math.floor(found.modifiedMs / 1_000) * 1_000;
  const until = Date.parse(request.headers['if-unmodified-since'] ?? '');
  if ((match !== undefined && match !== found.etag) || (match === undefined && seconds > until))
    throw new AwsError('PreconditionFailed', 'A precondition that you specified did not hold', 412);
  if (noneMatch === found.etag) return { status: 304, headers };
  const since = Date.parse(request.headers['if-modified-since'] ?? '');
  if (noneMatch === undefined && seconds <= since) return { status: 304, headers };
  return range === undefined
    ? { status: 200, headers, body: found.body }
    : { status: 206, ...cutPart(found.body, range, headers) };
}

/**
 * Cuts one range out of a body. Everything else is refused with 416, also a malformed range, which
 * S3 itself ignores; S3 does not take several ranges either.
 */
function cutPart(
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

/** Reads bucket and key from the path, or from the host and the path. */
function parseObjectAddress({ path, headers }: HttpRequest): { bucketName: string; key: string } {
  const inHost = /^([a-z0-9][a-z0-9.-]*?)\.(?:s3[.-].*|localhost)(?::\d+)?$/.exec(
    headers.host ?? '',
  );
  const segments = path.split('/').slice(1).map(decode);
  const bucketName = inHost?.[1] ?? segments.shift() ?? '';
  return { bucketName, key: segments.join('/') };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new AwsError('InvalidURI', "Couldn't parse the specified URI.");
  }
}

export function renderS3Error(error: AwsError): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error>' +
    element('Code', error.code) +
    element('Message', error.message) +
    '<RequestId>emulated</RequestId></Error>'
  );
}
