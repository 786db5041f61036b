/**
 * S3's lists, in list pages: the buckets of the account, and the objects of a bucket in the order
 * of their keys' bytes, where keys with a delimiter are rolled up to common prefixes.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
import { AwsError } from './service.ts';
import { element } from './xml.ts';

export interface ListedObject {
  readonly key: string;
  readonly etag: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

export interface ListedBucket {
  readonly name: string;
  readonly createdMs: number;
}

const PAGE_MAX = 1_000;
const BUCKETS_PAGE_MAX = 10_000;
const OWNER = `<ID>${'0'.repeat(64)}</ID>`;
const XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** Parameters of ListObjectsV2. */
export const LIST_OBJECTS = [
  'list-type',
  'prefix',
  'delimiter',
  'max-keys',
  'continuation-token',
  'start-after',
  'encoding-type',
  'fetch-owner',
] as const;

/** Parameters of ListBuckets. */
export const LIST_BUCKETS = [
  'max-buckets',
  'continuation-token',
  'prefix',
  'bucket-region',
] as const;

/** The answer's XML. @throws AwsError */
export function listObjects(
  bucket: string,
  objects: Iterable<ListedObject>,
  query: URLSearchParams,
): string {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const startAfter = query.get('start-after') ?? '';
  const most = readPageSize(query, 'max-keys', 0, PAGE_MAX);
  const token = query.get('continuation-token');
  const encode = chooseEncoder(query.get('encoding-type'));
  const after = token === null ? startAfter : readToken(token);
  const sorted = [...objects]
    .filter(({ key }) => key.startsWith(prefix))
    .sort((a, b) => compareBytes(a.key, b.key));
  const contents: ListedObject[] = [];
  const prefixes = new Set<string>();
  let last = '';
  let isTruncated = false;
  for (const object of sorted) {
    const { key } = object;
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const rolled = end < 0 ? undefined : key.slice(0, end + delimiter.length);
    if (rolled !== undefined && prefixes.has(rolled)) continue;
    // A token may name a common prefix; then the page before has covered all keys under it.
    const isBefore =
      after !== '' && (compareBytes(key, after) <= 0 || (token !== null && rolled === after));
    if (isBefore) continue;
    if (contents.length + prefixes.size >= most) {
      isTruncated = most > 0;
      break;
    }
    last = rolled ?? key;
    if (rolled === undefined) contents.push(object);
    else prefixes.add(rolled);
  }
  const owner = query.get('fetch-owner') === 'true' ? `<Owner>${OWNER}</Owner>` : '';
  const items = contents.map(
    ({ key, etag, sizeBytes, modifiedMs }) =>
      '<Contents>' +
      element('Key', encode(key)) +
      element('LastModified', new Date(modifiedMs).toISOString()) +
      element('ETag', etag) +
      element('Size', sizeBytes) +
      `${owner}<StorageClass>STANDARD</StorageClass></Contents>`,
  );
  const common = [...prefixes].map(
    (rolled) => `<CommonPrefixes>${element('Prefix', encode(rolled))}</CommonPrefixes>`,
  );
  const head =
    element('Name', bucket) +
    element('Prefix', encode(prefix)) +
    (delimiter === '' ? '' : element('Delimiter', encode(delimiter))) +
    (startAfter === '' ? '' : element('StartAfter', encode(startAfter))) +
    element('MaxKeys', most) +
    element('EncodingType', query.get('encoding-type') ?? undefined) +
    element('KeyCount', contents.length + prefixes.size) +
    element('IsTruncated', isTruncated) +
    element('ContinuationToken', token ?? undefined) +
    element('NextContinuationToken', isTruncated ? writeToken(last) : undefined);
  return (
    `${DECLARATION}<ListBucketResult ` +
    `${XMLNS}>${head}${items.join('')}${common.join('')}</ListBucketResult>`
  );
}

/** The answer's XML. @throws AwsError */
export function listBuckets(
  buckets: Iterable<ListedBucket>,
  region: string,
  query: URLSearchParams,
): string {
  const prefix = query.get('prefix') ?? '';
  const most = readPageSize(query, 'max-buckets', 1, BUCKETS_PAGE_MAX);
  const token = query.get('continuation-token');
  const after = token === null ? '' : readToken(token);
  const isHere = (query.get('bucket-region') ?? region) === region;
  const rest = [...buckets]
    .filter(({ name }) => isHere && name.startsWith(prefix) && name > after)
    .sort((a, b) => compareBytes(a.name, b.name));
  const page = rest.slice(0, most);
  const items = page.map(
    ({ name, createdMs }) =>
      '<Bucket>' +
      element('Name', name) +
      element('CreationDate', new Date(createdMs).toISOString()) +
      `${element('BucketRegion', region)}</Bucket>`,
  );
  const next = rest.length > most ? writeToken(page.at(-1)?.name ?? '') : undefined;
  return (
    `${DECLARATION}<ListAllMyBucketsResult ${XMLNS}>` +
    `<Owner>${OWNER}</Owner><Buckets>${items.join('')}</Buckets>` +
    element('ContinuationToken', next) +
    (prefix === '' ? '' : element('Prefix', prefix)) +
    '</ListAllMyBucketsResult>'
  );
}

/** Compares by UTF-8 bytes; JavaScript's own order is that of UTF-16 and differs. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function readPageSize(query: URLSearchParams, name: string, least: number, most: number): number {
  const text = query.get(name) ?? String(most);
  const size = Number(text);
  if (/^\d{1,10}$/.test(text) && size >= least) return Math.min(size, most);
  throw new AwsError('InvalidArgument', `${name} ${text} is not an integer from ${least} on`);
}

const TOKEN = 'after:';

function writeToken(last: string): string {
  return Buffer.from(`${TOKEN}${last}`).toString('base64');
}

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64').toString();
  if (text.startsWith(TOKEN) && text.length > TOKEN.length) return text.slice(TOKEN.length);
  throw new AwsError('InvalidArgument', 'The continuation token provided is incorrect');
}

/** How keys are written: as they are, or percent-encoded (`url`) for keys that XML can't hold. */
function chooseEncoder(type: string | null): (text: string) => string {
  if (type === null) return (text) => text;
  if (type === 'url') return (text) => text.split('/').map(encodeAll).join('/');
  throw new AwsError('InvalidArgument', 'Invalid Encoding Method specified in Request');
}

function encodeAll(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
