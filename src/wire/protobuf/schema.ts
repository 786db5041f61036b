/**
 * Tables of protobuf messages, for messages that are not read often enough to deserve a reader by
 * hand. A table lists the fields of a message; decode.ts and encode.ts go by it, and TypeScript
 * derives the type of a decoded message from it:
 *
 *     const SPAN = defineMessage('BucketSpan', {
 *       offset: field(1, sint),              number, 0 where it is absent
 *       length: field(2, uint),
 *     });
 *     const HISTOGRAM = defineMessage('Histogram', {
 *       count: alternatives({                { is: 'int', value: number } | … | undefined
 *         int: field(1, uint),
 *         float: field(2, double),
 *       }),
 *       sum: optional(3, double),            number | undefined
 *       spans: repeated(11, SPAN),           readonly Span[]
 *       deltas: packed(12, sint),            readonly number[]
 *       zero: field(18, SPAN),               Span | undefined
 *       names: map(19, string, string),      ReadonlyMap<string, string>
 *     });
 *     type Histogram = MessageValue<typeof HISTOGRAM>;
 *
 * A message that contains itself is given as a function, and its type is written by hand:
 *
 *     const VALUE: Message<Value> = defineMessage('Value', { list: repeated(1, () => VALUE) });
 *
 * The names are ours; only numbers and types are on the wire. Not here: proto2's groups, defaults
 * and extensions.
 * Source: https://protobuf.dev/programming-guides/proto3/
 */
import type { Scalar } from './scalars.ts';

/** The compiled table of a message, which decodes to a `Value`. */
export interface Message<Value> {
  /** The name of the message in errors. */
  readonly name: string;
  /** The value of a message without fields. */
  readonly initial: Value;
  /** In ascending order of their numbers. */
  readonly slots: readonly Slot[];
  readonly slotByNumber: readonly (Slot | undefined)[];
}

/** The value that a table describes: `MessageValue<typeof HISTOGRAM>`. */
export type MessageValue<M> = M extends Message<infer Value> ? Value : never;

type LazyMessage<Value> = Message<Value> | (() => Message<Value>);

/**
 * How a field is read and written. `message` is a function, since a table may contain itself.
 *
 *     single    a scalar, left out when it has the initial value
 *     optional  a scalar, written whenever it is defined
 *     list      scalars, each with a tag
 *     packed    numbers, in one run of bytes
 *     message   at most one message
 *     messages  any number of messages
 *     map       entries { 1 key, 2 value }
 */
export type Shape =
  | { readonly of: 'single' | 'optional' | 'list' | 'packed'; readonly scalar: Scalar<unknown> }
  | { readonly of: 'message' | 'messages' | 'map'; readonly message: () => Message<object> };

/** A field of a table; `Value` is its type in the decoded message. */
export interface Field<Value> {
  readonly number: number;
  readonly shape: Shape;
  readonly initial: Value;
}

/** Fields of which at most one is present; the last one on the wire counts. */
export interface OneOf<Members extends Readonly<Record<string, Field<unknown>>>> {
  readonly members: Members;
}

/** The field that a number stands for in a message. */
export interface Slot {
  readonly key: string;
  readonly number: number;
  readonly shape: Shape;
  /** The name of a member of `alternatives`; undefined for other fields. */
  readonly member: string | undefined;
}

type Table = Readonly<Record<string, Field<unknown> | OneOf<Record<string, Field<unknown>>>>>;

type MemberOf<Members> = {
  [Name in keyof Members]: Members[Name] extends Field<infer Value>
    ? { readonly is: Name; readonly value: Exclude<Value, undefined> }
    : never;
}[keyof Members];

type ValueOf<Entry> =
  Entry extends Field<infer Value>
    ? Value
    : Entry extends OneOf<infer Members>
      ? MemberOf<Members> | undefined
      : never;

type ValueOfTable<Fields> = { readonly [Key in keyof Fields]: ValueOf<Fields[Key]> };

/**
 * A scalar, which has its initial value where it is absent; or a message, which is undefined then.
 */
