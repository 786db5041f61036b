/**
 * Remote write 2.0 messages, from and to those of 1.0: a Request names every string once, in a table of symbols, so
 * Requests don't concatenate. The queue therefore holds 1.0 messages, with two extra fields that 1.0 does not know, and
 * a Request is made of them when it is sent.
 *
 *   Request     4 symbols …  5 TimeSeries …
 *   TimeSeries  1 label refs (packed pairs)  2 Sample …  3 Histogram …  4 Exemplar …  5 Metadata
 *   Sample      1 double value  2 int64 ms  3 start timestamp ms       Exemplar  1 label refs  2 value  3 ms
 *   Metadata    1 type  3 help ref  4 unit ref                         Histogram as in 1.0, 17 start timestamp
 *
 * Extra in the queue: TimeSeries 31 { 1 type  2 help  3 unit }, and the start timestamps at their numbers of 2.0.
 * Limits: symbols are bounded by the message, which the caller bounds.
 * Source: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/
 */
import { SERIES_TYPES, type SeriesMetadata } from '../model/sample.ts';
import { WireError } from './errors.ts';
import { BYTES, ProtoReader, ProtoWriter, tagOf, VARINT } from './protobuf.ts';
import { encodeLabelParts, SAMPLE_START_FIELD } from './remote-write.ts';
import { HISTOGRAM_START_FIELD } from './remote-write-histogram.ts';

/** The field of a TimeSeries of the queue that holds the metadata of its family. */
const EXTRA_METADATA = 31;

/** The metadata field to stand behind the labels of a series in the queue. */
export function encodeExtraMetadata({ type, help, unit }: SeriesMetadata): Uint8Array {
  const inner = new ProtoWriter(64);
  inner.varint(tagOf(1, VARINT));
  inner.varint(SERIES_TYPES.indexOf(type));
  inner.string(2, help);
  inner.string(3, unit);
  const writer = new ProtoWriter(inner.length + 8);
  writer.field(EXTRA_METADATA, inner.written());
  return writer.written();
}

export interface RequestCounts {
  samples: number;
  histograms: number;
  exemplars: number;
  /** Exemplars of series that have neither sample nor histogram in the Request: 2.0 has no place for them. */
  exemplarsLeftOut: number;
}

/**
 * A Request of 1.0 messages: their series in order, those of the same labels joined.
 *
 * @param messages  uncompressed, as the queue holds them
 * @throws          WireError for bytes that are no message
 */
export function requestOf(messages: readonly Uint8Array[]): {
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
  return written(all.values(), symbols);
}

/** A series of the Request in the making. Ranges are fields as they stand in a message of the queue. */
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
    const end = reader.lengthEnd();
    const bytes = reader.bytes.subarray(reader.at, end);
    reader.at = end;
    switch (tag >>> 3) {
      case 1:
        refs.push(...symbols.pairOf(bytes));
        break;
      case 2:
        found.samples.push(bytes);
        break;
      case 3:
        found.exemplars.push(exemplarOf(bytes, symbols));
        break;
      case 4:
        found.histograms.push(bytes);
        break;
      case EXTRA_METADATA:
        found.metadata = metadataOf(bytes, symbols);
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

function written(
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
    // A series holds samples or histograms, never both; exemplars stand with the first.
    if (samples.length > 0) writeSeries(body, series, 2, samples, exemplars);
    if (histograms.length > 0)
      writeSeries(body, series, 3, histograms, samples.length > 0 ? [] : exemplars);
  }
  const message = new ProtoWriter(body.length + symbols.bytes + 64);
  for (const symbol of symbols.list) message.field(4, symbol);
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

/** An Exemplar of 1.0 as one of 2.0. */
function exemplarOf(bytes: Uint8Array, symbols: SymbolTable): Uint8Array {
  const reader = new ProtoReader(bytes);
  const writer = new ProtoWriter(bytes.length + 8);
  const refs: number[] = [];
  const rest: Uint8Array[] = [];
  while (reader.more()) {
    const start = reader.at;
    const tag = reader.varint();
    if (tag === tagOf(1, BYTES)) {
      const end = reader.lengthEnd();
      refs.push(...symbols.pairOf(bytes.subarray(reader.at, end)));
      reader.at = end;
      continue;
    }
    reader.skip(tag);
    rest.push(bytes.subarray(start, reader.at));
  }
  writeRefs(writer, refs);
  for (const field of rest) writer.raw(field);
  return writer.written();
}

/** The queue's metadata as a Metadata of 2.0. */
function metadataOf(bytes: Uint8Array, symbols: SymbolTable): Uint8Array {
  const reader = new ProtoReader(bytes);
  const writer = new ProtoWriter(16);
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, VARINT)) {
      writer.varint(tagOf(1, VARINT));
      writer.varint(reader.varint());
    } else if (tag === tagOf(2, BYTES) || tag === tagOf(3, BYTES)) {
      const end = reader.lengthEnd();
      writer.varint(tagOf((tag >>> 3) + 1, VARINT));
      writer.varint(symbols.refOf(bytes, reader.at, end));
      reader.at = end;
    } else reader.skip(tag);
  }
  return writer.written();
}

