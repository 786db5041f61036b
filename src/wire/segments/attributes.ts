/**
 * Attributes of OpenTelemetry as plain values, and how they are read by name. Of an attribute that
 * comes twice the last value counts.
 */
import type { AnyValue, KeyValue } from '../otlp/attribute-tables.ts';

/** A value; bytes stay bytes, and what has no value is null. */
export type AttributeValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue };

export type SpanAttributes = ReadonlyMap<string, AttributeValue>;

/** JSON of a document: `undefined` members are left out. */
export type SegmentMembers = { readonly [key: string]: unknown };

export function readSpanAttributes(list: readonly KeyValue[]): Map<string, AttributeValue> {
  return new Map(list.map(({ key, value }) => [key, readValue(value)]));
}

function readValue(any: AnyValue | undefined): AttributeValue {
  const value = any?.value;
  if (value === undefined) return null;
  switch (value.is) {
    case 'list':
      return value.value.values.map(readValue);
    case 'map':
      return Object.fromEntries(value.value.values.map((one) => [one.key, readValue(one.value)]));
    default:
      return value.value;
  }
}

/** The first of the attributes that is a text and not empty. */
export function readTextAttribute(
  attributes: SpanAttributes,
  ...keys: readonly string[]
): string | undefined {
  for (const key of keys) {
    const value = attributes.get(key);
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}

/** The first of the attributes that is a whole number, which may be written as a text. */
export function readWhole(
  attributes: SpanAttributes,
  ...keys: readonly string[]
): number | undefined {
  for (const key of keys) {
    const value = attributes.get(key);
    if (typeof value === 'number' && Number.isInteger(value)) return value;
    if (typeof value === 'string' && /^\d{1,15}$/.test(value)) return Number(value);
  }
  return undefined;
}

/** The texts of a list; none where it is no list. */
export function readTexts(value: AttributeValue | undefined): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

/** Undefined where nothing is left. */
export function dropAbsent(value: SegmentMembers): SegmentMembers | undefined {
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** In place of a number for which JSON has no form. */
type Raw = { readonly rawJSON: (text: string) => unknown };

/**
 * The text of a document. Whole numbers of 64 bits are exact, bytes are base64, and NaN and
 * infinities, which JSON lacks, are texts.
 */
export function stringifyDocument(document: SegmentMembers): string {
  return JSON.stringify(document, (_, value: unknown) => {
    if (typeof value === 'bigint') return (JSON as unknown as Raw).rawJSON(String(value));
    if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
    return value instanceof Uint8Array ? encodeBytes(value) : value;
  });
}

function encodeBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}