export function field<Value>(number: number, type: Scalar<Value>): Field<Value>;
export function field<Value>(number: number, type: LazyMessage<Value>): Field<Value | undefined>;
export function field<Value>(
  number: number,
  type: Scalar<Value> | LazyMessage<Value>,
): Field<Value | undefined> {
  if (isScalar(type))
    return { number, shape: makeScalarShape('single', type), initial: type.initial };
  return { number, shape: makeMessageShape('message', type), initial: undefined };
}

/** A scalar that is undefined where it is absent. */
export function optional<Value>(number: number, type: Scalar<Value>): Field<Value | undefined> {
  return { number, shape: makeScalarShape('optional', type), initial: undefined };
}

/** A list of messages, or of scalars with a tag each. */
export function repeated<Value>(
  number: number,
  type: Scalar<Value> | LazyMessage<Value>,
): Field<readonly Value[]> {
  const shape = isScalar(type) ? makeScalarShape('list', type) : makeMessageShape('messages', type);
  return { number, shape, initial: NO_ELEMENTS };
}

/** A list of numbers, written as one run of bytes; it is also read with a tag for each number. */
export function packed<Value extends number | bigint | boolean | string>(
  number: number,
  type: Scalar<Value>,
): Field<readonly Value[]> {
  if (type.initial === '') throw new Error('BUG: texts cannot be packed');
  return { number, shape: makeScalarShape('packed', type), initial: NO_ELEMENTS };
}

/** A map; where a key comes twice, the last value counts. */
export function map<Key, Value>(
  number: number,
  key: Scalar<Key>,
  value: Scalar<Value> | LazyMessage<Value>,
): Field<ReadonlyMap<Key, Value>> {
  const valueField = isScalar(value) ? field(2, value) : field(2, value);
  const entry = defineMessage('entry', { key: field(1, key), value: valueField });
  return { number, shape: makeMessageShape('map', entry), initial: NO_ENTRIES };
}

/** Alternative fields, a `oneof` in .proto. Lists and maps cannot be members. */
export function alternatives<const Members extends Record<string, Field<unknown>>>(
  members: Members,
): OneOf<Members> {
  for (const [name, { shape }] of Object.entries(members))
    if (shape.of !== 'single' && shape.of !== 'message')
      throw new Error(`BUG: ${name} cannot be one of several fields`);
  return { members };
}

/** Compiles a table. @throws Error for a field number that is out of range or comes twice */
export function defineMessage<const Fields extends Table>(
  name: string,
  fields: Fields,
): Message<ValueOfTable<Fields>> {
  const initial: Record<string, unknown> = {};
  const slotByNumber: (Slot | undefined)[] = [];
  for (const [key, entry] of Object.entries(fields)) {
    initial[key] = 'members' in entry ? undefined : entry.initial;
    const members = 'members' in entry ? Object.entries(entry.members) : [[undefined, entry]];
    for (const [member, { number, shape }] of members as [string | undefined, Field<unknown>][]) {
      if (!(number >= 1 && number < 2 ** 29) || slotByNumber[number] !== undefined)
        throw new Error(`BUG: field ${number} of ${name} is there twice, or cannot be`);
      slotByNumber[number] = { key, number, shape, member };
    }
  }
  const slots = slotByNumber.filter((slot) => slot !== undefined);
  return { name, initial: initial as ValueOfTable<Fields>, slots, slotByNumber };
}

/**
 * The value of a list, and of a map, that is absent. Shared, so compare by identity before adding.
 */
/**
 * Of a decoded message, the bytes of fields that its table does not have, each with its tag. A copy
 * made by spreading has them too.
 */
export const UNKNOWN_FIELDS = Symbol('fields that the table does not have');

export const NO_ELEMENTS: readonly never[] = Object.freeze([]);
export const NO_ENTRIES: ReadonlyMap<never, never> = new Map<never, never>();

function isScalar<Value>(type: Scalar<Value> | LazyMessage<Value>): type is Scalar<Value> {
  return 'wireType' in type;
}

function makeScalarShape<Value>(
  of: 'single' | 'optional' | 'list' | 'packed',
  type: Scalar<Value>,
): Shape {
  return { of, scalar: type };
}

function makeMessageShape<Value>(
  of: 'message' | 'messages' | 'map',
  type: LazyMessage<Value>,
): Shape {
  const message = typeof type === 'function' ? type : (): Message<Value> => type;
  return { of, message: message as () => Message<object> };
}
