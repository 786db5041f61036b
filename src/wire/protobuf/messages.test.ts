/**
 * A message by its table: what is encoded is decoded; a reader and a writer that know no tables
 * agree; hostile bytes end in a WireError that says where. Generated tables: any-table.test.ts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WireError } from '../errors.ts';
import { decodeMessage, type DecodeLimits } from './decode.ts';
import { encodeMessage } from './encode.ts';
import { ProtoReader } from './reader.ts';
import { binary, double, enumeration, int, sint, string, uint } from './scalars.ts';
import {
  defineMessage,
  field,
  map,
  type Message,
  type MessageValue,
  alternatives,
  optional,
  packed,
  repeated,
} from './schema.ts';
import { ProtoWriter } from './writer.ts';

const SPAN = defineMessage('Span', { offset: field(1, sint), length: field(2, uint) });
const COLOURS = ['none', 'red', 'green'] as const;
const THING = defineMessage('Thing', {
  name: field(1, string),
  tMs: field(2, int),
  colour: field(3, enumeration(COLOURS)),
  count: alternatives({ whole: field(4, uint), part: field(5, double), span: field(12, SPAN) }),
  zero: optional(6, double),
  span: field(7, SPAN),
  spans: repeated(8, SPAN),
  deltas: packed(9, sint),
  tags: repeated(10, string),
  sizes: map(11, string, uint),
  byId: map(200, uint, SPAN),
  id: field(13, binary),
});
type Thing = MessageValue<typeof THING>;

const EMPTY: Thing = {
  name: '',
  tMs: 0,
  colour: 'none',
  count: undefined,
  zero: undefined,
  span: undefined,
  spans: [],
  deltas: [],
  tags: [],
  sizes: new Map(),
  byId: new Map(),
  id: new Uint8Array(0),
};

/** The part of OTLP's AnyValue that contains itself. */
interface Any {
  readonly value:
    | { readonly is: 'text'; readonly value: string }
    | { readonly is: 'list'; readonly value: { readonly values: readonly Any[] } }
    | undefined;
}
const ANY: Message<Any> = defineMessage('Any', {
  value: alternatives({ text: field(1, string), list: field(5, () => LIST) }),
});
const LIST: Message<{ readonly values: readonly Any[] }> = defineMessage('List', {
  values: repeated(1, () => ANY),
});

/** Objects as literals make them. */
const PLAIN = { noNullPrototype: true } as const;
const whole = fc.oneof(fc.nat(300), fc.maxSafeNat());
const signed = fc.oneof(
  fc.integer({ min: -300, max: 300 }),
  fc.integer({ min: -(2 ** 52), max: 2 ** 52 - 1 }),
);
const text = fc.string({ unit: 'grapheme', maxLength: 200 });
const span = fc.record({ offset: signed, length: whole }, PLAIN);
const thing: fc.Arbitrary<Thing> = fc.record(
  {
    name: text,
    tMs: fc.maxSafeInteger(),
    colour: fc.constantFrom(...COLOURS),
    count: fc.option(
      fc.oneof(
        fc.record({ is: fc.constant('whole' as const), value: whole }, PLAIN),
        fc.record({ is: fc.constant('part' as const), value: fc.double() }, PLAIN),
        fc.record({ is: fc.constant('span' as const), value: span }, PLAIN),
      ),
      { nil: undefined },
    ),
    zero: fc.option(fc.double(), { nil: undefined }),
    span: fc.option(span, { nil: undefined }),
    spans: fc.array(span),
    deltas: fc.array(signed, { maxLength: 200 }),
    tags: fc.array(text),
    sizes: fc.array(fc.tuple(text, whole)).map((list) => new Map(list)),
    byId: fc.array(fc.tuple(whole, span)).map((list) => new Map(list)),
    id: fc.uint8Array(),
  },
  PLAIN,
);

test('a message comes back as it was', () => {
  fc.assert(
    fc.property(thing, (value) => {
      assert.deepEqual(decodeMessage(THING, encodeMessage(THING, value)), value);
    }),
  );
  assert.deepEqual(decodeMessage(THING, new Uint8Array(0)), EMPTY);
  assert.equal(encodeMessage(THING, EMPTY).length, 0);
});

