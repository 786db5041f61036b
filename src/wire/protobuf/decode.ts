/**
 * Bytes of a protobuf message → a plain object, by the message's table (schema.ts). Fields that the
 * table does not have are skipped, or kept as bytes where a limit says so. As in proto3, of a
 * scalar that comes twice the last value counts, a message that comes twice is merged, and packed
 * numbers are also read when each has a tag. Stricter than proto3: a known field of another wire
 * type is refused, as Go's gogo/protobuf does.
 *
 * Limits: bytes, depth, and the number of elements of all lists and maps, since an element of two
 * bytes can become an object of twenty fields.
 * Source: https://protobuf.dev/programming-guides/encoding/
 */
import { WireError } from '../errors.ts';
import { ProtoReader } from './reader.ts';
import type { Scalar } from './scalars.ts';
import {
  type Message,
  NO_ENTRIES,
  NO_ELEMENTS,
  type Shape,
  type Slot,
  UNKNOWN_FIELDS,
} from './schema.ts';
import { BYTES } from './wire-format.ts';

export interface DecodeLimits {
  /** Bytes of the message. */
  readonly bytesMax?: number;
  /** Depth of messages within messages. */
  readonly depthMax?: number;
  /** Elements of all lists and maps together. */
  readonly elementsMax?: number;
  /**
   * Whether fields that a table does not have are kept beside the others, for `encodeMessage` to
   * write them again; they are skipped otherwise.
   */
  readonly keepsUnknown?: boolean;
}

const DEFAULT_LIMITS: Required<DecodeLimits> = {
  bytesMax: 64 * 1024 * 1024,
  depthMax: 64,
  elementsMax: 4_000_000,
  keepsUnknown: false,
};

/**
 * Reads a whole message.
 *
 * @returns  an object with all fields of the table; bytes in it are views of what was read
 * @throws   WireError with byte and path of the field: `corrupt`, or `too_large` above a limit
 */
export function decodeMessage<Value>(
  message: Message<Value>,
  bytes: Uint8Array,
  limits?: DecodeLimits,
): Value {
  return readMessage(message, new ProtoReader(bytes), limits);
}

/**
 * The same as `decodeMessage`, from the reader's position to its end: for a message within one that
 * is read by hand.
 */
export function readMessage<Value>(
  message: Message<Value>,
  reader: ProtoReader,
  limits?: DecodeLimits,
): Value {
  const all = limits === undefined ? DEFAULT_LIMITS : { ...DEFAULT_LIMITS, ...limits };
  return new Decoding(reader, all).run(message);
}

/** A value that is being read. */
type Fields = Record<string, unknown>;
type MessageShape = Extract<Shape, { message: unknown }>;

class Decoding {
  readonly #reader: ProtoReader;
  readonly #limits: Required<DecodeLimits>;
  #elementsLeft: number;
  #depth = 0;
  /** The path to the field at fault, from the inside out. */
  #path: string[] | undefined;

  constructor(reader: ProtoReader, limits: Required<DecodeLimits>) {
    this.#reader = reader;
    this.#limits = limits;
    this.#elementsLeft = limits.elementsMax;
  }

