/**
 * OTLP's ExportTraceServiceRequest as protobuf, with all its fields, so that what is decoded,
 * changed and encoded again has lost nothing.
 * Source:
 * https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto
 */
import { bigFixed64, binary, enumeration, fixed32, string, uint } from '../protobuf/scalars.ts';
import { defineMessage, field, type MessageValue, repeated } from '../protobuf/schema.ts';
import { KEY_VALUE, RESOURCE, SCOPE } from './attribute-tables.ts';

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
const STATUS_CODES = ['unset', 'ok', 'error'] as const;

export const EVENT = defineMessage('Event', {
  timeUnixNano: field(1, bigFixed64),
  name: field(2, string),
  attributes: repeated(3, KEY_VALUE),
  droppedAttributesCount: field(4, uint),
});

export const LINK = defineMessage('Link', {
  traceId: field(1, binary),
  spanId: field(2, binary),
  traceState: field(3, string),
  attributes: repeated(4, KEY_VALUE),
  droppedAttributesCount: field(5, uint),
  flags: field(6, fixed32),
});

export const SPAN = defineMessage('Span', {
  traceId: field(1, binary),
  spanId: field(2, binary),
  traceState: field(3, string),
  parentSpanId: field(4, binary),
  name: field(5, string),
  kind: field(6, enumeration(KINDS)),
  startUnixNano: field(7, bigFixed64),
  endUnixNano: field(8, bigFixed64),
  attributes: repeated(9, KEY_VALUE),
  droppedAttributesCount: field(10, uint),
  events: repeated(11, EVENT),
  droppedEventsCount: field(12, uint),
  links: repeated(13, LINK),
  droppedLinksCount: field(14, uint),
  status: field(
    15,
    defineMessage('Status', { message: field(2, string), code: field(3, enumeration(STATUS_CODES)) }),
  ),
  flags: field(16, fixed32),
}); // prettier-ignore

const SCOPE_SPANS = defineMessage('ScopeSpans', {
  scope: field(1, SCOPE),
  spans: repeated(2, SPAN),
  schemaUrl: field(3, string),
});

const RESOURCE_SPANS = defineMessage('ResourceSpans', {
  resource: field(1, RESOURCE),
  scopeSpans: repeated(2, SCOPE_SPANS),
  schemaUrl: field(3, string),
});

/** Resource spans of a request, each with the scopes that made its spans. */
export const TRACE_REQUEST = defineMessage('ExportTraceServiceRequest', {
  resourceSpans: repeated(1, RESOURCE_SPANS),
});

export type TraceRequest = MessageValue<typeof TRACE_REQUEST>;
export type OtlpResourceSpans = MessageValue<typeof RESOURCE_SPANS>;
export type OtlpSpan = MessageValue<typeof SPAN>;
export type OtlpEvent = MessageValue<typeof EVENT>;
export type OtlpLink = MessageValue<typeof LINK>;