function readOrRefuse<Value>(
  message: Message<Value>,
  bytes: Uint8Array,
  limits?: DecodeLimits,
): WireError | undefined {
  try {
    decodeMessage(message, bytes, limits);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof WireError, String(error));
    return error;
  }
}

test('a reader written by hand, that knows no table, finds the same', () => {
  fc.assert(
    fc.property(thing, (value) => {
      const reader = new ProtoReader(encodeMessage(THING, { ...value, byId: new Map() }));
      const seen = { ...EMPTY, spans: [] as object[], tags: [] as string[] };
      const read = (): { offset: number; length: number } => {
        const outer = reader.enter();
        const found = { offset: 0, length: 0 };
        while (reader.more()) {
          const number = reader.varint() >>> 3;
          const raw = reader.varint();
          if (number === 1) found.offset = raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
          else found.length = raw;
        }
        reader.leave(outer);
        return found;
      };
      while (reader.more()) {
        const tag = reader.varint();
        if (tag === 10) seen.name = reader.string();
        else if (tag === 16) seen.tMs = reader.int64();
        else if (tag === 24) seen.colour = COLOURS[reader.varint()]!;
        else if (tag === 32) seen.count = { is: 'whole', value: reader.varint() };
        else if (tag === 41) seen.count = { is: 'part', value: reader.double() };
        else if (tag === 98) seen.count = { is: 'span', value: read() };
        else if (tag === 49) seen.zero = reader.double();
        else if (tag === 58) seen.span = read();
        else if (tag === 66) seen.spans.push(read());
        else if (tag === 82) seen.tags.push(reader.string());
        else reader.skip(tag);
      }
      const { deltas, sizes, byId, id } = EMPTY;
      assert.deepEqual(seen, { ...value, deltas, sizes, byId, id });
    }),
  );
});

const writing = (write: (writer: ProtoWriter) => void): Uint8Array => {
  const writer = new ProtoWriter(16);
  write(writer);
  return writer.written();
};

test('numbers come packed, one by one, or both; what is not known is skipped', () => {
  const bytes = writing((writer) => {
    writer.field(99, new Uint8Array([1, 2, 3]));
    for (const value of [2, 4]) {
      writer.varint(9 * 8);
      writer.varint(value);
    }
    writer.varint(77 * 8 + 5);
    writer.uint32(7);
    writer.field(9, new Uint8Array([6, 8]));
    writer.varint(78 * 8 + 1);
    writer.double(1);
  });
  assert.deepEqual(decodeMessage(THING, bytes), { ...EMPTY, deltas: [1, 2, 3, 4] });
});

test('the last of a field counts, messages are merged, one of several is replaced', () => {
  const bytes = writing((writer) => {
    writer.string(1, 'first');
    writer.string(1, 'last');
    writer.field(7, new Uint8Array([8, 2]));
    writer.field(7, new Uint8Array([16, 5]));
    writer.varint(4 * 8);
    writer.varint(3);
    writer.field(12, new Uint8Array([16, 9]));
    writer.field(200, new Uint8Array([8, 1]));
  });
  assert.deepEqual(decodeMessage(THING, bytes), {
    ...EMPTY,
    name: 'last',
    span: { offset: 1, length: 5 },
    count: { is: 'span', value: { offset: 0, length: 9 } },
    byId: new Map([[1, { offset: 0, length: 0 }]]),
  });
});

test('two messages share nothing', () => {
  const bytes = writing((writer) => writer.string(10, 'a'));
  decodeMessage(THING, bytes);
  assert.deepEqual(decodeMessage(THING, bytes).tags, ['a']);
  assert.deepEqual(decodeMessage(THING, new Uint8Array(0)).tags, []);
});

test('a number beyond 64 bits is written as the nearest that fits, and not read as another', () => {
  const ends = defineMessage('Ends', { a: field(1, uint), b: field(2, int), c: field(3, sint) });
  const none = { a: 0, b: 0, c: 0 };
  for (const value of [{ a: 2 ** 64 }, { b: -(2 ** 63) }, { c: -(2 ** 63) }])
    assert.throws(
      () => decodeMessage(ends, encodeMessage(ends, { ...none, ...value })),
      /beyond ±2\^53.*Ends\.[abc]/,
    );
  for (const a of [-1, 0.5, Number.NaN])
    assert.throws(() => encodeMessage(ends, { ...none, a }), RangeError);
});

