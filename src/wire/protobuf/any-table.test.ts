/**
 * Generated tables: whatever fields a message has, what is encoded is decoded, and damaged bytes
 * end in a value or a WireError.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WireError } from '../errors.ts';
import { decodeMessage } from './decode.ts';
import { encodeMessage } from './encode.ts';
import {
  bigFixed64,
  binary,
  bool,
  double,
  enumeration,
  fixed32,
  fixed64,
  float,
  int,
  type Scalar,
  sfixed64,
  sint,
  string,
  uint,
} from './scalars.ts';
import { defineMessage, field, map, type Message, optional, packed, repeated } from './schema.ts';

const NAMES = ['none', 'red', 'green'] as const;
/** Objects as literals make them. */
const PLAIN = { noNullPrototype: true } as const;
const whole = fc.oneof(fc.nat(300), fc.maxSafeNat());
const signed = fc.oneof(
  fc.integer({ min: -300, max: 300 }),
  fc.integer({ min: -(2 ** 52), max: 2 ** 52 - 1 }),
);
const text = fc.string({ unit: 'grapheme', maxLength: 200 });

/** A scalar, and values of it. */
const SCALARS: readonly (readonly [Scalar<unknown>, fc.Arbitrary<unknown>])[] = [
  [uint, whole],
  [int, fc.maxSafeInteger()],
  [sint, signed],
  [bool, fc.boolean()],
  [enumeration(NAMES), fc.constantFrom(...NAMES)],
  [fixed32, fc.nat(2 ** 32 - 1)],
  [fixed64, fc.maxSafeNat()],
  [sfixed64, fc.maxSafeInteger()],
  [bigFixed64, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })],
  [float, fc.float()],
  [double, fc.double()],
  [string, text],
  [binary, fc.uint8Array()],
];

type Made = readonly [message: Message<object>, values: fc.Arbitrary<object>];

/** Tables of up to eight fields at any numbers, three deep, each with values that it describes. */
function tables(depth: number): fc.Arbitrary<Made> {
  const scalar = fc.constantFrom(...SCALARS);
  const list = (of: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => fc.array(of, { maxLength: 5 });
  const makers: fc.Arbitrary<
    readonly [(number: number) => ReturnType<typeof field<unknown>>, fc.Arbitrary<unknown>]
  >[] = [
    scalar.map(([type, of]) => [(n) => field(n, type), of] as const),
    scalar.map(
      ([type, of]) => [(n) => optional(n, type), fc.option(of, { nil: undefined })] as const,
    ),
    scalar.map(([type, of]) => [(n) => repeated(n, type), list(of)] as const),
    scalar
      .filter(([type]) => type.wireType !== 2)
      .map(([type, of]) => [(n) => packed(n, type as Scalar<number>), list(of)] as const),
  ];
  if (depth > 0) {
    const nested = tables(depth - 1);
    makers.push(
      nested.map(
        ([type, of]) => [(n) => field(n, type), fc.option(of, { nil: undefined })] as const,
      ),
      nested.map(([type, of]) => [(n) => repeated(n, type), list(of)] as const),
      nested.map(
        ([type, of]) =>
          [
            (n) => map(n, uint, type),
            fc.array(fc.tuple(fc.nat(3), of)).map((entries) => new Map(entries)),
          ] as const,
      ),
    );
  }
  const numbered = fc.tuple(fc.integer({ min: 1, max: 3_000 }), fc.oneof(...makers));
  return fc
    .uniqueArray(numbered, { maxLength: 8, selector: ([number]) => number })
    .map((fields) => {
      const made = fields.map(([number, [make, of]], index) => ({
        key: `field${index}`,
        field: make(number),
        of,
      }));
      const message = defineMessage(
        'Made',
        Object.fromEntries(made.map((one) => [one.key, one.field])),
      );
      const values = fc.record(Object.fromEntries(made.map((one) => [one.key, one.of])), PLAIN);
      return [message, values];
    });
}

test('any table reads what it writes, and hostile forms of it end in a WireError', () => {
  const made = tables(2).chain(([message, values]) => fc.tuple(fc.constant(message), values));
  fc.assert(
    fc.property(made, fc.nat(), fc.nat(255), ([message, value], at, byte) => {
      const bytes = encodeMessage(message, value);
      assert.deepEqual(decodeMessage(message, bytes), value);
      if (bytes.length === 0) return;
      const damaged = bytes.slice();
      damaged[at % bytes.length] = byte;
      checkDecode(message, damaged);
      checkDecode(message, bytes.subarray(0, at % bytes.length));
    }),
    { numRuns: 500 },
  );
});

function checkDecode<Value>(message: Message<Value>, bytes: Uint8Array): void {
  try {
    decodeMessage(message, bytes);
  } catch (error) {
    assert.ok(error instanceof WireError, String(error));
  }
}
