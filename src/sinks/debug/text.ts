/**
 * Metrics as lines of text for people: a line for each data point, or all of their parts.
 * Control characters are escaped, since the lines may go to a terminal.
 *
 *     normal     http_requests_total{path=/} 5
 *     detailed   Metric #0
 *                     -> Name: http_requests_total …
 *
 * Source: core's exporter/debugexporter/internal/normal and internal/otlptext
 */
import { escapeControls } from '../../kernel/control-characters.ts';
import type { Extremes } from '../../model/histogram.ts';
import { type LabelSet, METRIC_NAME } from '../../model/labels.ts';
import type {
  ExponentialPoint,
  OtelMetric,
  MetricPoint,
  ResourceMetrics,
} from '../../model/otel-metrics.ts';
import { formatSampleValue } from '../../wire/exposition/writer.ts';

/** A line for each resource and each data point. */
export function* formatNormal(all: readonly ResourceMetrics[]): Generator<string> {
  for (const [index, { resource, metrics }] of all.entries()) {
    const attributes = listAttributes(resource).map((one) => ` ${one}`);
    yield escapeControls(`ResourceMetrics #${index}${attributes.join('')}`);
    for (const { name, data } of metrics)
      for (const point of data.points)
        yield escapeControls(
          `${name}{${listAttributes(point.attributes).join()}} ${formatPoint(point)}`,
        );
  }
}

/** All that is known of each data point. */
export function* formatDetailed(all: readonly ResourceMetrics[]): Generator<string> {
  for (const line of listDetails(all)) yield escapeControls(line);
}

type AnyPoint = OtelMetric['data']['points'][number];

function formatPoint(point: AnyPoint): string {
  if (point.isStale) return 'stale';
  if ('value' in point) return formatSampleValue(point.value);
  const sum = point.sum === undefined ? [] : [`sum=${formatSampleValue(point.sum)}`];
  const head = [`count=${point.count}`, ...sum];
  if ('quantiles' in point) {
    const quantiles = point.quantiles.map(
      ({ quantile, value }) => `q${quantile}=${formatSampleValue(value)}`,
    );
    return [...head, ...quantiles].join(' ');
  }
  const { extremes } = point;
  if (extremes !== undefined) head.push(...formatExtremes(extremes));
  if ('bounds' in point) {
    const buckets = point.counts.map((count, index) => {
      const bound = point.bounds[index];
      return bound === undefined ? String(count) : `le${formatSampleValue(bound)}=${count}`;
    });
    return [...head, ...buckets].join(' ');
  }
  const buckets = listBuckets(point).map(({ upper, count }) => `le${upper}=${count}`);
  return [...head, ...buckets].join(' ');
}

function formatExtremes({ min, max }: Extremes): readonly string[] {
  return [`min=${formatSampleValue(min)}`, `max=${formatSampleValue(max)}`];
}

function* listDetails(all: readonly ResourceMetrics[]): Generator<string> {
  for (const [index, { resource, metrics }] of all.entries()) {
    yield `ResourceMetrics #${index}`;
    yield* listNamed('Resource attributes', resource);
    for (const [order, metric] of metrics.entries()) {
      const { data } = metric;
      yield `Metric #${order}`;
      yield 'Descriptor:';
      yield `     -> Name: ${metric.name}`;
      yield `     -> Description: ${metric.description}`;
      yield `     -> Unit: ${metric.unit}`;
      yield `     -> DataType: ${KIND_NAMES[data.kind]}`;
      if (data.kind === 'sum') yield `     -> IsMonotonic: ${data.isMonotonic}`;
      if ('isDelta' in data)
        yield `     -> AggregationTemporality: ${data.isDelta ? 'Delta' : 'Cumulative'}`;
      for (const [number, point] of data.points.entries()) {
        yield `${POINT_NAMES[data.kind]} #${number}`;
        yield* listPoint(point);
      }
    }
  }
}

const KIND_NAMES = {
  gauge: 'Gauge',
  sum: 'Sum',
  histogram: 'Histogram',
  exponential: 'ExponentialHistogram',
  summary: 'Summary',
} as const;