/** Every string once, in the order of its first use; the empty one is the first. */
class SymbolTable {
  readonly list: Uint8Array[] = [new Uint8Array(0)];
  /** Of all symbols together, with their lengths. */
  bytes = 2;
  readonly #refs = new Map<string, number>([['', 0]]);

  refOf(bytes: Uint8Array, start: number, end: number): number {
    const symbol = bytes.subarray(start, end);
    const key = Buffer.from(symbol.buffer, symbol.byteOffset, symbol.length).toString('latin1');
    const known = this.#refs.get(key);
    if (known !== undefined) return known;
    const ref = this.list.length;
    this.#refs.set(key, ref);
    this.list.push(symbol);
    this.bytes += symbol.length + 6;
    return ref;
  }

  /** The refs of the name and the value of a Label of 1.0. */
  pairOf(label: Uint8Array): [number, number] {
    const reader = new ProtoReader(label);
    const pair: [number, number] = [0, 0];
    while (reader.more()) {
      const tag = reader.varint();
      if (tag !== tagOf(1, BYTES) && tag !== tagOf(2, BYTES)) {
        reader.skip(tag);
        continue;
      }
      const end = reader.lengthEnd();
      pair[(tag >>> 3) - 1] = this.refOf(label, reader.at, end);
      reader.at = end;
    }
    return pair;
  }
}

/** A 1.0 message of the queue without the extra fields, for a receiver that speaks 1.0. @throws WireError */
export function withoutExtras(message: Uint8Array): Uint8Array {
  const reader = new ProtoReader(message);
  const writer = new ProtoWriter(message.length);
  while (reader.more()) {
    const start = reader.at;
    const tag = reader.varint();
    if (tag !== tagOf(1, BYTES)) {
      reader.skip(tag);
      writer.raw(message.subarray(start, reader.at));
      continue;
    }
    const outer = reader.enter();
    const series = new ProtoWriter(256);
    while (reader.more()) {
      const at = reader.at;
      const field = reader.varint();
      const isNumber = field === tagOf(2, BYTES) || field === tagOf(4, BYTES);
      if (!isNumber) {
        reader.skip(field);
        if (field >>> 3 !== EXTRA_METADATA) series.raw(message.subarray(at, reader.at));
        continue;
      }
      const end = reader.lengthEnd();
      const startField = field === tagOf(2, BYTES) ? SAMPLE_START_FIELD : HISTOGRAM_START_FIELD;
      series.field(field >>> 3, withoutField(message.subarray(reader.at, end), startField));
      reader.at = end;
    }
    reader.leave(outer);
    writer.field(1, series.written());
  }
  return writer.written();
}

function withoutField(bytes: Uint8Array, field: number): Uint8Array {
  const reader = new ProtoReader(bytes);
  const writer = new ProtoWriter(bytes.length);
  while (reader.more()) {
    const start = reader.at;
    const tag = reader.varint();
    reader.skip(tag);
    if (tag >>> 3 !== field) writer.raw(bytes.subarray(start, reader.at));
  }
  return writer.written();
}

/**
 * The 1.0 message that says what a Request says, for a receiver that keeps 1.0 messages: each series with its samples,
 * histograms and exemplars; each family's metadata once.
 *
 * @throws WireError for a malformed Request: refs beyond the table, an odd number of them, a first symbol that is not ""
 */
export function writeRequestOf(request: Uint8Array): Uint8Array {
  const symbols = symbolsOf(request);
  const reader = new ProtoReader(request);
  const writer = new ProtoWriter(request.length * 2);
  const families = new Map<string, Uint8Array>();
  while (reader.more()) {
    const tag = reader.varint();
    if (tag !== tagOf(5, BYTES)) {
      reader.skip(tag);
      continue;
    }
    const outer = reader.enter();
    writer.field(1, seriesOf(reader, symbols, families));
    reader.leave(outer);
  }
  for (const metadata of families.values()) writer.field(3, metadata);
  return writer.written();
}

