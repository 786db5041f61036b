/**
 * OTLP in JSON: an ExportMetricsServiceRequest as one line of text, by the rules of protobuf's JSON
 * mapping as OTLP changes them: whole numbers of 64 bits are texts, enums numbers, keys camelCase,
 * ids hexadecimal. A field with its initial value is left out, but for the value of a point. Pure.
 * Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding,
 * https://protobuf.dev/programming-guides/json/
 */
import type { Extremes } from '../../model/histogram.ts';
import { type Label, type LabelSet, METRIC_NAME } from '../../model/labels.ts';
import type {
  ExponentialBuckets,
  ExponentialPoint,
  HistogramPoint,
  OtelMetric,
  MetricData,
  MetricPoint,
  NumberPoint,
  ResourceMetrics,
  SummaryPoint,
} from '../../model/otel-metrics.ts';
import type { Exemplar } from '../../model/sample.ts';

/** The code that made the metrics. */
export interface Scope {
  readonly name: string;
  readonly version: string;
}

type Json = Readonly<Record<string, unknown>>;

/** The flag of a point without a value, which is what OTLP has for a stale marker. */
const NO_RECORDED_VALUE = 1;

const DELTA = 1;
const CUMULATIVE = 2;

const UINT64_MAX = 2n ** 64n - 1n;

/** One request, without a line feed in it or after it. */
export function formatMetricsRequest(all: readonly ResourceMetrics[], scope: Scope): string {
  const resourceMetrics = all.map(({ resource, metrics }) => ({
    resource: listAttributes(resource),
    scopeMetrics: [{ scope, metrics: metrics.map(makeMetric) }],
  }));
  return JSON.stringify({ resourceMetrics });
}

function makeMetric({ name, description, unit, type, data }: OtelMetric): Json {
  return {
    name,
    ...(description === '' ? {} : { description }),
    ...(unit === '' ? {} : { unit }),
    ...makeData(data),
    metadata: [{ key: 'prometheus.type', value: { stringValue: type } }],
  };
}

function makeData(data: MetricData): Json {
  switch (data.kind) {
    case 'gauge':
      return { gauge: { dataPoints: data.points.map(makeNumber) } };
    case 'sum': {
      const { isMonotonic } = data;
      return {
        sum: {
          dataPoints: data.points.map(makeNumber),
          aggregationTemporality: temporalityOf(data),
          ...(isMonotonic ? { isMonotonic } : {}),
        },
      };
    }
    case 'histogram': {
      const aggregationTemporality = temporalityOf(data);
      return { histogram: { dataPoints: data.points.map(makeHistogram), aggregationTemporality } };
    }
    case 'exponential': {
      const aggregationTemporality = temporalityOf(data);
      const dataPoints = data.points.map(makeExponential);
      return { exponentialHistogram: { dataPoints, aggregationTemporality } };
    }
    case 'summary':
      return { summary: { dataPoints: data.points.map(makeSummary) } };
  }
}

function temporalityOf({ isDelta }: { readonly isDelta: boolean }): number {
  return isDelta ? DELTA : CUMULATIVE;
}

function makePoint({ attributes, tMs, startMs, isStale, exemplars }: MetricPoint): Json {
  return {
    ...listAttributes(attributes),
    ...(startMs === undefined ? {} : { startTimeUnixNano: formatNanoseconds(startMs) }),
    timeUnixNano: formatNanoseconds(tMs),
    ...(exemplars.length === 0 ? {} : { exemplars: exemplars.map(makeExemplar) }),
    ...(isStale ? { flags: NO_RECORDED_VALUE } : {}),
  };
}

function makeNumber(point: NumberPoint): Json {
  return { ...makePoint(point), ...(point.isStale ? {} : { asDouble: makeDouble(point.value) }) };
}

function makeHistogram(point: HistogramPoint): Json {
  const { count, sum, bounds, counts } = point;
  return {
    ...makePoint(point),
    ...makeTotals(count, sum),
    bucketCounts: counts.map(formatUnsigned),
    explicitBounds: bounds.map(makeDouble),
    ...makeExtremes(point),
  };
}

function makeExponential(point: ExponentialPoint): Json {
  if (point.isStale) return makePoint(point);
  const { count, sum, scale, zeroCount, zeroThreshold, positive, negative } = point;
  return {
    ...makePoint(point),
    ...makeTotals(count, sum),
    scale,
    ...(zeroCount === 0 ? {} : { zeroCount: formatUnsigned(zeroCount) }),
    ...(zeroThreshold === 0 ? {} : { zeroThreshold: makeDouble(zeroThreshold) }),
    ...makeBuckets('positive', positive),
    ...makeBuckets('negative', negative),
    ...makeExtremes(point),
  };
}

function makeBuckets(key: string, { offset, counts }: ExponentialBuckets): Json {
  if (counts.length === 0) return {};
  return { [key]: { offset, bucketCounts: counts.map(formatUnsigned) } };
}

function makeSummary(point: SummaryPoint): Json {
  const { count, sum, quantiles } = point;
  return {
    ...makePoint(point),
    ...makeTotals(count, sum),
    quantileValues: quantiles.map(({ quantile, value }) => ({
      quantile: makeDouble(quantile),
      value: makeDouble(value),
    })),
  };
}

function makeExtremes({ extremes }: { readonly extremes?: Extremes | undefined }): Json {
  if (extremes === undefined) return {};
  return { min: makeDouble(extremes.min), max: makeDouble(extremes.max) };
}

function makeTotals(count: number, sum: number | undefined): Json {
  return {
    count: formatUnsigned(count),
    ...(sum === undefined ? {} : { sum: makeDouble(sum) }),
  };
}

function makeExemplar({ labels, value, tMs }: Exemplar): Json {
  const traceId = labels.find((label) => isId(label, 'trace_id', 32));
  const spanId = labels.find((label) => isId(label, 'span_id', 16));
  const rest = labels.filter((label) => label !== traceId && label !== spanId);
  const { attributes } = listAttributes(rest);
  return {
    ...(attributes === undefined ? {} : { filteredAttributes: attributes }),
    timeUnixNano: formatNanoseconds(tMs),
    asDouble: makeDouble(value),
    ...(spanId === undefined ? {} : { spanId: spanId.value.toLowerCase() }),
    ...(traceId === undefined ? {} : { traceId: traceId.value.toLowerCase() }),
  };
}

/** Other ids, such as those of 64 bits, stay attributes: OTLP takes one length only. */
function isId({ name, value }: Label, expected: string, digits: number): boolean {
  return name === expected && value.length === digits && /^[0-9a-fA-F]+$/.test(value);
}

function listAttributes(labels: LabelSet): { readonly attributes?: readonly Json[] } {
  const attributes = labels
    .filter(({ name }) => name !== METRIC_NAME)
    .map(({ name, value }) => ({ key: name, value: { stringValue: value } }));
  return attributes.length === 0 ? {} : { attributes };
}

function makeDouble(value: number): number | string {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

/** As fixed64 and uint64 of JSON; times before 1970 do not exist there. */
function formatNanoseconds(tMs: number): string {
  return formatUnsigned(tMs, 1_000_000n);
}

/** A count as text; what is no whole number from 0 to 2^64 - 1 becomes the nearest below. */
function formatUnsigned(value: number, factor: bigint | number = 1n): string {
  if (!(value >= 1)) return '0';
  if (value === Infinity) return String(UINT64_MAX);
  const whole = BigInt(Math.trunc(value)) * (typeof factor === 'bigint' ? factor : 1n);
  return String(whole > UINT64_MAX ? UINT64_MAX : whole);
}
