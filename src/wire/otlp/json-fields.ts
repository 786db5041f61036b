/**
 * The fields of OTLP's requests by their names in JSON, for both directions: `json.ts` reads by
 * them, `request-json.ts` writes. Tables of protobuf (protobuf/schema.ts) have names of ours, and
 * lack what only JSON needs: which bytes are hexadecimal.
 * Source: opentelemetry-proto's *.proto,
 * https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */

/**
 * How a value is written in JSON and goes to protobuf.
 *
 *     text, bool, double   as they are
 *     int, uint64          a whole number of 64 bits, as text
 *     uint32, sint         one of 32 bits, as number; sint is zigzag
 *     fixed32              the same in four bytes
 *     fixed64, sfixed64    of 64 bits in eight bytes, as text; sfixed64 with a sign
 *     hex, base64          a text of bytes
 *
 * Whole numbers are read as number or text, whatever they are written as.
 */
export type JsonScalar =
  | 'text' | 'bool' | 'double' | 'int' | 'uint32' | 'uint64' | 'sint' | 'fixed32' | 'fixed64'
  | 'sfixed64' | 'hex' | 'base64'; // prettier-ignore

export interface JsonField {
  readonly number: number;
  /** A list is the names of an enum, which counts from 0. */
  readonly of: JsonScalar | readonly string[] | (() => JsonMessage);
  readonly isRepeated: boolean;
}

/** Fields by both names: camelCase as OTLP asks, and as in .proto, which other readers take too. */
export type JsonMessage = ReadonlyMap<string, JsonField>;

type Written = readonly [number: number, of: JsonField['of'], repeated?: 'list'];

function defineJson(fields: Readonly<Record<string, Written>>): JsonMessage {
  const all = new Map<string, JsonField>();
  for (const [name, [number, of, repeated]] of Object.entries(fields)) {
    const field = { number, of, isRepeated: repeated === 'list' };
    all.set(name, field);
    all.set(
      name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      field,
    );
  }
  return all;
}

const anyValue: JsonMessage = defineJson({
  stringValue: [1, 'text'],
  boolValue: [2, 'bool'],
  intValue: [3, 'int'],
  doubleValue: [4, 'double'],
  arrayValue: [5, () => arrayValue],
  kvlistValue: [6, () => keyValueList],
  bytesValue: [7, 'base64'],
});
const arrayValue = defineJson({ values: [1, () => anyValue, 'list'] });
const keyValue = defineJson({ key: [1, 'text'], value: [2, () => anyValue] });
const keyValueList = defineJson({ values: [1, () => keyValue, 'list'] });

const attributes = (number: number): Written => [number, () => keyValue, 'list'];

const entityRef = defineJson({
  schemaUrl: [1, 'text'],
  type: [2, 'text'],
  idKeys: [3, 'text', 'list'],
  descriptionKeys: [4, 'text', 'list'],
});
const resource = defineJson({
  attributes: attributes(1),
  droppedAttributesCount: [2, 'uint32'],
  entityRefs: [3, () => entityRef, 'list'],
});
const scope = defineJson({
  name: [1, 'text'],
  version: [2, 'text'],
  attributes: attributes(3),
  droppedAttributesCount: [4, 'uint32'],
});

const event = defineJson({
  timeUnixNano: [1, 'fixed64'],
  name: [2, 'text'],
  attributes: attributes(3),
  droppedAttributesCount: [4, 'uint32'],
});
const link = defineJson({
  traceId: [1, 'hex'],
  spanId: [2, 'hex'],
  traceState: [3, 'text'],
  attributes: attributes(4),
  droppedAttributesCount: [5, 'uint32'],
  flags: [6, 'fixed32'],
});
const enumOf = (prefix: string, names: string): readonly string[] =>
  names.split(' ').map((name) => `${prefix}_${name}`);

