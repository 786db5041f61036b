/**
 * OTLP's ExportMetricsServiceRequest and its answer as protobuf, whole. Times are whole ms, as
 * everywhere here; a fraction of a millisecond is cut off when they are read.
 * Source:
 * https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/metrics/v1/metrics.proto
 */
import {
  binary,
  bool,
  double,
  enumeration,
  fixed64,
  int,
  sfixed64,
  sint,
  string,
  uint,
  unixNano,
} from '../protobuf/scalars.ts';
import {
  alternatives,
  defineMessage,
  field,
  type MessageValue,
  optional,
  packed,
  repeated,
} from '../protobuf/schema.ts';
import { KEY_VALUE, RESOURCE, SCOPE } from './common.ts';

const TEMPORALITIES = ['unspecified', 'delta', 'cumulative'] as const;

/** The bit in `flags` of a point without a value, OTLP's stale marker. */
export const NO_RECORDED_VALUE = 1;

const EXEMPLAR = defineMessage('Exemplar', {
  timeMs: field(2, unixNano),
  value: alternatives({ double: field(3, double), int: field(6, sfixed64) }),
  spanId: field(4, binary),
  traceId: field(5, binary),
  filteredAttributes: repeated(7, KEY_VALUE),
});

const NUMBER_POINT = defineMessage('NumberDataPoint', {
  startMs: field(2, unixNano),
  timeMs: field(3, unixNano),
  value: alternatives({ double: field(4, double), int: field(6, sfixed64) }),
  exemplars: repeated(5, EXEMPLAR),
  attributes: repeated(7, KEY_VALUE),
  flags: field(8, uint),
});

const HISTOGRAM_POINT = defineMessage('HistogramDataPoint', {
  startMs: field(2, unixNano),
  timeMs: field(3, unixNano),
  count: field(4, fixed64),
  sum: optional(5, double),
  /** One more than there are bounds, or none. */
  bucketCounts: packed(6, fixed64),
  explicitBounds: packed(7, double),
  exemplars: repeated(8, EXEMPLAR),
  attributes: repeated(9, KEY_VALUE),
  flags: field(10, uint),
  min: optional(11, double),
  max: optional(12, double),
});

const BUCKETS = defineMessage('Buckets', {
  offset: field(1, sint),
  bucketCounts: packed(2, uint),
});

const EXPONENTIAL_POINT = defineMessage('ExponentialHistogramDataPoint', {
  attributes: repeated(1, KEY_VALUE),
  startMs: field(2, unixNano),
  timeMs: field(3, unixNano),
  count: field(4, fixed64),
  sum: optional(5, double),
  scale: field(6, sint),
  zeroCount: field(7, fixed64),
  positive: field(8, BUCKETS),
  negative: field(9, BUCKETS),
  flags: field(10, uint),
  exemplars: repeated(11, EXEMPLAR),
  min: optional(12, double),
  max: optional(13, double),
  zeroThreshold: field(14, double),
});

const SUMMARY_POINT = defineMessage('SummaryDataPoint', {
  startMs: field(2, unixNano),
  timeMs: field(3, unixNano),
  count: field(4, fixed64),
  sum: field(5, double),
  quantileValues: repeated(
    6,
    defineMessage('ValueAtQuantile', { quantile: field(1, double), value: field(2, double) }),
  ),
  attributes: repeated(7, KEY_VALUE),
  flags: field(8, uint),
});

const temporality = enumeration(TEMPORALITIES);

const METRIC = defineMessage('Metric', {
  name: field(1, string),
  description: field(2, string),
  unit: field(3, string),
  data: alternatives({
    gauge: field(5, defineMessage('Gauge', { points: repeated(1, NUMBER_POINT) })),
    sum: field(
      7,
      defineMessage('Sum', {
        points: repeated(1, NUMBER_POINT),
        temporality: field(2, temporality),
        isMonotonic: field(3, bool),
      }),
    ),
    histogram: field(
      9,
      defineMessage('Histogram', {
        points: repeated(1, HISTOGRAM_POINT),
        temporality: field(2, temporality),
      }),
    ),
    exponential: field(
      10,
      defineMessage('ExponentialHistogram', {
        points: repeated(1, EXPONENTIAL_POINT),
        temporality: field(2, temporality),
      }),
    ),
    summary: field(11, defineMessage('Summary', { points: repeated(1, SUMMARY_POINT) })),
  }),
  metadata: repeated(12, KEY_VALUE),
});

const SCOPE_METRICS = defineMessage('ScopeMetrics', {
  scope: field(1, SCOPE),
  metrics: repeated(2, METRIC),
  schemaUrl: field(3, string),
});

const RESOURCE_METRICS = defineMessage('ResourceMetrics', {
  resource: field(1, RESOURCE),
  scopeMetrics: repeated(2, SCOPE_METRICS),
  schemaUrl: field(3, string),
});

export const METRICS_REQUEST = defineMessage('ExportMetricsServiceRequest', {
  resourceMetrics: repeated(1, RESOURCE_METRICS),
});

/** The answer to a request that was taken, whole or in part. */
export const METRICS_RESPONSE = defineMessage('ExportMetricsServiceResponse', {
  partialSuccess: field(
    1,
    defineMessage('ExportMetricsPartialSuccess', {
      rejectedDataPoints: field(1, int),
      errorMessage: field(2, string),
    }),
  ),
});

export type OtlpMetricsRequest = MessageValue<typeof METRICS_REQUEST>;
export type OtlpResourceMetrics = MessageValue<typeof RESOURCE_METRICS>;
export type OtlpScopeMetrics = MessageValue<typeof SCOPE_METRICS>;
export type OtlpMetric = MessageValue<typeof METRIC>;
export type OtlpNumberPoint = MessageValue<typeof NUMBER_POINT>;
export type OtlpHistogramPoint = MessageValue<typeof HISTOGRAM_POINT>;
export type OtlpBuckets = MessageValue<typeof BUCKETS>;
export type OtlpExponentialPoint = MessageValue<typeof EXPONENTIAL_POINT>;
export type OtlpSummaryPoint = MessageValue<typeof SUMMARY_POINT>;
export type OtlpExemplar = MessageValue<typeof EXEMPLAR>;
