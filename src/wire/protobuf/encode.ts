/**
 * A plain object → bytes of a protobuf message, by the message's table (schema.ts): fields in the
 * order of their numbers, without those that have their initial value, as in proto3.
 * Source: https://protobuf.dev/programming-guides/encoding/
 */
import { putVarint, measureVarint } from '../varint.ts';
import type { Scalar } from './scalars.ts';
import type { Message, Shape } from './schema.ts';
import { BYTES, tagOf } from './wire-format.ts';
import { ProtoWriter } from './writer.ts';

/** Deeper messages would not be decoded, and may be a value that contains itself. */
const DEPTH_MAX = 64;

/** @throws RangeError for a value that its field cannot have, which is a bug of the caller */
export function encodeMessage<Value>(message: Message<Value>, value: Value): Uint8Array {
  const writer = new ProtoWriter(256);
  writeMessage(writer, message, value);
  return writer.written();
}

/** Writes the fields of a message, without a tag and length before them. */
export function writeMessage<Value>(
  writer: ProtoWriter,
  message: Message<Value>,
  value: Value,
): void {
  writeFields(writer, message as Message<object>, value as Fields, 0);
}

/** Writes a message as a field of the one that is being written. */
export function writeField<Value>(
  writer: ProtoWriter,
  number: number,
  message: Message<Value>,
  value: Value,
): void {
  writeNested(writer, number, () => writeMessage(writer, message, value));
}

type Fields = Readonly<Record<string, unknown>>;

function writeFields(
  writer: ProtoWriter,
  message: Message<object>,
  value: Fields,
  depth: number,
): void {
  if (depth > DEPTH_MAX) throw new RangeError(`BUG: ${message.name} is nested too deeply`);
  for (const { key, number, shape, member } of message.slots) {
    const given = value[key];
    if (member === undefined) {
      if (given !== undefined && !isInitial(shape, given))
        writeValue(writer, number, shape, given, depth);
      continue;
    }
    const chosen = given as { readonly is: string; readonly value: unknown } | undefined;
    if (chosen?.is === member) writeValue(writer, number, shape, chosen.value, depth);
  }
}

/** Whether a field has its initial value and so is left out. -0 is not 0 and is written. */
function isInitial(shape: Shape, value: unknown): boolean {
  if (shape.of !== 'single') return false;
  return value instanceof Uint8Array ? value.length === 0 : Object.is(value, shape.scalar.initial);
}

function writeValue(
  writer: ProtoWriter,
  number: number,
  shape: Shape,
  value: unknown,
  depth: number,
): void {
  switch (shape.of) {
    case 'single':
    case 'optional':
      writeScalar(writer, number, shape.scalar, value);
      return;
    case 'list':
      for (const element of value as Iterable<unknown>)
        writeScalar(writer, number, shape.scalar, element);
      return;
    case 'packed':
      writePacked(writer, number, shape.scalar, value as readonly unknown[]);
      return;
    default: {
      const message = shape.message();
      for (const nested of listMessages(shape.of, value))
        writeNested(writer, number, () => writeFields(writer, message, nested, depth + 1));
    }
  }
}

/** The messages of a field: the value itself, its elements, or its entries. */
function listMessages(of: 'message' | 'messages' | 'map', value: unknown): Iterable<Fields> {
  if (of === 'message') return [value as Fields];
  if (of === 'messages') return value as Iterable<Fields>;
  return [...(value as ReadonlyMap<unknown, unknown>)].map(([key, entry]) => ({
    key,
    value: entry,
  }));
}

function writeScalar(
  writer: ProtoWriter,
  number: number,
  scalar: Scalar<unknown>,
  value: unknown,
): void {
  writer.varint(tagOf(number, scalar.wireType));
  scalar.write(writer, value);
}

function writePacked(
  writer: ProtoWriter,
  number: number,
  scalar: Scalar<unknown>,
  values: readonly unknown[],
): void {
  if (values.length === 0) return;
  writeNested(writer, number, () => {
    for (const value of values) scalar.write(writer, value);
  });
}

/**
 * Writes a length-delimited field whose length is known only afterwards. One byte is reserved for
 * the length; where it needs more, the bytes behind it are moved.
 */
export function writeNested(writer: ProtoWriter, number: number, write: () => void): void {
  writer.varint(tagOf(number, BYTES));
  const lengthAt = writer.length;
  writer.reserve(1);
  writer.length += 1;
  write();
  const length = writer.length - lengthAt - 1;
  const more = measureVarint(length) - 1;
  if (more > 0) {
    writer.reserve(more);
    writer.bytes.copyWithin(lengthAt + 1 + more, lengthAt + 1, writer.length);
    writer.length += more;
  }
  putVarint(writer.bytes, lengthAt, length);
}
