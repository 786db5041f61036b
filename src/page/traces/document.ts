/**
 * Reads a segment document: the segment or subsegment itself, and the subsegments embedded in it,
 * however deep, as one flat list. An entity is X-Ray's word for either. What cannot be read is
 * given as broken, with the reason, and never throws. Pure.
 * Limits: what the caller still takes; names and ids are cut.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
 */
import {
  cutText,
  type JsonRecord,
  readList,
  readMember,
  readRecord,
  readText,
} from './json-members.ts';

/** A segment or subsegment. Times are seconds since 1970, as its own clock told them. */
export interface Entity {
  /** Empty where the document has none. */
  readonly id: string;
  /** The id of the entity that it is embedded in, or that it names; empty for none. */
  readonly parentId: string;
  readonly kind: 'segment' | 'subsegment';
  readonly name: string;
  /** `aws` or `remote` for a call to another service; empty for all else. */
  readonly namespace: string;
  /** What kind of resource it ran on, of a segment: `AWS::ECS::Container`. */
  readonly origin: string;
  readonly startS: number;
  /** Undefined while it is in progress. */
  readonly endS: number | undefined;
  /** What went wrong, worst first. */
  readonly marks: readonly Mark[];
  /** Method, URL and status in one line; empty without a request. */
  readonly http: string;
  /** The document's own object, for its details. */
  readonly record: JsonRecord;
}

export type Mark = 'fault' | 'error' | 'throttle';

/** A document, or a part of one, that cannot be shown in the tree. */
export interface BrokenDocument {
  readonly reason: string;
  /** How it begins. */
  readonly excerpt: string;
}

export interface SegmentReading {
  readonly entities: readonly Entity[];
  readonly broken: readonly BrokenDocument[];
  /** How many entities were above the limit. */
  readonly omitted: number;
}

const NAME_MAX = 300;
const ID_MAX = 64;
const LINE_MAX = 500;
const EXCERPT_MAX = 200;
const BROKEN_MAX = 20;
/** About the year 5138. What is above is not in seconds. */
const TIME_MAX_S = 1e11;
const MARKS: readonly Mark[] = ['fault', 'error', 'throttle'];

/** @param most  how many entities are taken */
export function readSegmentDocument(text: string, most: number): SegmentReading {
  const excerpt = cutText(text, EXCERPT_MAX);
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    const reason = /^T1[SU]/.test(text) ? 'OTLP in base64, which is not JSON' : 'not JSON';
    return { entities: [], broken: [{ reason, excerpt }], omitted: 0 };
  }
  const entities: Entity[] = [];
  const broken: BrokenDocument[] = [];
  let omitted = 0;
  // A stack in place of recursion: how deep subsegments are embedded is the sender's choice.
  const open: { value: unknown; parentId: string | undefined }[] = [
    { value: root, parentId: undefined },
  ];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, parentId } = next;
    if (entities.length + broken.length >= most) {
      omitted += 1;
      continue;
    }
    const entity = readEntity(value, parentId);
    if (typeof entity === 'string') {
      const what = parentId === undefined ? excerpt : `within ${parentId}`;
      if (broken.length < BROKEN_MAX) broken.push({ reason: entity, excerpt: what });
      else omitted += 1;
    } else entities.push(entity);
    const id = typeof entity === 'string' ? readText(readMember(value, 'id'), ID_MAX) : entity.id;
    for (const child of readList(readMember(value, 'subsegments')).toReversed())
      open.push({ value: child, parentId: id });
  }
  return { entities, broken, omitted };
}

/**
 * The entity, or why it is none.
 *
 * @param embedder  the id of the entity that it is embedded in; undefined for a whole document
 */
function readEntity(value: unknown, embedder: string | undefined): Entity | string {
  const record = readRecord(value);
  if (record === undefined) return 'not an object';
  const read = (name: string): unknown => readMember(record, name);
  const startS = readTime(read('start_time'));
  if (startS === undefined) return 'start_time is no time in seconds';
  const endTime = read('end_time');
  const endS = endTime === undefined || endTime === null ? undefined : readTime(endTime);
  if (endS === undefined && endTime !== undefined && endTime !== null)
    return 'end_time is no time in seconds';
  const isSubsegment = embedder !== undefined || read('type') === 'subsegment';
  return {
    id: readText(read('id'), ID_MAX),
    parentId: embedder ?? readText(read('parent_id'), ID_MAX),
    kind: isSubsegment ? 'subsegment' : 'segment',
    name: readText(read('name'), NAME_MAX) || 'no name',
    namespace: readText(read('namespace'), LINE_MAX),
    origin: readText(read('origin'), LINE_MAX),
    startS,
    // A document that says that it is in progress may have an end that is not its own.
    endS: read('in_progress') === true ? undefined : endS,
    marks: MARKS.filter((mark) => read(mark) === true),
    http: describeHttp(read('http')),
    record,
  };
}

function readTime(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value < TIME_MAX_S ? value : undefined;
}

function describeHttp(http: unknown): string {
  const request = readMember(http, 'request');
  const parts = [
    readText(readMember(request, 'method'), LINE_MAX),
    readText(readMember(request, 'url'), LINE_MAX),
    readText(readMember(readMember(http, 'response'), 'status'), LINE_MAX),
  ];
  return parts.filter((part) => part !== '').join(' ');
}