const POINT_NAMES = {
  gauge: 'NumberDataPoints',
  sum: 'NumberDataPoints',
  histogram: 'HistogramDataPoints',
  exponential: 'ExponentialHistogramDataPoints',
  summary: 'SummaryDataPoints',
} as const;

function* listPoint(point: AnyPoint): Generator<string> {
  yield* listNamed('Data point attributes', point.attributes);
  if (point.startMs !== undefined) yield `StartTimestamp: ${formatTime(point.startMs)}`;
  yield `Timestamp: ${formatTime(point.tMs)}`;
  if (point.isStale) yield 'Flags: NoRecordedValue';
  else yield* listValues(point);
  yield* listExemplars(point);
}

function* listValues(point: AnyPoint): Generator<string> {
  if ('value' in point) {
    yield `Value: ${formatSampleValue(point.value)}`;
    return;
  }
  yield `Count: ${point.count}`;
  if (point.sum !== undefined) yield `Sum: ${formatSampleValue(point.sum)}`;
  if ('quantiles' in point) {
    for (const [index, { quantile, value }] of point.quantiles.entries())
      yield `QuantileValue #${index}: Quantile ${quantile}, Value ${formatSampleValue(value)}`;
    return;
  }
  const { extremes } = point;
  if (extremes !== undefined) {
    yield `Min: ${formatSampleValue(extremes.min)}`;
    yield `Max: ${formatSampleValue(extremes.max)}`;
  }
  if ('bounds' in point) {
    for (const [index, bound] of point.bounds.entries())
      yield `ExplicitBounds #${index}: ${formatSampleValue(bound)}`;
    for (const [index, count] of point.counts.entries()) yield `Buckets #${index}, Count: ${count}`;
    return;
  }
  for (const { lower, upper, count } of listBuckets(point))
    yield `Bucket (${lower}, ${upper}], Count: ${count}`;
}

interface Bucket {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

/** Ascending: the negative ones, that of zero if it is not empty, the positive ones. */
function listBuckets({
  scale,
  negative,
  positive,
  zeroCount,
  zeroThreshold,
}: ExponentialPoint): readonly Bucket[] {
  const boundOf = (index: number): number => 2 ** (index * 2 ** -scale);
  const makeBuckets = ({ offset, counts }: ExponentialPoint['positive']): Bucket[] =>
    counts.map((count, index) => ({
      lower: boundOf(offset + index),
      upper: boundOf(offset + index + 1),
      count,
    }));
  const below = makeBuckets(negative)
    .toReversed()
    .map(({ lower, upper, count }) => ({ lower: -upper, upper: -lower, count }));
  const zero = { lower: -zeroThreshold, upper: zeroThreshold, count: zeroCount };
  return [...below, ...(zeroCount === 0 ? [] : [zero]), ...makeBuckets(positive)];
}

function* listExemplars({ exemplars }: MetricPoint): Generator<string> {
  for (const [index, { labels, value, tMs }] of exemplars.entries()) {
    yield `Exemplar #${index}`;
    yield `     -> Timestamp: ${formatTime(tMs)}`;
    yield `     -> Value: ${formatSampleValue(value)}`;
    for (const one of listAttributes(labels)) yield `     -> ${one}`;
  }
}

function* listNamed(header: string, labels: LabelSet): Generator<string> {
  if (labels.length > 0) yield `${header}:`;
  for (const { name, value } of labels) yield `     -> ${name}: Str(${value})`;
}

function listAttributes(labels: LabelSet): readonly string[] {
  return labels
    .filter(({ name }) => name !== METRIC_NAME)
    .map(({ name, value }) => `${name}=${value}`);
}

function formatTime(tMs: number): string {
  const date = new Date(tMs);
  // A target may state a time that no calendar has.
  if (Number.isNaN(date.getTime())) return `${tMs}ms`;
  return date.toISOString().replace('T', ' ').replace('Z', ' +0000 UTC');
}
