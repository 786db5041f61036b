/**
 * OTLP's ExportTraceServiceRequest as protobuf, with all its fields, so that what is decoded,
 * changed and encoded again has lost nothing.
 * Source:
 * https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto
 */
import {
  bigFixed64,
  binary,
  bool,
  double,
  enumeration,
  exactInt,
  fixed32,
  string,
  uint,
} from '../protobuf/scalars.ts';
import {
  alternatives,
  defineMessage,
  field,
  type Message,
  type MessageValue,
  repeated,
} from '../protobuf/schema.ts';

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
const STATUS_CODES = ['unset', 'ok', 'error'] as const;

/** A value of an attribute. */
export interface AnyValue {
  readonly value:
    | { readonly is: 'text'; readonly value: string }
    | { readonly is: 'boolean'; readonly value: boolean }
    /** A bigint where a number would be rounded. */
    | { readonly is: 'whole'; readonly value: number | bigint }
    | { readonly is: 'double'; readonly value: number }
    | { readonly is: 'list'; readonly value: { readonly values: readonly AnyValue[] } }
    | { readonly is: 'map'; readonly value: { readonly values: readonly KeyValue[] } }
    | { readonly is: 'bytes'; readonly value: Uint8Array }
    | undefined;
}

export interface KeyValue {
  readonly key: string;
  readonly value: AnyValue | undefined;
}

const ANY_VALUE: Message<AnyValue> = defineMessage('AnyValue', {
  value: alternatives({
    text: field(1, string),
    boolean: field(2, bool),
    whole: field(3, exactInt),
    double: field(4, double),
    list: field(
      5,
      defineMessage('ArrayValue', { values: repeated(1, (): Message<AnyValue> => ANY_VALUE) }),
    ),
    map: field(
      6,
      defineMessage('KeyValueList', { values: repeated(1, (): Message<KeyValue> => KEY_VALUE) }),
    ),
    bytes: field(7, binary),
  }),
});

const KEY_VALUE: Message<KeyValue> = defineMessage('KeyValue', {
  key: field(1, string),
  value: field(2, ANY_VALUE),
});

const EVENT = defineMessage('Event', {
  timeUnixNano: field(1, bigFixed64),
  name: field(2, string),
  attributes: repeated(3, KEY_VALUE),
  droppedAttributes: field(4, uint),
});

const LINK = defineMessage('Link', {
  traceId: field(1, binary),
  spanId: field(2, binary),
  traceState: field(3, string),
  attributes: repeated(4, KEY_VALUE),
  droppedAttributes: field(5, uint),
  flags: field(6, fixed32),
});

const SPAN = defineMessage('Span', {
  traceId: field(1, binary),
  spanId: field(2, binary),
  traceState: field(3, string),
  parentSpanId: field(4, binary),
  name: field(5, string),
  kind: field(6, enumeration(KINDS)),
  startUnixNano: field(7, bigFixed64),
  endUnixNano: field(8, bigFixed64),
  attributes: repeated(9, KEY_VALUE),
  droppedAttributes: field(10, uint),
  events: repeated(11, EVENT),
  droppedEvents: field(12, uint),
  links: repeated(13, LINK),
  droppedLinks: field(14, uint),
  status: field(
    15,
    defineMessage('Status', { message: field(2, string), code: field(3, enumeration(STATUS_CODES)) }),
  ),
  flags: field(16, fixed32),
}); // prettier-ignore

const SCOPE = defineMessage('InstrumentationScope', {
  name: field(1, string),
  version: field(2, string),
  attributes: repeated(3, KEY_VALUE),
  droppedAttributes: field(4, uint),
});

const ENTITY_REF = defineMessage('EntityRef', {
  schemaUrl: field(1, string),
  type: field(2, string),
  idKeys: repeated(3, string),
  descriptionKeys: repeated(4, string),
});

const RESOURCE = defineMessage('Resource', {
  attributes: repeated(1, KEY_VALUE),
  droppedAttributes: field(2, uint),
  entityRefs: repeated(3, ENTITY_REF),
});

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
export type OtlpResource = MessageValue<typeof RESOURCE>;
export type OtlpScopeSpans = MessageValue<typeof SCOPE_SPANS>;
export type OtlpSpan = MessageValue<typeof SPAN>;
export type OtlpEvent = MessageValue<typeof EVENT>;
export type OtlpLink = MessageValue<typeof LINK>;