const status = defineJson({
  message: [2, 'text'],
  code: [3, enumOf('STATUS_CODE', 'UNSET OK ERROR')],
});
const span = defineJson({
  traceId: [1, 'hex'],
  spanId: [2, 'hex'],
  traceState: [3, 'text'],
  parentSpanId: [4, 'hex'],
  name: [5, 'text'],
  kind: [6, enumOf('SPAN_KIND', 'UNSPECIFIED INTERNAL SERVER CLIENT PRODUCER CONSUMER')],
  startTimeUnixNano: [7, 'fixed64'],
  endTimeUnixNano: [8, 'fixed64'],
  attributes: attributes(9),
  droppedAttributesCount: [10, 'uint32'],
  events: [11, () => event, 'list'],
  droppedEventsCount: [12, 'uint32'],
  links: [13, () => link, 'list'],
  droppedLinksCount: [14, 'uint32'],
  status: [15, () => status],
  flags: [16, 'fixed32'],
});
const scopeSpans = defineJson({
  scope: [1, () => scope],
  spans: [2, () => span, 'list'],
  schemaUrl: [3, 'text'],
});
const resourceSpans = defineJson({
  resource: [1, () => resource],
  scopeSpans: [2, () => scopeSpans, 'list'],
  schemaUrl: [3, 'text'],
});
export const TRACES_JSON = defineJson({ resourceSpans: [1, () => resourceSpans, 'list'] });

const exemplar = defineJson({
  timeUnixNano: [2, 'fixed64'],
  asDouble: [3, 'double'],
  spanId: [4, 'hex'],
  traceId: [5, 'hex'],
  asInt: [6, 'sfixed64'],
  filteredAttributes: attributes(7),
});
const numberPoint = defineJson({
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  asDouble: [4, 'double'],
  exemplars: [5, () => exemplar, 'list'],
  asInt: [6, 'sfixed64'],
  attributes: attributes(7),
  flags: [8, 'uint32'],
});
const histogramPoint = defineJson({
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  bucketCounts: [6, 'fixed64', 'list'],
  explicitBounds: [7, 'double', 'list'],
  exemplars: [8, () => exemplar, 'list'],
  attributes: attributes(9),
  flags: [10, 'uint32'],
  min: [11, 'double'],
  max: [12, 'double'],
});
const buckets = defineJson({ offset: [1, 'sint'], bucketCounts: [2, 'uint64', 'list'] });
const exponentialPoint = defineJson({
  attributes: attributes(1),
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  scale: [6, 'sint'],
  zeroCount: [7, 'fixed64'],
  positive: [8, () => buckets],
  negative: [9, () => buckets],
  flags: [10, 'uint32'],
  exemplars: [11, () => exemplar, 'list'],
  min: [12, 'double'],
  max: [13, 'double'],
  zeroThreshold: [14, 'double'],
});
const quantile = defineJson({ quantile: [1, 'double'], value: [2, 'double'] });
const summaryPoint = defineJson({
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  quantileValues: [6, () => quantile, 'list'],
  attributes: attributes(7),
  flags: [8, 'uint32'],
});
const temporality = enumOf('AGGREGATION_TEMPORALITY', 'UNSPECIFIED DELTA CUMULATIVE');
const gauge = defineJson({ dataPoints: [1, () => numberPoint, 'list'] });
const sum = defineJson({
  dataPoints: [1, () => numberPoint, 'list'],
  aggregationTemporality: [2, temporality],
  isMonotonic: [3, 'bool'],
});
const histogram = defineJson({
  dataPoints: [1, () => histogramPoint, 'list'],
  aggregationTemporality: [2, temporality],
});
const exponentialHistogram = defineJson({
  dataPoints: [1, () => exponentialPoint, 'list'],
  aggregationTemporality: [2, temporality],
});
const summary = defineJson({ dataPoints: [1, () => summaryPoint, 'list'] });
const metric = defineJson({
  name: [1, 'text'],
  description: [2, 'text'],
  unit: [3, 'text'],
  gauge: [5, () => gauge],
  sum: [7, () => sum],
  histogram: [9, () => histogram],
  exponentialHistogram: [10, () => exponentialHistogram],
  summary: [11, () => summary],
  metadata: attributes(12),
});
const scopeMetrics = defineJson({
  scope: [1, () => scope],
  metrics: [2, () => metric, 'list'],
  schemaUrl: [3, 'text'],
});
const resourceMetrics = defineJson({
  resource: [1, () => resource],
  scopeMetrics: [2, () => scopeMetrics, 'list'],
  schemaUrl: [3, 'text'],
});
export const METRICS_JSON = defineJson({ resourceMetrics: [1, () => resourceMetrics, 'list'] });
