/**
 * Reads one metric of protobuf exposition, of any type.
 *
 *     Metric     1 LabelPair …  2 gauge  3 counter  4 summary  5 untyped  6 timestamp ms
 *                7 histogram
 *     Counter    1 value  2 Exemplar  3 created           Gauge, Untyped  1 value
 *     Summary    1 count  2 sum  3 Quantile … { 1 quantile  2 value }  4 created
 *     Histogram  1 count  2 sum  3 Bucket …  15 created  16 Exemplar …
 *                4 to 14: native-histogram.ts
 *     Bucket     1 cumulative count  2 upper bound  3 Exemplar  4 cumulative count float
 *
 * Source: https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto
 */
import type { NativeHistogram } from '../../../model/histogram.ts';
import type { ProtoReader } from '../../protobuf/reader.ts';
import { BYTES, FIXED64, tagOf, VARINT } from '../../protobuf/wire-format.ts';
import {
  isNative,
  type NativeParts,
  newNativeParts,
  readNativeField,
  toNativeHistogram,
} from './native-histogram.ts';
import { makeFaultError, readNested, readExemplar, readPair, readTime } from './parts.ts';
import type { ProtobufExemplar, ProtobufOptions } from './sample.ts';

interface Bucket {
  readonly cumulative: number;
  readonly upperBound: number;
  readonly exemplar: ProtobufExemplar | undefined;
}

export interface ProtobufMetric {
  labels: [string, string][];
  tMs: number | undefined;
  createdMs: number | undefined;
  value: number | undefined;
  /** The exemplar of a counter. */
  exemplar: ProtobufExemplar | undefined;
  /** The count of a summary or histogram. */
  count: number | undefined;
  sum: number;
  quantiles: { quantile: number; value: number }[];
  buckets: Bucket[];
  native: NativeHistogram | undefined;
  exemplars: ProtobufExemplar[];
}

/** Reads the metric that the reader has entered. @throws WireError */
export function readMetric(reader: ProtoReader, options: ProtobufOptions): ProtobufMetric {
  const metric: ProtobufMetric = {
    labels: [],
    tMs: undefined,
    createdMs: undefined,
    value: undefined,
    exemplar: undefined,
    count: undefined,
    sum: 0,
    quantiles: [],
    buckets: [],
    native: undefined,
    exemplars: [],
  };
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, BYTES)) metric.labels.push(readNested(reader, readPair));
    else if (tag === tagOf(6, VARINT)) metric.tMs = reader.int64();
    else if (tag === tagOf(7, BYTES))
      readNested(reader, () => readHistogram(reader, metric, options));
    else if (tag === tagOf(4, BYTES)) readNested(reader, () => readSummary(reader, metric));
    else if (tag === tagOf(2, BYTES) || tag === tagOf(3, BYTES) || tag === tagOf(5, BYTES))
      readNested(reader, () => readValue(reader, metric));
    else reader.skip(tag);
  }
  const names = new Set(metric.labels.map(([name]) => name));
  if (names.size < metric.labels.length)
    throw makeFaultError(reader, 'a label name is given twice');
  return metric;
}

/** Reads a gauge, counter or untyped value, which all have the value as field 1. */
function readValue(reader: ProtoReader, metric: ProtobufMetric): void {
  metric.value = 0;
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, FIXED64)) metric.value = reader.double();
    else if (tag === tagOf(2, BYTES)) metric.exemplar = readNested(reader, readExemplar);
    else if (tag === tagOf(3, BYTES)) metric.createdMs = readNested(reader, readTime);
    else reader.skip(tag);
  }
}

function readSummary(reader: ProtoReader, metric: ProtobufMetric): void {
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, VARINT)) metric.count = reader.varint();
    else if (tag === tagOf(2, FIXED64)) metric.sum = reader.double();
    else if (tag === tagOf(3, BYTES)) metric.quantiles.push(readNested(reader, readQuantile));
    else if (tag === tagOf(4, BYTES)) metric.createdMs = readNested(reader, readTime);
    else reader.skip(tag);
  }
}

function readHistogram(
  reader: ProtoReader,
  metric: ProtobufMetric,
  options: ProtobufOptions,
): void {
  const parts: NativeParts = newNativeParts();
  metric.count = 0;
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, VARINT)) metric.count = reader.varint();
    else if (tag === tagOf(2, FIXED64)) metric.sum = reader.double();
    else if (tag === tagOf(3, BYTES)) metric.buckets.push(readNested(reader, readBucket));
    else if (tag === tagOf(15, BYTES)) metric.createdMs = readNested(reader, readTime);
    else if (tag === tagOf(16, BYTES)) metric.exemplars.push(readNested(reader, readExemplar));
    else if (!readNativeField(reader, tag, parts)) reader.skip(tag);
  }
  if (parts.countFloat > 0 && metric.count === 0) metric.count = parts.countFloat;
  if (options.nativeHistograms && isNative(parts))
    metric.native = toNativeHistogram(reader, parts, metric);
  // Exemplars without a time are left out, since those of a histogram are ordered by time.
  metric.exemplars = metric.exemplars.filter(({ tMs }) => tMs !== undefined);
}

function readBucket(reader: ProtoReader): Bucket {
  let cumulative = 0;
  let upperBound = 0;
  let exemplar: ProtobufExemplar | undefined;
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, VARINT)) cumulative = reader.varint();
    else if (tag === tagOf(4, FIXED64)) cumulative = reader.double();
    else if (tag === tagOf(2, FIXED64)) upperBound = reader.double();
    else if (tag === tagOf(3, BYTES)) exemplar = readNested(reader, readExemplar);
    else reader.skip(tag);
  }
  return { cumulative, upperBound, exemplar };
}

function readQuantile(reader: ProtoReader): { quantile: number; value: number } {
  const pair = { quantile: 0, value: 0 };
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, FIXED64)) pair.quantile = reader.double();
    else if (tag === tagOf(2, FIXED64)) pair.value = reader.double();
    else reader.skip(tag);
  }
  return pair;
}