test('an error names the byte and the path of the field', () => {
  const good = encodeMessage(THING, {
    ...EMPTY,
    spans: [
      { offset: 1, length: 1 },
      { offset: 1, length: 300 },
    ],
  });
  const cases: [Uint8Array, RegExp][] = [
    [good.subarray(0, 10), /longer than its message at byte 8 \(Thing\.spans\[1\]\)/],
    [
      writing((writer) => writer.field(8, new Uint8Array([13, 0, 0, 0, 0]))),
      /wire type 5 where 0 is right at byte 3 \(Thing\.spans\[0\]\.offset\)/,
    ],
    [
      writing((writer) => writer.field(12, new Uint8Array([8, 0x80]))),
      /varint is cut off at byte 4 \(Thing\.count\.span\.offset\)/,
    ],
    [new Uint8Array([0x0b]), /wire type 3 where 2 is right/],
    [new Uint8Array([0xa3, 0x06]), /a group/],
    [new Uint8Array([0x00]), /no field with tag 0 at byte 0 \(Thing\)/],
  ];
  for (const [bytes, expected] of cases) {
    const error = readOrRefuse(THING, bytes);
    assert.match(error?.message ?? 'nothing was thrown', expected);
    assert.equal(error?.reason, 'corrupt');
  }
  const text = readOrRefuse(THING, writing((writer) => writer.field(1, new Uint8Array([0xc3])))); // prettier-ignore
  assert.match(text?.message ?? '', /UTF-8 at byte 2 \(Thing\.name/);
  assert.equal(text?.reason, 'value');
});

test('every cut, every flipped bit and any bytes end in a value or a WireError', () => {
  const [bytes] = fc.sample(
    thing.map((value) => encodeMessage(THING, value)).filter(({ length }) => length > 200),
    { numRuns: 1, seed: 7 },
  );
  for (let at = 0; at < bytes!.length; at++) {
    readOrRefuse(THING, bytes!.subarray(0, at));
    for (let bit = 0; bit < 8; bit++) {
      const flipped = bytes!.slice();
      flipped[at]! ^= 1 << bit;
      readOrRefuse(THING, flipped);
    }
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (some) => {
      readOrRefuse(THING, some);
      readOrRefuse(ANY, some);
    }),
    { numRuns: 1_000 },
  );
});

test('depth, bytes and elements are bounded', () => {
  let nested: Any = { value: { is: 'text', value: 'in the middle' } };
  for (let i = 0; i < 10; i++) nested = { value: { is: 'list', value: { values: [nested] } } };
  const bytes = encodeMessage(ANY, nested);
  assert.deepEqual(decodeMessage(ANY, bytes), nested);
  assert.match(readOrRefuse(ANY, bytes, { depthMax: 19 })?.message ?? '', /deeper than 19/);

  let bomb = new Uint8Array(0);
  for (let i = 0; i < 20_000; i++)
    bomb = Buffer.concat([new Uint8Array([i % 2 === 0 ? 10 : 42]), varint(bomb.length), bomb]);
  assert.equal(readOrRefuse(ANY, bomb)?.reason, 'too_large');

  const many = writing((writer) => {
    for (let i = 0; i < 1_000; i++) writer.field(8, new Uint8Array(0));
  });
  assert.equal(decodeMessage(THING, many).spans.length, 1_000);
  const error = readOrRefuse(THING, many, { elementsMax: 999 });
  assert.match(error?.message ?? '', /more than 999 elements .*spans\[999\]/);
  assert.equal(readOrRefuse(THING, many, { bytesMax: many.length - 1 })?.reason, 'too_large');

  const entries = writing((writer) => {
    for (let i = 0; i < 100_000; i++) writer.field(200, new Uint8Array([8, i & 0x7f]));
  });
  const startedMs = performance.now();
  assert.equal(decodeMessage(THING, entries).byId.size, 128);
  assert.ok(performance.now() - startedMs < 5_000, 'the time does not grow with the square');
});

function varint(value: number): Uint8Array {
  return writing((writer) => writer.varint(value));
}

test('a table with a number that comes twice, or a list as one of several, is refused', () => {
  assert.throws(() => defineMessage('Twice', { a: field(1, uint), b: field(1, uint) }), /BUG/);
  assert.throws(() => alternatives({ a: repeated(1, uint) }), /BUG/);
});
