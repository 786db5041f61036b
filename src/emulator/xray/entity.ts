/**
 * What X-Ray reads of a segment or subsegment for summaries, filters and graphs. A document is
 * flattened to a list of them: first the segment or subsegment itself, then all within it.
 */

export type JsonObject = Readonly<Record<string, unknown>>;
export type AnnotationValue = string | number | boolean;

/** A segment or a subsegment. Times are seconds since the epoch, as X-Ray's documents have them. */
export interface StoredEntity {
  readonly id: string;
  /** Of a subsegment, and of a segment whose caller is traced. */
  readonly parentId: string | undefined;
  readonly name: string;
  readonly startSeconds: number;
  /** Undefined while it is in progress. */
  readonly endSeconds: number | undefined;
  readonly isError: boolean;
  readonly isThrottle: boolean;
  readonly isFault: boolean;
  readonly http: HttpFacts;
  readonly annotations: readonly (readonly [key: string, value: AnnotationValue])[];
  readonly user: string | undefined;
  /** The type of the service: the origin of a segment, or what a subsegment calls. */
  readonly type: string | undefined;
  /** Whether it is the call of another service. */
  readonly isCall: boolean;
  readonly instanceId: string | undefined;
  readonly availabilityZone: string | undefined;
  readonly resourceArn: string | undefined;
}

export interface HttpFacts {
  readonly url?: string;
  readonly method?: string;
  readonly status?: number;
  readonly userAgent?: string;
  readonly clientIp?: string;
}

/** A document that was accepted. */
export interface StoredDocument {
  readonly traceId: string;
  readonly id: string;
  /** Whether it is a subsegment that was sent apart from its segment. */
  readonly isSubsegment: boolean;
  readonly text: string;
  readonly sizeBytes: number;
  /** At least one: the segment or subsegment itself, then all within it. */
  readonly entities: readonly [StoredEntity, ...StoredEntity[]];
}

/** Longest key and longest text of an annotation that is indexed. */
const KEY_MAX = 500;
const TEXT_MAX = 1_000;

/** Makes a stored document of one that was judged to be right. */
export function readStoredDocument(segment: JsonObject, text: string): StoredDocument {
  const first = readEntity(segment, undefined);
  const entities: [StoredEntity, ...StoredEntity[]] = [first];
  const open = [{ segment, id: first.id }];
  for (let item = open.pop(); item !== undefined; item = open.pop())
    for (const inner of listSubsegments(item.segment)) {
      const entity = readEntity(inner, item.id);
      entities.push(entity);
      open.push({ segment: inner, id: entity.id });
    }
  return {
    traceId: String(segment['trace_id']),
    id: first.id,
    isSubsegment: segment['type'] === 'subsegment',
    text,
    sizeBytes: Buffer.byteLength(text),
    entities,
  };
}

/** The subsegments directly within a segment or subsegment; what is no object is left out. */
export function listSubsegments(segment: JsonObject): JsonObject[] {
  const { subsegments } = segment as { subsegments?: unknown };
  return Array.isArray(subsegments) ? subsegments.filter(isObject) : [];
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readEntity(segment: JsonObject, within: string | undefined): StoredEntity {
  const http = readHttp(segment['http']);
  const { status = 0 } = http;
  const aws = readObject(segment['aws']);
  const ec2 = readObject(aws['ec2']);
  const namespace = readText(segment['namespace']);
  const end = segment['end_time'];
  return {
    id: String(segment['id']),
    parentId: readText(segment['parent_id']) ?? within,
    name: String(segment['name']),
    startSeconds: Number(segment['start_time']),
    endSeconds: typeof end === 'number' && segment['in_progress'] !== true ? end : undefined,
    isError: segment['error'] === true || (status >= 400 && status < 500),
    isThrottle: segment['throttle'] === true || status === 429,
    isFault: segment['fault'] === true || status >= 500,
    http,
    annotations: readAnnotations(segment['annotations']),
    user: readText(segment['user']),
    type: readText(segment['origin']) ?? nameType(segment, namespace, aws),
    isCall: namespace === 'remote' || namespace === 'aws',
    instanceId: readText(ec2['instance_id']),
    availabilityZone: readText(ec2['availability_zone']),
    resourceArn: readText(segment['resource_arn']),
  };
}

/** The type of the service that a subsegment calls, as the service map names it. */
function nameType(
  segment: JsonObject,
  namespace: string | undefined,
  aws: JsonObject,
): string | undefined {
  if (namespace === 'aws') {
    const resource = readText(aws['table_name']) === undefined ? '' : '::Table';
    return `AWS::${String(segment['name'])}${resource}`;
  }
  if (namespace !== 'remote') return undefined;
  return segment['sql'] === undefined ? 'remote' : 'Database::SQL';
}

function readHttp(value: unknown): HttpFacts {
  const http = readObject(value);
  const request = readObject(http['request']);
  const response = readObject(http['response']);
  const status = response['status'];
  const texts = {
    url: readText(request['url']),
    method: readText(request['method']),
    userAgent: readText(request['user_agent']),
    clientIp: readText(request['client_ip']),
    status: typeof status === 'number' ? status : undefined,
  };
  return Object.fromEntries(Object.entries(texts).filter(([, one]) => one !== undefined));
}

/**
 * The annotations that X-Ray indexes. What it does not index is no error: it stands in the document
 * and is found by no filter.
 */
function readAnnotations(value: unknown): [string, AnnotationValue][] {
  return Object.entries(readObject(value)).filter(
    (entry): entry is [string, AnnotationValue] =>
      /^[\w.]+$/.test(entry[0]) &&
      entry[0].length <= KEY_MAX &&
      ['string', 'number', 'boolean'].includes(typeof entry[1]) &&
      String(entry[1]).length <= TEXT_MAX,
  );
}

function readObject(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

function readText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
