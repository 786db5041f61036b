/**
 * OTLP's ExportTraceServiceRequest as protobuf: what identifies a span, its times, status and
 * attributes. Not here: events, links, scopes' attributes, trace state, counts of what was dropped.
 * Source:
 * https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto
 */
import { bigFixed64, binary, bool, double, enumeration, int, string } from '../protobuf/scalars.ts';
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
    | { readonly is: 'whole'; readonly value: number }
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
    whole: field(3, int),
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

const SPAN = defineMessage('Span', {
  traceId: field(1, binary),
  spanId: field(2, binary),
  parentSpanId: field(4, binary),
  name: field(5, string),
  kind: field(6, enumeration(KINDS)),
  startUnixNano: field(7, bigFixed64),
  endUnixNano: field(8, bigFixed64),
  attributes: repeated(9, KEY_VALUE),
  status: field(
    15,
    defineMessage('Status', { message: field(2, string), code: field(3, enumeration(STATUS_CODES)) }),
  ),
}); // prettier-ignore

/** Resource spans of a request, each with the scopes that made its spans. */
export const TRACE_REQUEST = defineMessage('ExportTraceServiceRequest', {
  resourceSpans: repeated(
    1,
    defineMessage('ResourceSpans', {
      resource: field(1, defineMessage('Resource', { attributes: repeated(1, KEY_VALUE) })),
      scopeSpans: repeated(2, defineMessage('ScopeSpans', { spans: repeated(2, SPAN) })),
    }),
  ),
});

export type OtlpSpan = MessageValue<typeof SPAN>;
