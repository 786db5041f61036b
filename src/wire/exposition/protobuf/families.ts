/**
 * Protobuf exposition: length-delimited `io.prometheus.client.MetricFamily` messages → samples, as
 * Prometheus 3 reads them. It is the only format that carries native histograms. One metric is held
 * at a time. Not here: writing.
 *
 *     body          length MetricFamily   length MetricFamily   …
 *     MetricFamily  1 name  2 help  3 type  4 Metric …  5 unit
 *
 * Limits: the caller bounds the body; a metric has at most METRIC_BYTES_MAX bytes.
 * Source:
 * https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto,
 * prometheus/model/textparse/protobufparse.go
 */
import type { SeriesType } from '../../../model/sample.ts';
import { WireError } from '../../errors.ts';
import { ProtoReader } from '../../protobuf/reader.ts';
import { BYTES, tagOf, VARINT } from '../../protobuf/wire-format.ts';
import { ExpositionError } from '../error.ts';
import { readMetric } from './metric.ts';
import { makeFaultError } from './parts.ts';
import type { ProtobufOptions, ProtobufSample } from './sample.ts';
import { readSamples } from './samples.ts';

const TYPES: readonly SeriesType[] = [
  'counter',
  'gauge',
  'summary',
  'unknown',
  'histogram',
  'gaugehistogram',
];
const METRIC_BYTES_MAX = 1024 * 1024;
/** Metrics that are skipped between two pauses. */
const PAUSE_METRICS = 8_192;

/** Reads samples, in the order of the body. @throws ExpositionError */
export function* readProtobufExposition(
  body: Uint8Array,
  options: ProtobufOptions,
): Generator<ProtobufSample> {
  for (const sample of readProtobufInSteps(body, options)) if (sample !== 'pause') yield sample;
}

/**
 * The same as `readProtobufExposition`, for large bodies: it also yields 'pause' in stretches
 * without samples.
 */
export function* readProtobufInSteps(
  body: Uint8Array,
  options: ProtobufOptions,
): Generator<ProtobufSample | 'pause'> {
  const reader = new ProtoReader(body);
  try {
    while (reader.more()) {
      const outer = reader.enter();
      yield* readFamily(reader, options);
      reader.leave(outer);
      yield 'pause';
    }
  } catch (error) {
    if (error instanceof WireError || error instanceof RangeError)
      throw new ExpositionError(error.message, { line: 1, column: reader.at + 1 });
    throw error;
  }
}

function* readFamily(
  reader: ProtoReader,
  options: ProtobufOptions,
): Generator<ProtobufSample | 'pause'> {
  const family = { name: '', help: '', unit: '', type: TYPES[0] as SeriesType };
  const { at: start, end } = reader;
  let metrics = 0;
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, BYTES)) family.name = reader.string();
    else if (tag === tagOf(2, BYTES)) family.help = reader.string();
    else if (tag === tagOf(3, VARINT)) family.type = readType(reader);
    else if (tag === tagOf(5, BYTES)) family.unit = reader.string();
    else if (tag === tagOf(4, BYTES)) {
      // The type may follow the metrics, so they are skipped here and read below.
      reader.skip(tag);
      metrics += 1;
      if (metrics % PAUSE_METRICS === 0) yield 'pause';
    } else reader.skip(tag);
  }
  if (family.name === '') throw makeFaultError(reader, 'a metric family has no name');
  reader.at = start;
  while (metrics > 0 && reader.more()) {
    const tag = reader.varint();
    if (tag !== tagOf(4, BYTES)) {
      reader.skip(tag);
      continue;
    }
    metrics -= 1;
    const outer = reader.enter();
    if (reader.end - reader.at > METRIC_BYTES_MAX)
      throw makeFaultError(reader, `a metric is longer than ${METRIC_BYTES_MAX} bytes`);
    const metric = readMetric(reader, options);
    reader.leave(outer);
    yield* readSamples(family, metric, options);
  }
  reader.at = end;
}

function readType(reader: ProtoReader): SeriesType {
  const type = TYPES[reader.varint()];
  if (type === undefined)
    throw makeFaultError(reader, 'a metric family has a type that does not exist');
  return type;
}
