/**
 * A span as X-Ray's segment or subsegment, by the rules of the OpenTelemetry collector's exporter.
 * A span that is the root of a service and calls another one becomes both: the segment of the
 * service, and below it the subsegment of the call. What X-Ray has no member for is lost: events
 * that are no exceptions, the scope, the trace state, and counts of what was dropped.
 * Source: contrib's exporter/awsxrayexporter/internal/translator/segment.go
 */
import type { OtlpLink, OtlpSpan } from '../otlp/trace-request.ts';
import {
  type SpanAttributes,
  type AttributeValue,
  dropAbsent,
  type SegmentMembers,
  readSpanAttributes,
  readTextAttribute,
} from './attributes.ts';
import { CALL_MEMBERS, chooseOrigin, describeAws, describeService } from './aws.ts';
import { describeCause } from './cause.ts';
import { type Fields, type Indexing, keepResourceMetadata, splitFields } from './fields.ts';
import { describeHttp } from './http.ts';
import { deriveId, formatSpanId, formatTraceId } from './ids.ts';
import { chooseName, fixName, isLocalRoot, trimSdkPrefix } from './names.ts';
import { describeSql } from './sql.ts';

export interface SegmentRules {
  readonly indexing: Indexing;
  /** Log groups of segments whose resource names none. */
  readonly logGroups: readonly string[];
}

/** A segment as JSON, with the members that other code looks at. */
export interface SpanSegment {
  readonly id: string;
  readonly trace_id: string;
  readonly name: string;
  readonly [member: string]: unknown;
}

/** What a span calls is no attribute of the segment of its service. */
const OF_THE_CALL = [
  'aws.remote.service', 'aws.remote.operation', 'remoteTarget', 'K8s.RemoteNamespace',
]; // prettier-ignore

/** One segment, or two; none of a span that has no valid ids. */
export function makeSegments(
  span: OtlpSpan,
  resource: SpanAttributes,
  rules: SegmentRules,
): readonly SpanSegment[] {
  const id = formatSpanId(span.spanId);
  const traceId = formatTraceId(span.traceId);
  if (id === undefined || traceId === undefined) return [];
  const parentId = formatSpanId(span.parentSpanId);
  const attributes = readSpanAttributes(span.attributes);
  const subject = { span, id, traceId, parentId, attributes, resource, rules };
  const { kind } = span;
  if (!isLocalRoot(attributes)) return [makeSegment(subject)];
  if (kind === 'server' || kind === 'internal' || kind === 'unspecified')
    return [without(makeSegment(subject), 'type', 'namespace')];
  const serviceId = deriveId(id, 0);
  return [makeCall({ ...subject, parentId: serviceId }), makeService({ ...subject, id: serviceId })];
} // prettier-ignore

interface Subject {
  readonly span: OtlpSpan;
  readonly id: string;
  readonly traceId: string;
  readonly parentId: string | undefined;
  readonly attributes: SpanAttributes;
  readonly resource: SpanAttributes;
  readonly rules: SegmentRules;
}

/** The subsegment of what the root of a service calls. */
function makeCall(subject: Subject): SpanSegment {
  const { span, attributes } = subject;
  const remote = readTextAttribute(attributes, 'aws.remote.service');
  const segment: SpanSegment = {
    namespace: 'remote',
    ...makeSegment(subject),
    type: 'subsegment',
    ...(remote === undefined ? {} : { name: fixName(trimSdkPrefix(remote, attributes)) }),
  };
  return span.kind === 'consumer' ? without(segment, 'links') : segment;
}

/** The segment of the service itself. */
function makeService(subject: Subject): SpanSegment {
  const { span, resource, attributes: all } = subject;
  const attributes = new Map(all);
  for (const key of OF_THE_CALL) attributes.delete(key);
  const made = makeSegment({ ...subject, attributes });
  const name =
    readTextAttribute(all, 'aws.local.service') ?? readTextAttribute(resource, 'service.name');
  const aws = made['aws'] as SegmentMembers | undefined;
  const segment: SpanSegment = {
    ...without(made, 'http', 'type', 'namespace', 'aws', 'metadata'),
    ...(name === undefined ? {} : { name: fixName(name) }),
    ...dropAbsent({
      aws: aws && dropAbsent(without(aws, ...CALL_MEMBERS)),
      metadata: keepResourceMetadata(made['metadata'] as Fields['metadata']),
    }),
  };
  return span.kind === 'consumer' ? segment : without(segment, 'links');
}

function without<Value extends SegmentMembers>(value: Value, ...members: readonly string[]): Value {
  return Object.fromEntries(
    Object.entries(value).filter(([key]) => !members.includes(key)),
  ) as unknown as Value;
}

function makeSegment(subject: Subject): SpanSegment {
  const { span, id, traceId, parentId, resource, rules } = subject;
  const { kind } = span;
  const isSubsegment = kind !== 'server' && kind !== 'consumer' && parentId !== undefined;
  const attributes = new Map(subject.attributes);
  const inProgress = attributes.get('aws.xray.inprogress');
  if (typeof inProgress === 'boolean') attributes.delete('aws.xray.inprogress');
  const events = span.events.map((event) => readSpanAttributes(event.attributes));
  const http = describeHttp(attributes, { isServer: kind === 'server', events });
  const failed = describeCause({ span, id, attributes, resource, left: http.rest });
  const aws = describeAws(failed.rest, resource, rules.logGroups);
  const sql = describeSql(span.name, attributes, aws.rest);
  const { user, annotations, metadata } = splitFields(sql.rest, {
    all: attributes,
    resource: isSubsegment ? undefined : resource,
    indexing: rules.indexing,
  });
  const { name, namespace } = chooseName(span, attributes, resource);
  const members = dropAbsent({
    parent_id: parentId,
    type: isSubsegment ? 'subsegment' : undefined,
    start_time: toSeconds(span.startUnixNano),
    end_time: inProgress === true ? undefined : toSeconds(span.endUnixNano),
    in_progress: inProgress === true || undefined,
    namespace,
    origin: chooseOrigin(resource),
    user,
    error: failed.error,
    fault: failed.fault,
    throttle: failed.throttle,
    cause: failed.cause,
    http: http.block,
    aws: aws.block,
    service: describeService(resource),
    sql: sql.block,
    annotations,
    metadata,
    links: makeLinks(span.links),
  });
  return { id, trace_id: traceId, name, ...members };
}

/** Links of which an id is not valid are left out, since X-Ray would refuse the segment. */
function makeLinks(links: readonly OtlpLink[]): readonly SegmentMembers[] | undefined {
  const made = links.flatMap((link): SegmentMembers[] => {
    const traceId = formatTraceId(link.traceId);
    const id = formatSpanId(link.spanId);
    if (traceId === undefined || id === undefined) return [];
    const attributes: Record<string, AttributeValue> = Object.fromEntries(
      readSpanAttributes(link.attributes),
    );
    const isBare = Object.keys(attributes).length === 0;
    return [{ trace_id: traceId, id, ...(isBare ? {} : { attributes }) }];
  });
  return made.length === 0 ? undefined : made;
}

/** Seconds since 1970; undefined for a time that is not set. */
function toSeconds(nanos: bigint): number | undefined {
  return nanos === 0n ? undefined : Number(nanos) / 1e9;
}