  run<Value>(message: Message<Value>): Value {
    const value = { ...message.initial };
    try {
      const { bytesMax } = this.#limits;
      if (this.#reader.end - this.#reader.at > bytesMax)
        throw this.#makeError('too_large', `a message is longer than ${bytesMax} bytes`);
      this.#readFields(message as Message<object>, value as Fields);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      const path = [message.name, ...(this.#path ?? []).toReversed()].join('.');
      throw new WireError(error.reason, `${error.message} (${path})`, { cause: error });
    }
    return value;
  }

  #readFields(message: Message<object>, into: Fields): void {
    const reader = this.#reader;
    let slot: Slot | undefined;
    try {
      while (reader.more()) {
        slot = undefined;
        const start = reader.at;
        const tag = reader.tag();
        slot = message.slotByNumber[tag >>> 3];
        if (slot === undefined) {
          reader.skip(tag);
          if (this.#limits.keepsUnknown) this.#keepUnknown(start, into);
        } else if (slot.member === undefined) this.#readField(slot.shape, tag & 7, into, slot.key);
        else this.#readMember(slot.member, slot, tag & 7, into);
      }
    } catch (error) {
      if (slot !== undefined) (this.#path ??= []).push(describeField(slot, into));
      throw error;
    }
  }

  /** Reads a member of alternatives; a value of another member is discarded. */
  #readMember(member: string, { key, shape }: Slot, wireType: number, into: Fields): void {
    const before = into[key] as { readonly is: string } | undefined;
    const chosen: Fields = before?.is === member ? before : { is: member, value: undefined };
    into[key] = chosen;
    this.#readField(shape, wireType, chosen, 'value');
  }

  #readField(shape: Shape, wireType: number, into: Fields, key: string): void {
    switch (shape.of) {
      case 'single':
      case 'optional':
        if (wireType !== shape.scalar.wireType)
          throw this.#makeWireTypeError(wireType, shape.scalar.wireType);
        into[key] = shape.scalar.read(this.#reader);
        return;
      case 'list':
      case 'packed': {
        const list = prepareList(into, key);
        if (wireType === BYTES && shape.scalar.wireType !== BYTES)
          this.#readPacked(shape.scalar, list);
        else if (wireType !== shape.scalar.wireType)
          throw this.#makeWireTypeError(wireType, shape.scalar.wireType);
        else {
          this.#countElement();
          list.push(shape.scalar.read(this.#reader));
        }
        return;
      }
      default:
        if (wireType !== BYTES) throw this.#makeWireTypeError(wireType, BYTES);
        this.#readMessage(shape, into, key);
    }
  }

  /** Keeps the field that was skipped last, with its tag. */
  #keepUnknown(start: number, into: Fields): void {
    this.#countElement();
    const kept = into as { [UNKNOWN_FIELDS]?: Uint8Array[] };
    (kept[UNKNOWN_FIELDS] ??= []).push(this.#reader.bytes.subarray(start, this.#reader.at));
  }

  #readPacked(scalar: Scalar<unknown>, list: unknown[]): void {
    const reader = this.#reader;
    const outer = reader.enter();
    while (reader.more()) {
      this.#countElement();
      list.push(scalar.read(reader));
    }
    reader.leave(outer);
  }

  #readMessage(shape: MessageShape, into: Fields, key: string): void {
    if (shape.of === 'message') {
      into[key] = this.#readNested(shape, into[key] as Fields | undefined);
      return;
    }
    this.#countElement();
    if (shape.of === 'messages') {
      prepareList(into, key).push(this.#readNested(shape, undefined));
      return;
    }
    if (into[key] === NO_ENTRIES) into[key] = new Map();
    const entry = this.#readNested(shape, undefined);
    const entries = into[key] as Map<unknown, unknown>;
    entries.set(entry['key'], entry['value'] ?? makeInitialValue(shape.message()));
  }

  /** @param before the value so far, where the same message came before */
  #readNested(shape: MessageShape, before: Fields | undefined): Fields {
    const reader = this.#reader;
    const message = shape.message();
    const value: Fields = before ?? { ...message.initial };
    const outer = reader.enter();
    this.#depth += 1;
    if (this.#depth > this.#limits.depthMax)
      throw this.#makeError(
        'too_large',
        `messages are nested deeper than ${this.#limits.depthMax}`,
      );
    this.#readFields(message, value);
    this.#depth -= 1;
    reader.leave(outer);
    return value;
  }

  #countElement(): void {
    this.#elementsLeft -= 1;
    if (this.#elementsLeft < 0)
      throw this.#makeError('too_large', `more than ${this.#limits.elementsMax} elements`);
  }

  #makeWireTypeError(wireType: number, expected: number): WireError {
    return this.#makeError('corrupt', `wire type ${wireType} where ${expected} is right`);
  }

  #makeError(reason: WireError['reason'], what: string): WireError {
    return new WireError(reason, `malformed protobuf: ${what} at byte ${this.#reader.at}`);
  }
}

/** A field in a path, with the index of the element that was being read: `labels[2]`. */
function describeField({ key, member, shape }: Slot, into: Fields): string {
  if (member !== undefined) return `${key}.${member}`;
  const value = into[key];
  const isList = shape.of !== 'single' && Array.isArray(value);
  return isList ? `${key}[${value.length}]` : key;
}

/** The value of a map entry that has none: for messages, one with initial values. */
function makeInitialValue(entry: Message<object>): unknown {
  const shape = entry.slotByNumber[2]?.shape;
  return shape !== undefined && 'message' in shape ? { ...shape.message().initial } : undefined;
}

/** The list of a field to push to; the first call replaces the shared empty list. */
function prepareList(into: Fields, key: string): unknown[] {
  const known = into[key];
  if (known !== NO_ELEMENTS) return known as unknown[];
  const list: unknown[] = [];
  into[key] = list;
  return list;
}
