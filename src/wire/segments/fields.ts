/**
 * What of a span has no member of its own in a segment: attributes are annotations where they are
 * to be indexed, and metadata otherwise.
 * Source: contrib's exporter/awsxrayexporter/internal/translator/segment.go
 */
import {
  type SpanAttributes,
  type AttributeValue,
  type SegmentMembers,
  readTexts,
} from './attributes.ts';

/** Which attributes X-Ray is to index. */
export interface Indexing {
  readonly all: boolean;
  readonly attributes: readonly string[];
}

export interface Fields {
  readonly user: string | undefined;
  readonly annotations: SegmentMembers | undefined;
  readonly metadata: { readonly [namespace: string]: SegmentMembers } | undefined;
}

const ANNOTATIONS = 'aws.xray.annotations';
const METADATA_PREFIX = 'aws.xray.metadata.';
const RESOURCE_PREFIX = 'otel.resource.';
const DEFAULT_NAMESPACE = 'default';
const USER = 'enduser.id';

/**
 * @param left      attributes that are in no block
 * @param all       all attributes of the span: those to be indexed are, though they are in a block
 * @param resource  undefined for subsegments, which leave it to their segment
 */
export function splitFields(
  left: SpanAttributes,
  { all, resource, indexing }: {
    readonly all: SpanAttributes;
    readonly resource: SpanAttributes | undefined;
    readonly indexing: Indexing;
  },
): Fields {
  const attributes = new Map(left);
  for (const key of indexing.attributes) {
    const value = all.get(key);
    if (value !== undefined) attributes.set(key, value);
  }
  const user = attributes.get(USER);
  if (typeof user === 'string' && user !== '') attributes.delete(USER);
  const named = attributes.get(ANNOTATIONS);
  const indexed = new Set([...indexing.attributes, ...readTexts(named)]);
  if (Array.isArray(named)) attributes.delete(ANNOTATIONS);
  const annotations = openMembers<AttributeValue>();
  const own = openMembers<unknown>();
  const metadata = openMembers<SegmentMembers>();
  const place = (key: string, value: AttributeValue): void => {
    const isIndexed = (indexing.all || indexed.has(key)) && isAnnotation(value) && key !== '';
    if (isIndexed) annotations[fixAnnotationKey(key)] = value;
    else if (value !== null) own[key] = value;
  };
  for (const [key, value] of resource ?? []) place(RESOURCE_PREFIX + key, value);
  for (const [key, value] of attributes) {
    const written = indexed.has(key) || indexing.all ? undefined : readMetadata(key, value);
    if (written === undefined) place(key, value);
    else if (written.namespace.toLowerCase() === DEFAULT_NAMESPACE)
      Object.assign(own, written.metadata);
    else metadata[written.namespace] = written.metadata;
  }
  if (Object.keys(own).length > 0) metadata[DEFAULT_NAMESPACE] = own;
  return {
    user: typeof user === 'string' && user !== '' ? user : undefined,
    annotations: Object.keys(annotations).length === 0 ? undefined : annotations,
    metadata: Object.keys(metadata).length === 0 ? undefined : metadata,
  };
} // prettier-ignore

/** Those of the resource alone. */
export function keepResourceMetadata(metadata: Fields['metadata']): Fields['metadata'] {
  const kept = Object.entries(metadata ?? {}).flatMap(([namespace, entries]) => {
    const own = Object.entries(entries).filter(([key]) => key.startsWith(RESOURCE_PREFIX));
    return own.length === 0 ? [] : [[namespace, Object.fromEntries(own)] as const];
  });
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

/** Members by names of others: `__proto__` is a name like any. */
function openMembers<Value>(): Record<string, Value> {
  return Object.create(null) as Record<string, Value>;
}

function isAnnotation(value: AttributeValue): boolean {
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value);
}

/** X-Ray takes letters, digits, `.` and `_`. */
function fixAnnotationKey(key: string): string {
  return key.replaceAll(/[^A-Za-z\d.]/gu, '_');
}

/** A namespace of metadata that the sender wrote as JSON. */
function readMetadata(
  key: string,
  value: AttributeValue,
): { readonly namespace: string; readonly metadata: SegmentMembers } | undefined {
  if (!key.startsWith(METADATA_PREFIX) || typeof value !== 'string') return undefined;
  try {
    const metadata: unknown = JSON.parse(value);
    if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
      return undefined;
    return { namespace: key.slice(METADATA_PREFIX.length), metadata: metadata as SegmentMembers };
  } catch {
    return undefined;
  }
}
