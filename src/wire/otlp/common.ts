/**
 * What requests of all signals of OTLP share, as protobuf: attributes, the resource, and the scope
 * (the code that made spans or metrics).
 * Source:
 * https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/common/v1/common.proto
 */
import { binary, bool, double, int, string, uint } from '../protobuf/scalars.ts';
import {
  alternatives,
  defineMessage,
  field,
  type Message,
  type MessageValue,
  repeated,
} from '../protobuf/schema.ts';

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

export const KEY_VALUE: Message<KeyValue> = defineMessage('KeyValue', {
  key: field(1, string),
  value: field(2, ANY_VALUE),
});

export const RESOURCE = defineMessage('Resource', {
  attributes: repeated(1, KEY_VALUE),
  droppedAttributesCount: field(2, uint),
});

export const SCOPE = defineMessage('InstrumentationScope', {
  name: field(1, string),
  version: field(2, string),
  attributes: repeated(3, KEY_VALUE),
  droppedAttributesCount: field(4, uint),
});

export type OtlpResource = MessageValue<typeof RESOURCE>;
export type OtlpScope = MessageValue<typeof SCOPE>;
