/**
 * Turns messages of remote write 1.0, as the queue holds them, into one Request of 2.0. A Request
 * has every string once, in a table of symbols. So Requests can't be concatenated as messages of
 * 1.0 can, and one is made when it is sent. Samples and histograms are copied as they are; what 2.0
 * has beyond 1.0 is in the queue's extra fields (extras.ts).
 *
 *     Request     4 symbols …  5 TimeSeries …
 *     TimeSeries  1 label refs (packed pairs)  2 Sample …  3 Histogram …  4 Exemplar …  5 Metadata
 *     Sample      1 double value  2 int64 ms  3 start timestamp ms
 *
 * Source: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/
 */
import { decodeMessage } from '../protobuf/decode.ts';
import { encodeMessage } from '../protobuf/encode.ts';
import { ProtoReader } from '../protobuf/reader.ts';
import { BYTES, tagOf } from '../protobuf/wire-format.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { EXEMPLAR_2, EXEMPLAR_IN_BYTES } from './exemplar.ts';
import { EXTRA_METADATA_FIELD } from './extras.ts';
import { EXTRA_METADATA, METADATA_2 } from './metadata.ts';
import { SYMBOL_FIELD, SymbolTable } from './symbols.ts';

export interface RequestCounts {
  samples: number;
  histograms: number;
  exemplars: number;
  /** Exemplars of series without a sample or histogram in the Request, which 2.0 does not allow. */
  exemplarsLeftOut: number;
}

/**
 * Makes a Request of messages of 1.0: their series in order, and those with the same labels joined.
 *
 * @param messages  uncompressed, as the queue holds them
 * @throws          WireError for bytes that are no message
 */
export function upgradeMessages(messages: readonly Uint8Array[]): {
  readonly message: Uint8Array;
  readonly counts: RequestCounts;
} {
  const symbols = new SymbolTable();
  const all = new Map<string, Series>();
  for (const message of messages) {
    const reader = new ProtoReader(message);
    while (reader.more()) {
      const tag = reader.varint();
      if (tag !== tagOf(1, BYTES)) {
        reader.skip(tag);
        continue;
      }
      const outer = reader.enter();
      collect(reader, all, symbols);
      reader.leave(outer);
    }
  }
  return writeRequest(all.values(), symbols);
}

/** A series of the Request that is being made. Samples and histograms are views of the messages. */
interface Series {
  readonly refs: readonly number[];
  readonly samples: Uint8Array[];
  readonly histograms: Uint8Array[];
  readonly exemplars: Uint8Array[];
  metadata: Uint8Array | undefined;
}

function collect(reader: ProtoReader, all: Map<string, Series>, symbols: SymbolTable): void {
  const refs: number[] = [];
  const found: Omit<Series, 'refs'> = {
    samples: [],
    histograms: [],
    exemplars: [],
    metadata: undefined,
  };
  while (reader.more()) {
    const tag = reader.varint();
    if ((tag & 7) !== BYTES) {
      reader.skip(tag);
      continue;
    }
    const bytes = reader.binary();
    switch (tag >>> 3) {
      case 1:
        symbols.addLabel(bytes, refs);
        break;
      case 2:
        found.samples.push(bytes);
        break;
      case 3:
        found.exemplars.push(upgradeExemplar(bytes, symbols));
        break;
      case 4:
        found.histograms.push(bytes);
        break;
      case EXTRA_METADATA_FIELD:
        found.metadata = upgradeMetadata(bytes, symbols);
        break;
      default:
    }
  }
  const key = refs.join(' ');
  const known = all.get(key);
  if (known === undefined) {
    all.set(key, { refs, ...found });
    return;
  }
  known.samples.push(...found.samples);
  known.histograms.push(...found.histograms);
  known.exemplars.push(...found.exemplars);
  known.metadata = found.metadata ?? known.metadata;
}

function writeRequest(
  all: Iterable<Series>,
  symbols: SymbolTable,
): { readonly message: Uint8Array; readonly counts: RequestCounts } {
  const counts: RequestCounts = { samples: 0, histograms: 0, exemplars: 0, exemplarsLeftOut: 0 };
  const body = new ProtoWriter(65_536);
  for (const series of all) {
    const { samples, histograms, exemplars } = series;
    if (samples.length + histograms.length === 0) {
      counts.exemplarsLeftOut += exemplars.length;
      continue;
    }
    counts.samples += samples.length;
    counts.histograms += histograms.length;
    counts.exemplars += exemplars.length;
    // A TimeSeries of 2.0 holds samples or histograms, never both; exemplars go with the first.
    if (samples.length > 0) writeSeries(body, series, 2, samples, exemplars);
    if (histograms.length > 0)
      writeSeries(body, series, 3, histograms, samples.length > 0 ? [] : exemplars);
  }
  const message = new ProtoWriter(body.length + symbols.bytes + 64);
  for (const symbol of symbols.list) message.field(SYMBOL_FIELD, symbol);
  message.raw(body.written());
  return { message: message.written(), counts };
}

function writeSeries(
  body: ProtoWriter,
  { refs, metadata }: Series,
  field: number,
  values: readonly Uint8Array[],
  exemplars: readonly Uint8Array[],
): void {
  const series = new ProtoWriter(128);
  writeRefs(series, refs);
  for (const value of values) series.field(field, value);
  for (const exemplar of exemplars) series.field(4, exemplar);
  if (metadata !== undefined) series.field(5, metadata);
  body.field(5, series.written());
}

function writeRefs(writer: ProtoWriter, refs: readonly number[]): void {
  const packed = new ProtoWriter(refs.length * 3);
  for (const ref of refs) packed.varint(ref);
  writer.field(1, packed.written());
}

function upgradeExemplar(bytes: Uint8Array, symbols: SymbolTable): Uint8Array {
  const { labels, value, tMs } = decodeMessage(EXEMPLAR_IN_BYTES, bytes);
  const refs = labels.flatMap((label) => [symbols.refOf(label.name), symbols.refOf(label.value)]);
  return encodeMessage(EXEMPLAR_2, { refs, value, tMs });
}

function upgradeMetadata(bytes: Uint8Array, symbols: SymbolTable): Uint8Array {
  const { type, help, unit } = decodeMessage(EXTRA_METADATA, bytes);
  const helpRef = symbols.refOf(help);
  return encodeMessage(METADATA_2, { type, helpRef, unitRef: symbols.refOf(unit) });
}
