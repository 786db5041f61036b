/**
 * Tables of protobuf messages, for all that is not read so often that a reader of its own pays. A
 * message is a table of its fields; decode.ts and encode.ts go by it, and TypeScript knows from it
 * what a decoded message looks like:
 *
 *     const SPAN = defineMessage('BucketSpan', {
 *       offset: field(1, sint),                            number, 0 where it is not there
 *       length: field(2, uint), }); const HISTOGRAM = defineMessage('Histogram', { count: oneOf({
 *     int: field(1, uint), float: field(2, double) }), { is: 'int', value: number } | … | undefined
 *       sum: optional(3, double),                          number | undefined
 *       spans: repeated(11, SPAN),                         readonly Span[]
 *       deltas: packed(12, sint),                          readonly number[]
 *       zero: field(18, SPAN),                             Span | undefined
 *       names: map(19, string, string),                    ReadonlyMap<string, string>
 *     });
 *     type Histogram = MessageValue<typeof HISTOGRAM>;
 *
 * A message that holds itself is given as a function, and its type written by hand:
 *
 *     const VALUE: Message<Value> = defineMessage('Value', { list: repeated(1, () => VALUE) });
 *
 * Names are ours; only numbers and types are on the wire. Not here: proto2's groups, defaults and
 * extensions. Source: https://protobuf.dev/programming-guides/proto3/
 */
import type { Scalar } from './scalars.ts';

/** A message's table, made ready. `Value` is what it decodes to. */
export interface Message<Value> {
  /** For errors. */
  readonly name: string;
  /** A value whose fields are not there. */
  readonly initial: Value;
  /** In ascending order of their numbers. */
  readonly slots: readonly Slot[];
  readonly slotByNumber: readonly (Slot | undefined)[];
}

/** The value that a table describes: `MessageValue<typeof HISTOGRAM>`. */
export type MessageValue<M> = M extends Message<infer Value> ? Value : never;

type LazyMessage<Value> = Message<Value> | (() => Message<Value>);

/**
 * How a field is read and written. `message` is a function, since a table may hold itself.
 *
 *     single    a scalar; not written when it has the initial value
 *     optional  a scalar; written whenever it is there
 *     list      scalars, each with a tag
 *     packed    numbers, in one run of bytes
 *     message   one, or none
 *     messages  any number
 *     map       entries { 1 key, 2 value }
 */
export type Shape =
  | { readonly of: 'single' | 'optional' | 'list' | 'packed'; readonly scalar: Scalar<unknown> }
  | { readonly of: 'message' | 'messages' | 'map'; readonly message: () => Message<object> };

/** A field of a table; `Value` is its type there. */
export interface Field<Value> {
  readonly number: number;
  readonly shape: Shape;
  readonly initial: Value;
}

/** Fields of which at most one is there; the last one on the wire counts. */
export interface OneOf<Members extends Readonly<Record<string, Field<unknown>>>> {
  readonly members: Members;
}

/** What a number stands for within a message. */
export interface Slot {
  readonly key: string;
  readonly number: number;
  readonly shape: Shape;
  /** Of a member of a `oneOf`: its name there. */
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

/** A scalar that is always there, or a message that may be. */
export function field<Value>(number: number, type: Scalar<Value>): Field<Value>;
export function field<Value>(number: number, type: LazyMessage<Value>): Field<Value | undefined>;
export function field<Value>(
  number: number,
  type: Scalar<Value> | LazyMessage<Value>,
): Field<Value | undefined> {
  if (isScalar(type)) return { number, shape: scalarShape('single', type), initial: type.initial };
  return { number, shape: messageShape('message', type), initial: undefined };
}

/** A scalar of which it is known whether it was said. */
export function optional<Value>(number: number, type: Scalar<Value>): Field<Value | undefined> {
  return { number, shape: scalarShape('optional', type), initial: undefined };
}

/** Any number of messages, or of scalars with a tag each. */
export function repeated<Value>(
  number: number,
  type: Scalar<Value> | LazyMessage<Value>,
): Field<readonly Value[]> {
  const shape = isScalar(type) ? scalarShape('list', type) : messageShape('messages', type);
  return { number, shape, initial: NO_ELEMENTS };
}

/** Any number of numbers, written in one run of bytes; read also with a tag each. */
export function packed<Value extends number | bigint | boolean | string>(
  number: number,
  type: Scalar<Value>,
): Field<readonly Value[]> {
  if (type.initial === '') throw new Error('BUG: texts cannot be packed');
  return { number, shape: scalarShape('packed', type), initial: NO_ELEMENTS };
}

/** Of a key that comes twice the last value counts. */
export function map<Key, Value>(
  number: number,
  key: Scalar<Key>,
  value: Scalar<Value> | LazyMessage<Value>,
): Field<ReadonlyMap<Key, Value>> {
  const valueField = isScalar(value) ? field(2, value) : field(2, value);
  const entry = defineMessage('entry', { key: field(1, key), value: valueField });
  return { number, shape: messageShape('map', entry), initial: NO_ENTRIES };
}

/** Lists and maps cannot be members. */
export function alternatives<const Members extends Record<string, Field<unknown>>>(
  members: Members,
): OneOf<Members> {
  for (const [name, { shape }] of Object.entries(members))
    if (shape.of !== 'single' && shape.of !== 'message')
      throw new Error(`BUG: ${name} cannot be one of several fields`);
  return { members };
}

/** Makes a table ready. A field number that comes twice is a fault of the table's. */
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

/** Lists and maps of which nothing was read are these. */
export const NO_ELEMENTS: readonly never[] = Object.freeze([]);
export const NO_ENTRIES: ReadonlyMap<never, never> = new Map<never, never>();

function isScalar<Value>(type: Scalar<Value> | LazyMessage<Value>): type is Scalar<Value> {
  return 'wireType' in type;
}

function scalarShape<Value>(
  of: 'single' | 'optional' | 'list' | 'packed',
  type: Scalar<Value>,
): Shape {
  return { of, scalar: type };
}

function messageShape<Value>(of: 'message' | 'messages' | 'map', type: LazyMessage<Value>): Shape {
  const message = typeof type === 'function' ? type : (): Message<Value> => type;
  return { of, message: message as () => Message<object> };
}
