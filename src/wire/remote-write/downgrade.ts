/**
 * Turns a Request of remote write 2.0 into the message of 1.0 that says the same, for a receiver
 * that stores messages of 1.0: each series with its samples, histograms and exemplars, and the
 * metadata of each family once. Samples and histograms are copied without the start of their
 * counters, which 1.0 cannot express.
 *
 *     2.0  TimeSeries  1 label refs  2 Sample …  3 Histogram …  4 Exemplar …  5 Metadata
 *     1.0  TimeSeries  1 Label …     2 Sample …  4 Histogram …  3 Exemplar …
 *          WriteRequest 3 MetricMetadata
 *
 * Source: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/
 */
import { WireError } from '../errors.ts';
import { decodeMessage } from '../protobuf/decode.ts';
import { encodeMessage, writeField } from '../protobuf/encode.ts';
import { ProtoReader } from '../protobuf/reader.ts';
import { BYTES, tagOf, VARINT } from '../protobuf/wire-format.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { EXEMPLAR_2, EXEMPLAR_IN_BYTES } from './exemplar.ts';
import { removeStart } from './extras.ts';
import { HISTOGRAM_START_FIELD } from './histogram.ts';
import { encodeLabelParts } from './labels.ts';
import { familyNameOf, METADATA_2, METRIC_METADATA, type MetricMetadata } from './metadata.ts';
import { SAMPLE_START_FIELD } from './one-sample.ts';
import { ReceivedSymbols } from './symbols.ts';

/**
 * @throws WireError for a malformed Request, also for refs that are not in pairs or beyond the
 * table
 */
export function downgradeRequest(request: Uint8Array): Uint8Array {
  const symbols = new ReceivedSymbols(request);
  const reader = new ProtoReader(request);
  const writer = new ProtoWriter(request.length * 2);
  const families = new Map<string, MetricMetadata>();
  while (reader.more()) {
    const tag = reader.varint();
    if (tag !== tagOf(5, BYTES)) {
      reader.skip(tag);
      continue;
    }
    const outer = reader.enter();
    writer.field(1, downgradeSeries(reader, symbols, families));
    reader.leave(outer);
  }
  for (const metadata of families.values()) writeField(writer, 3, METRIC_METADATA, metadata);
  return writer.written();
}

/**
 * Converts the series that the reader has entered; the metadata of its family is added to
 * `families`.
 */
function downgradeSeries(
  reader: ProtoReader,
  symbols: ReceivedSymbols,
  families: Map<string, MetricMetadata>,
): Uint8Array {
  const refs: number[] = [];
  const values = new ProtoWriter(256);
  let metadata: Uint8Array | undefined;
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, BYTES)) readPacked(reader, refs);
    else if (tag === tagOf(1, VARINT)) refs.push(reader.varint());
    // Skipped like an unknown field, it would leave a series without labels.
    else if (tag >>> 3 === 1)
      throw new WireError('corrupt', `malformed request: label refs of wire type ${tag & 7}`);
    else if (tag === tagOf(2, BYTES))
      values.field(2, removeStart(reader.binary(), SAMPLE_START_FIELD));
    else if (tag === tagOf(3, BYTES))
      values.field(4, removeStart(reader.binary(), HISTOGRAM_START_FIELD));
    else if (tag === tagOf(4, BYTES)) values.field(3, downgradeExemplar(reader.binary(), symbols));
    else if (tag === tagOf(5, BYTES)) metadata = reader.binary();
    else reader.skip(tag);
  }
  const series = new ProtoWriter(256);
  let metric = '';
  for (const { name, value } of symbols.labelsOf(refs)) {
    series.raw(encodeLabelParts(name, value));
    if (Buffer.from(name).toString() === '__name__') metric = Buffer.from(value).toString();
  }
  series.raw(values.written());
  const family = metadata && downgradeMetadata(metadata, metric, symbols);
  if (family !== undefined) families.set(family.name, family);
  return series.written();
}

function readPacked(reader: ProtoReader, refs: number[]): void {
  const outer = reader.enter();
  while (reader.more()) refs.push(reader.varint());
  reader.leave(outer);
}

function downgradeExemplar(bytes: Uint8Array, symbols: ReceivedSymbols): Uint8Array {
  const { refs, value, tMs } = decodeMessage(EXEMPLAR_2, bytes);
  return encodeMessage(EXEMPLAR_IN_BYTES, { labels: symbols.labelsOf(refs), value, tMs });
}

/** Converts the metadata of a family; undefined where it is empty or the family has no name. */
function downgradeMetadata(
  bytes: Uint8Array,
  metric: string,
  symbols: ReceivedSymbols,
): MetricMetadata | undefined {
  const { type, helpRef, unitRef } = decodeMessage(METADATA_2, bytes);
  const [help, unit] = [symbols.textAt(helpRef), symbols.textAt(unitRef)];
  const name = familyNameOf(metric, type);
  if (name === '' || (type === 'unknown' && help === '' && unit === '')) return undefined;
  return { type, name, help, unit };
}