function symbolsOf(request: Uint8Array): readonly Uint8Array[] {
  const reader = new ProtoReader(request);
  const symbols: Uint8Array[] = [];
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(4, BYTES)) {
      const end = reader.lengthEnd();
      symbols.push(request.subarray(reader.at, end));
      reader.at = end;
    } else reader.skip(tag);
  }
  if (symbols.length > 0 && symbols[0]?.length !== 0)
    throw new WireError('corrupt', 'malformed request: the first symbol is not the empty string');
  return symbols;
}

/** The TimeSeries that the reader has entered as one of 1.0. */
function seriesOf(
  reader: ProtoReader,
  symbols: readonly Uint8Array[],
  families: Map<string, Uint8Array>,
): Uint8Array {
  const series = new ProtoWriter(256);
  const rest = new ProtoWriter(256);
  let name = '';
  let metadata: Uint8Array | undefined;
  while (reader.more()) {
    const tag = reader.varint();
    const field = tag >>> 3;
    if (field === 1) {
      name = writeLabels(series, readRefs(reader, tag), symbols);
      continue;
    }
    if ((tag & 7) !== BYTES) {
      reader.skip(tag);
      continue;
    }
    const end = reader.lengthEnd();
    const bytes = reader.bytes.subarray(reader.at, end);
    reader.at = end;
    if (field === 2) rest.field(2, withoutField(bytes, SAMPLE_START_FIELD));
    else if (field === 3) rest.field(4, withoutField(bytes, HISTOGRAM_START_FIELD));
    else if (field === 4) rest.field(3, exemplarFrom(bytes, symbols));
    else if (field === 5) metadata = bytes;
  }
  if (metadata !== undefined) addFamily(families, name, metadata, symbols);
  series.raw(rest.written());
  return series.written();
}

/** Packed or one by one. */
function readRefs(reader: ProtoReader, tag: number): number[] {
  const refs: number[] = [];
  if ((tag & 7) !== BYTES) return [reader.varint()];
  const outer = reader.enter();
  while (reader.more()) refs.push(reader.varint());
  reader.leave(outer);
  if (refs.length % 2 === 1)
    throw new WireError('corrupt', 'malformed request: an odd number of label refs');
  return refs;
}

/** Writes labels of 1.0 and returns the metric's name. */
function writeLabels(
  writer: ProtoWriter,
  refs: readonly number[],
  symbols: readonly Uint8Array[],
): string {
  let metric = '';
  for (let i = 0; i + 1 < refs.length; i += 2) {
    const name = symbolAt(symbols, refs[i] as number);
    const value = symbolAt(symbols, refs[i + 1] as number);
    writer.raw(encodeLabelParts(name, value));
    if (Buffer.from(name).toString() === '__name__') metric = Buffer.from(value).toString();
  }
  return metric;
}

function symbolAt(symbols: readonly Uint8Array[], ref: number): Uint8Array {
  const symbol = symbols[ref];
  if (symbol === undefined)
    throw new WireError(
      'corrupt',
      `malformed request: ref ${ref} is beyond its ${symbols.length} symbols`,
    );
  return symbol;
}

function exemplarFrom(bytes: Uint8Array, symbols: readonly Uint8Array[]): Uint8Array {
  const reader = new ProtoReader(bytes);
  const writer = new ProtoWriter(bytes.length + 32);
  while (reader.more()) {
    const start = reader.at;
    const tag = reader.varint();
    if (tag >>> 3 === 1) writeLabels(writer, readRefs(reader, tag), symbols);
    else {
      reader.skip(tag);
      writer.raw(bytes.subarray(start, reader.at));
    }
  }
  return writer.written();
}

/** The endings of series whose metadata belongs to the name without them, by type. */
const SUFFIXES = /_(?:bucket|sum|count)$/;

function addFamily(
  families: Map<string, Uint8Array>,
  series: string,
  bytes: Uint8Array,
  symbols: readonly Uint8Array[],
): void {
  const reader = new ProtoReader(bytes);
  let type = 0;
  let help: Uint8Array = new Uint8Array(0);
  let unit: Uint8Array = new Uint8Array(0);
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, VARINT)) type = reader.varint();
    else if (tag === tagOf(3, VARINT)) help = symbolAt(symbols, reader.varint());
    else if (tag === tagOf(4, VARINT)) unit = symbolAt(symbols, reader.varint());
    else reader.skip(tag);
  }
  const kind = SERIES_TYPES[type];
  const isCompound = kind === 'histogram' || kind === 'gaugehistogram' || kind === 'summary';
  const family = isCompound ? series.replace(SUFFIXES, '') : series;
  if (family === '' || (type === 0 && help.length + unit.length === 0)) return;
  const entry = new ProtoWriter(64);
  entry.varint(tagOf(1, VARINT));
  entry.varint(type);
  entry.string(2, family);
  entry.field(4, help);
  entry.field(5, unit);
  families.set(family, entry.written());
}
