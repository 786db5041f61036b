/**
 * Judges segment documents as PutTraceSegments does, each for itself. Which of the codes are
 * documented, which were seen in answers of X-Ray and which are an assumption: docs/emulate.md.
 * Sources: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html,
 * https://docs.aws.amazon.com/xray/latest/api/API_PutTraceSegments.html
 */
import {
  isObject,
  type JsonObject,
  listSubsegments,
  readStoredDocument,
  type StoredDocument,
} from './entity.ts';
import { DOCUMENT_MAX_BYTES } from '../../wire/xray/document.ts';
import { TRACE_ID } from '../../wire/xray/trace-id.ts';
import { OTLP_DOCUMENT, readOtlpDocument } from './otlp.ts';

/** An item of UnprocessedTraceSegments; the id is absent where the document shows none. */
export interface UnprocessedSegment {
  readonly Id?: string;
  readonly ErrorCode: string;
  readonly Message: string;
}

/** `unsampled`: spans that X-Ray counts and does not store as traces. */
export type Judgement =
  | { readonly is: 'accepted'; readonly segments: readonly StoredDocument[] }
  | { readonly is: 'unsampled' }
  | { readonly is: 'refused'; readonly refusal: UnprocessedSegment };

/** The codes by which documents are refused. */
export const JUDGED_CODES = [
  'ParseError',
  'InvalidSegment',
  'MissingId',
  'InvalidId',
  'MissingTraceId',
  'InvalidTraceId',
  'MissingName',
  'InvalidName',
  'MissingStartTime',
  'InvalidStartTime',
  'MissingEndTime',
  'InvalidEndTime',
  'MissingParentId',
  'InvalidParentId',
] as const;
export type JudgedCode = (typeof JUDGED_CODES)[number];
const NAME = /^[\p{L}\p{N}\s_.:/%&#=+\\\-@]{1,200}$/u;
const ID = /^[\da-f]{16}$/i;
const AGE_MAX_SECONDS = 30 * 86_400;
/** Two hours, the limit that AWS gives for its OTLP endpoint. */
const AHEAD_MAX_SECONDS = 2 * 3_600;

/** @param nowMs  the time by X-Ray's clock */
export function judgeDocument(text: string, nowMs: number): Judgement {
  if (Buffer.byteLength(text) > DOCUMENT_MAX_BYTES)
    return refuse(findId(text), 'InvalidSegment', 'Segment document is larger than 64 kB.');
  if (OTLP_DOCUMENT.test(text)) return judgeOtlp(text, nowMs);
  const segment = parseJson(text);
  if (segment === undefined) return refuse(undefined, 'ParseError');
  const fault = findFault(segment, nowMs);
  return fault === undefined
    ? { is: 'accepted', segments: [readStoredDocument(segment, text)] }
    : refuseSegment(segment, fault);
}

/**
 * The refusal of a document with a code of choice, for faults on command.
 *
 * @param text  of the document, where its id is looked for
 */
export function refuseByCommand(text: string, code: string): UnprocessedSegment {
  const segment = OTLP_DOCUMENT.test(text) ? undefined : parseJson(text);
  const id = segment?.['id'];
  return makeRefusal(typeof id === 'string' ? id : undefined, code, `${code} on command`);
}

function judgeOtlp(text: string, nowMs: number): Judgement {
  const read = readOtlpDocument(text);
  if (read === undefined) return refuse(undefined, 'ParseError');
  if (!read.isSampled) return { is: 'unsampled' };
  for (const segment of read.segments) {
    const fault = findFault(segment, nowMs);
    if (fault !== undefined) return refuseSegment(segment, fault);
  }
  return {
    is: 'accepted',
    segments: read.segments.map((segment) => readStoredDocument(segment, JSON.stringify(segment))),
  };
}

/** What is wrong with a segment or subsegment, in words; undefined for a right one. */
export function judgeSegment(segment: JsonObject, nowMs: number): string | undefined {
  const fault = findFault(segment, nowMs);
  return fault === undefined ? undefined : `Invalid segment. ErrorCode: ${fault.code}`;
}

/** A document that is a list is judged as an object without members, as X-Ray does. */
function parseJson(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return {};
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

interface Fault {
  readonly code: JudgedCode;
  /** Whether it is in a subsegment within the document. */
  readonly isInner: boolean;
}

function findFault(segment: JsonObject, nowMs: number): Fault | undefined {
  const own =
    judgeIdentity(segment) ?? judgeTraceId(segment) ?? judgeWork(segment) ?? judgeParent(segment);
  if (own !== undefined) return { code: own, isInner: false };
  const startSeconds = Number(segment['start_time']);
  const ageSeconds = nowMs / 1_000 - startSeconds;
  if (ageSeconds > AGE_MAX_SECONDS || ageSeconds < -AHEAD_MAX_SECONDS)
    return { code: 'InvalidTraceId', isInner: false };
  const open = listSubsegments(segment);
  for (let inner = open.pop(); inner !== undefined; inner = open.pop()) {
    const code = judgeIdentity(inner) ?? judgeWork(inner);
    if (code !== undefined) return { code, isInner: true };
    open.push(...listSubsegments(inner));
  }
  return undefined;
}

function judgeIdentity({ id }: JsonObject): JudgedCode | undefined {
  if (isAbsent(id)) return 'MissingId';
  return typeof id === 'string' && ID.test(id) ? undefined : 'InvalidId';
}

/** The time in a trace id is not judged: ids that OpenTelemetry makes have none. */
function judgeTraceId({ trace_id: id }: JsonObject): JudgedCode | undefined {
  if (isAbsent(id)) return 'MissingTraceId';
  return typeof id === 'string' && TRACE_ID.test(id) ? undefined : 'InvalidTraceId';
}

/** Judges name and times. */
function judgeWork(segment: JsonObject): JudgedCode | undefined {
  const { name, start_time: start, end_time: end, in_progress: inProgress } = segment;
  if (isAbsent(name)) return 'MissingName';
  if (typeof name !== 'string' || !NAME.test(name)) return 'InvalidName';
  if (isAbsent(start)) return 'MissingStartTime';
  if (typeof start !== 'number') return 'InvalidStartTime';
  if (isAbsent(end)) return inProgress === true ? undefined : 'MissingEndTime';
  return typeof end === 'number' ? undefined : 'InvalidEndTime';
}

/** A subsegment that was sent apart names its parent; a segment may. */
function judgeParent({ type, parent_id: id }: JsonObject): JudgedCode | undefined {
  if (isAbsent(id)) return type === 'subsegment' ? 'MissingParentId' : undefined;
  return typeof id === 'string' && ID.test(id) ? undefined : 'InvalidParentId';
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function refuseSegment(segment: JsonObject, { code, isInner }: Fault): Judgement {
  const { id } = segment;
  const isSubsegment = isInner || segment['type'] === 'subsegment';
  return refuse(
    typeof id === 'string' && id !== '' ? id : undefined,
    code,
    isSubsegment ? `Invalid subsegment. ErrorCode: ${code}, Cause: null` : undefined,
  );
}

function refuse(
  id: string | undefined,
  code: JudgedCode,
  message = `Invalid segment. ErrorCode: ${code}`,
): Judgement {
  return { is: 'refused', refusal: makeRefusal(id, code, message) };
}

function makeRefusal(
  id: string | undefined,
  ErrorCode: string,
  Message: string,
): UnprocessedSegment {
  return { ...(id === undefined ? {} : { Id: id }), ErrorCode, Message };
}

/** The id of a document that is too large to be parsed: the first one in its text. */
function findId(text: string): string | undefined {
  return /"id"\s*:\s*"([\da-f]{16})"/i.exec(text)?.[1];
}
