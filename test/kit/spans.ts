/** Spans of OpenTelemetry for tests, with as little written as a test is about. */
import type { AnyValue, KeyValue } from '../../src/wire/otlp/attribute-tables.ts';
import type { OtlpEvent, OtlpSpan, TraceRequest } from '../../src/wire/otlp/trace-request.ts';
import { writeTraceDocument } from '../../src/wire/otlp/trace-document.ts';

export type AttributeOfTest = string | number | bigint | boolean | readonly string[] | null;
export type AttributesOfTest = Readonly<Record<string, AttributeOfTest>>;

/** A whole number is an int of OTLP, any other a double. */
export function listAttributes(attributes: AttributesOfTest): KeyValue[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: makeValue(value) }));
}

function makeValue(value: AttributeOfTest): AnyValue {
  if (value === null) return { value: undefined };
  switch (typeof value) {
    case 'string':
      return { value: { is: 'text', value } };
    case 'boolean':
      return { value: { is: 'boolean', value } };
    case 'bigint':
      return { value: { is: 'whole', value } };
    case 'number':
      return { value: { is: Number.isInteger(value) ? 'whole' : 'double', value } };
    default:
      return { value: { is: 'list', value: { values: value.map(makeValue) } } };
  }
}

/** A server span without a parent, of 1.5 s, in the published example's trace. */
export function makeSpan(written: Partial<OtlpSpan>): OtlpSpan {
  const startUnixNano = written.startUnixNano ?? 1_544_712_660_000_000_000n;
  return {
    traceId: Buffer.from('5B8EFFF798038103D269B633813FC60C', 'hex'),
    spanId: Buffer.from('EEE19B7EC3C1B174', 'hex'),
    traceState: '',
    parentSpanId: new Uint8Array(0),
    name: "I'm a span",
    kind: 'server',
    startUnixNano,
    endUnixNano: startUnixNano + 1_500_000_000n,
    attributes: [],
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    status: undefined,
    flags: 0,
    ...written,
  };
}

export function makeEvent(name: string, attributes: AttributesOfTest): OtlpEvent {
  return {
    timeUnixNano: 1_544_712_660_250_000_000n,
    name,
    attributes: listAttributes(attributes),
    droppedAttributesCount: 0,
  };
}

/** A request of spans of one resource and one scope. */
export function makeTraceRequest(
  spans: readonly OtlpSpan[],
  resource: AttributesOfTest = { 'service.name': 'my.service' },
): TraceRequest {
  return {
    resourceSpans: [
      {
        resource: {
          attributes: listAttributes(resource),
          droppedAttributesCount: 0,
          entityRefs: [],
        },
        scopeSpans: [{ scope: undefined, spans, schemaUrl: '' }],
        schemaUrl: '',
      },
    ],
  };
}

/** The same as a document of X-Ray. */
export function makeSpanDocument(spans: readonly OtlpSpan[], resource?: AttributesOfTest): Buffer {
  return writeTraceDocument(makeTraceRequest(spans, resource));
}
