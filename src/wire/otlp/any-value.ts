/**
 * Values of OTLP's attributes as text, as the Collector and Prometheus turn them into labels. Pure.
 *
 *     true → true    7 → 7    0.5 → 0.5    bytes → base64    lists and maps → JSON, keys sorted
 *
 * Text that is no UTF-8 has U+FFFD in the places of what is wrong.
 * Limits: 64 values within one another.
 * Source: opentelemetry-proto's common.proto; the Collector's pdata/pcommon/value.go (AsString)
 */
import { WireError } from '../errors.ts';
import type { ProtoReader } from '../protobuf/reader.ts';

const DEPTH_MAX = 64;

/** A value as JSON has it; `number` is the text of one, since an int64 may be too large for one. */
type Raw =
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'number'; readonly text: string }
  | { readonly is: 'list'; readonly items: readonly Raw[] }
  | { readonly is: 'map'; readonly entries: ReadonlyMap<string, Raw> }
  | { readonly is: 'nothing' };

/** Reads a KeyValue, from its beginning to the reader's end; the value is text. */
export function readAttribute(reader: ProtoReader): readonly [name: string, value: string] {
  const [name, value] = readPair(reader, 0);
  return [name, formatWhole(value)];
}

function readPair(reader: ProtoReader, depth: number): readonly [name: string, value: Raw] {
  let name = '';
  let value: Raw = NOTHING;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 0x0a) name = readText(reader);
    else if (tag === 0x12) {
      const outer = reader.enter();
      value = readValue(reader, depth);
      reader.leave(outer);
    } else reader.skip(tag);
  }
  return [name, value];
}

function readValue(reader: ProtoReader, depth: number): Raw {
  if (depth > DEPTH_MAX)
    throw new WireError('corrupt', `malformed OTLP: more than ${DEPTH_MAX} values in one another`);
  let value: Raw = NOTHING;
  while (reader.more()) {
    const tag = reader.tag();
    switch (tag) {
      case 0x0a:
        value = { is: 'text', text: readText(reader) };
        break;
      case 0x10:
        value = { is: 'number', text: String(reader.varint() !== 0) };
        break;
      case 0x18:
        value = { is: 'number', text: reader.bigInt64().toString() };
        break;
      case 0x21:
        value = { is: 'number', text: formatDouble(reader.double()) };
        break;
      case 0x2a:
        value = { is: 'list', items: readList(reader, depth) };
        break;
      case 0x32:
        value = { is: 'map', entries: readMap(reader, depth) };
        break;
      case 0x3a:
        value = { is: 'text', text: readBase64(reader) };
        break;
      default:
        reader.skip(tag);
    }
  }
  return value;
}

function readList(reader: ProtoReader, depth: number): readonly Raw[] {
  const items: Raw[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag !== 0x0a) {
      reader.skip(tag);
      continue;
    }
    const list = reader.enter();
    items.push(readValue(reader, depth + 1));
    reader.leave(list);
  }
  reader.leave(outer);
  return items;
}

function readMap(reader: ProtoReader, depth: number): ReadonlyMap<string, Raw> {
  const entries = new Map<string, Raw>();
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag !== 0x0a) {
      reader.skip(tag);
      continue;
    }
    const map = reader.enter();
    entries.set(...readPair(reader, depth + 1));
    reader.leave(map);
  }
  reader.leave(outer);
  return entries;
}

/** Tolerant: one wrong byte in a name must not cost a request. */
function readText(reader: ProtoReader): string {
  const end = reader.lengthEnd();
  const start = reader.at;
  reader.at = end;
  const { bytes } = reader;
  // Most texts are short, and views of them would cost more than they do.
  if (Buffer.isBuffer(bytes)) return bytes.toString('utf8', start, end);
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}

function readBase64(reader: ProtoReader): string {
  const bytes = reader.binary();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

/** ECMAScript's own text, which the Collector follows, but for the sign of zero. */
function formatDouble(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

const NOTHING: Raw = { is: 'nothing' };

function formatWhole(value: Raw): string {
  if (value.is === 'nothing') return '';
  return value.is === 'text' ? value.text : formatInner(value);
}

function formatInner(value: Raw): string {
  switch (value.is) {
    case 'nothing':
      return 'null';
    case 'number':
      return value.text;
    case 'text':
      return JSON.stringify(value.text);
    case 'list':
      return `[${value.items.map(formatInner).join(',')}]`;
    case 'map': {
      const entries = [...value.entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      const members = entries.map(([name, one]) => `${JSON.stringify(name)}:${formatInner(one)}`);
      return `{${members.join(',')}}`;
    }
  }
}
