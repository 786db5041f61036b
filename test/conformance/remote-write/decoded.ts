/**
 * Decodes remote write requests of 1.0 and 2.0 into one shape, as an independent receiver would. It
 * checks nothing, and shares only the reader of protobuf fields with the sender's code.
 */
import { ProtoReader } from '../../../src/wire/protobuf/reader.ts';
import { uncompress } from '../../../src/wire/snappy.ts';

export interface DecodedSample {
  readonly tMs: number;
  /** The bits of the value, in hexadecimal. */
  readonly bits: string;
  readonly value: number;
  readonly startMs: number;
}

export interface DecodedHistogram {
  /** Field number → values in order: numbers where the wire has numbers, else bytes. */
  readonly fields: ReadonlyMap<number, readonly (number | Uint8Array)[]>;
  readonly tMs: number;
}

export interface DecodedExemplar {
  readonly labels: readonly (readonly [string, string])[];
  readonly refs: readonly number[];
  readonly value: number;
  readonly tMs: number;
}

export interface DecodedSeries {
  readonly labels: readonly (readonly [string, string])[];
  /** References into the symbol table, as sent; only in 2.0. */
  readonly refs: readonly number[];
  readonly samples: readonly DecodedSample[];
  readonly histograms: readonly DecodedHistogram[];
  readonly exemplars: readonly DecodedExemplar[];
  readonly metadata: DecodedMetadata | undefined;
}

export interface DecodedMetadata {
  readonly type: number;
  readonly name: string;
  readonly help: string;
  readonly unit: string;
}

export interface DecodedRequest {
  readonly atMs: number;
  readonly method: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
  readonly version: 1 | 2;
  readonly symbols: readonly string[];
  readonly series: readonly DecodedSeries[];
  /** Only in 1.0. */
  readonly metadata: readonly DecodedMetadata[];
  /** Numbers of all fields of the request message. */
  readonly fields: ReadonlySet<number>;
}

type Fields = Map<number, (number | Uint8Array)[]>;

/** A message's fields by number: varints and doubles as numbers, the rest as bytes. */
function parseFields(bytes: Uint8Array): Fields {
  const reader = new ProtoReader(bytes);
  const fields: Fields = new Map();
  while (reader.more()) {
    const tag = reader.varint();
    const list = fields.get(tag >>> 3) ?? [];
    fields.set(tag >>> 3, list);
    if ((tag & 7) === 0) list.push(reader.int64());
    else if ((tag & 7) === 1) {
      const at = reader.fixed64At();
      list.push(bytes.subarray(at, at + 8));
    } else if ((tag & 7) === 2) {
      const end = reader.lengthEnd();
      list.push(bytes.subarray(reader.at, end));
      reader.at = end;
    } else throw new Error(`wire type ${tag & 7}`);
  }
  return fields;
}

const text = (value: number | Uint8Array | undefined): string =>
  value === undefined ? '' : Buffer.from(value as Uint8Array).toString();
const bytesOf = (list: readonly (number | Uint8Array)[] = []): Uint8Array[] => list as Uint8Array[];
const numberOf = (fields: Fields, field: number): number => (fields.get(field)?.[0] ?? 0) as number;

function readDouble(bytes: Uint8Array | number | undefined): { bits: string; value: number } {
  const buffer = Buffer.from((bytes as Uint8Array | undefined) ?? new Uint8Array(8));
  return { bits: buffer.readBigUInt64LE().toString(16), value: buffer.readDoubleLE() };
}

function parseSample(bytes: Uint8Array): DecodedSample {
  const fields = parseFields(bytes);
  return {
    ...readDouble(fields.get(1)?.[0]),
    tMs: numberOf(fields, 2),
    startMs: numberOf(fields, 3),
  };
}

function parseHistogram(bytes: Uint8Array): DecodedHistogram {
  const fields = parseFields(bytes);
  return { fields, tMs: numberOf(fields, 15) };
}

function unpack(list: readonly (number | Uint8Array)[] = []): number[] {
  return list.flatMap((one) => {
    if (typeof one === 'number') return [one];
    const reader = new ProtoReader(one);
    const numbers: number[] = [];
    while (reader.more()) numbers.push(reader.varint());
    return numbers;
  });
}

function labelsOf(refs: readonly number[], symbols: readonly string[]): [string, string][] {
  const labels: [string, string][] = [];
  for (let i = 0; i + 1 < refs.length; i += 2)
    labels.push([symbols[refs[i]!] ?? '?', symbols[refs[i + 1]!] ?? '?']);
  return labels;
}

function parseLabel(bytes: Uint8Array): [string, string] {
  const fields = parseFields(bytes);
  return [text(fields.get(1)?.[0]), text(fields.get(2)?.[0])];
}

function parseSeries1(bytes: Uint8Array): DecodedSeries {
  const fields = parseFields(bytes);
  return {
    labels: bytesOf(fields.get(1)).map(parseLabel),
    refs: [],
    samples: bytesOf(fields.get(2)).map(parseSample),
    histograms: bytesOf(fields.get(4)).map(parseHistogram),
    exemplars: bytesOf(fields.get(3)).map((one) => {
      const exemplar = parseFields(one);
      return {
        labels: bytesOf(exemplar.get(1)).map(parseLabel),
        refs: [],
        value: readDouble(exemplar.get(2)?.[0]).value,
        tMs: numberOf(exemplar, 3),
      };
    }),
    metadata: undefined,
  };
}

function parseSeries2(bytes: Uint8Array, symbols: readonly string[]): DecodedSeries {
  const fields = parseFields(bytes);
  const refs = unpack(fields.get(1));
  const labels = labelsOf(refs, symbols);
  const [metadata] = bytesOf(fields.get(5)).map(parseFields);
  return {
    labels,
    refs,
    samples: bytesOf(fields.get(2)).map(parseSample),
    histograms: bytesOf(fields.get(3)).map(parseHistogram),
    exemplars: bytesOf(fields.get(4)).map((one) => {
      const exemplar = parseFields(one);
      const own = unpack(exemplar.get(1));
      return {
        labels: labelsOf(own, symbols),
        refs: own,
        value: readDouble(exemplar.get(2)?.[0]).value,
        tMs: numberOf(exemplar, 3),
      };
    }),
    metadata: metadata && {
      type: numberOf(metadata, 1),
      name: '',
      help: symbols[numberOf(metadata, 3)] ?? '?',
      unit: symbols[numberOf(metadata, 4)] ?? '?',
    },
  };
}

/** @throws for a body that is no message of the version that its headers name */
export function decodeRequest(
  method: string,
  headers: DecodedRequest['headers'],
  body: Uint8Array,
): DecodedRequest {
  const version = headers['x-prometheus-remote-write-version'] === '2.0.0' ? 2 : 1;
  const fields = parseFields(uncompress(body, 64 * 1024 * 1024));
  const symbols = bytesOf(fields.get(4)).map(text);
  const series =
    version === 1
      ? bytesOf(fields.get(1)).map(parseSeries1)
      : bytesOf(fields.get(5)).map((one) => parseSeries2(one, symbols));
  const metadata =
    version === 2
      ? []
      : bytesOf(fields.get(3)).map((one) => {
          const own = parseFields(one);
          return {
            type: numberOf(own, 1),
            name: text(own.get(2)?.[0]),
            help: text(own.get(4)?.[0]),
            unit: text(own.get(5)?.[0]),
          };
        });
  return {
    atMs: Date.now(),
    method,
    headers,
    body,
    version,
    symbols,
    series,
    metadata,
    fields: new Set(fields.keys()),
  };
}
