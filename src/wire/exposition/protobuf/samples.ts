/**
 * Turns a metric of protobuf exposition into the samples that Prometheus makes of it. A classic
 * histogram becomes a `_count`, a `_sum` and a `_bucket` for each bound; a native one becomes one
 * sample; a summary becomes a `_count`, a `_sum` and a sample for each quantile.
 * Source: prometheus/model/textparse/protobufparse.go
 */
import type { NativeHistogram } from '../../../model/histogram.ts';
import { formatOpenMetricsFloat } from '../float.ts';
import type { ProtobufMetric } from './metric.ts';
import type { ProtobufExemplar, ProtobufOptions, ProtobufSample } from './sample.ts';

export type ProtobufFamily = Pick<ProtobufSample, 'help' | 'unit' | 'type'> & {
  readonly name: string;
};

/** The samples of a metric, in Prometheus' order. */
export function* readSamples(
  family: ProtobufFamily,
  metric: ProtobufMetric,
  options: ProtobufOptions,
): Generator<ProtobufSample> {
  const { name, help, unit, type } = family;
  const { labels, tMs, createdMs } = metric;
  const sample = (
    suffix: string,
    value: number | NativeHistogram,
    more: readonly [string, string][] = [],
    exemplars: readonly (ProtobufExemplar | undefined)[] = [],
  ): ProtobufSample => ({
    family: name,
    type,
    help,
    unit,
    labels: [['__name__', name + suffix], ...labels, ...more],
    value,
    tMs,
    createdMs,
    exemplars: exemplars.filter((exemplar) => exemplar !== undefined),
  });
  if (type === 'histogram' || type === 'gaugehistogram') {
    const { native, count = 0, sum, buckets, exemplars } = metric;
    if (native !== undefined) yield sample('', native, [], exemplars);
    if (native !== undefined && !options.alwaysClassic) return;
    if (native !== undefined && buckets.length === 0) return;
    yield sample('_count', count);
    yield sample('_sum', sum);
    for (const { cumulative, upperBound, exemplar } of buckets)
      yield sample('_bucket', cumulative, [['le', formatOpenMetricsFloat(upperBound)]], [exemplar]);
    if (buckets.at(-1)?.upperBound !== Infinity) yield sample('_bucket', count, [['le', '+Inf']]);
    return;
  }
  if (type === 'summary') {
    yield sample('_count', metric.count ?? 0);
    yield sample('_sum', metric.sum);
    for (const { quantile, value } of metric.quantiles)
      yield sample('', value, [['quantile', formatOpenMetricsFloat(quantile)]]);
    return;
  }
  yield sample('', metric.value ?? 0, [], [metric.exemplar]);
}
