import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EpochTime, decodeCbor, encodeCbor } from './cbor.ts';
import { WireError } from './errors.ts';

const hex = (text: string): Uint8Array => Buffer.from(text, 'hex');

test('the examples of RFC 8949 are read', () => {
  const cases: [string, unknown][] = [
    ['00', 0],
    ['1864', 100],
    ['1903e8', 1_000],
    ['1b000000e8d4a51000', 1_000_000_000_000],
    ['1bffffffffffffffff', 18_446_744_073_709_551_615n],
    ['3903e7', -1_000],
    ['f93c00', 1],
    ['f97bff', 65_504],
    ['f90001', 5.960464477539063e-8],
    ['f97c00', Infinity],
    ['fa47c35000', 100_000],
    ['fb3ff199999999999a', 1.1],
    ['f4', false],
    ['f5', true],
    ['f6', null],
    ['f7', null],
    ['4401020304', Buffer.of(1, 2, 3, 4)],
    ['62c3bc', 'ü'.normalize()],
    ['83010203', [1, 2, 3]],
    ['9f018202039f0405ffff', [1, [2, 3], [4, 5]]],
    ['c11a514b67b0', new EpochTime(1_363_896_240)],
    ['c1fb41d452d9ec200000', new EpochTime(1_363_896_240.5)],
  ];
  for (const [text, value] of cases) assert.deepEqual(decodeCbor(hex(text)), value, text);
  const map = decodeCbor(hex('bf6346756ef563416d7421ff')) as object;
  assert.deepEqual({ ...map }, { Fun: true, Amt: -2 });
});

test('what is cut off, too long or of another form is refused', () => {
  for (const text of ['', '18', '62c3', '82', 'bf', '9f01', 'a10102', '0000', 'fc', '5f', '61ff', 'c1f5', '9bffffffffffffffff'])
    assert.throws(() => decodeCbor(hex(text)), WireError, text);
  assert.throws(() => decodeCbor(new Uint8Array(10_000).fill(0x81)), /nested too deep/);
}); // prettier-ignore

test('what is written is read again', () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      fc.double({ noNaN: true }),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('any')),
      fc.dictionary(fc.string(), tie('any'), { noNullPrototype: false }),
    ),
  })).any;
  fc.assert(
    fc.property(value, (one) => {
      assert.equal(JSON.stringify(decodeCbor(encodeCbor(one))), JSON.stringify(one));
    }),
  );
  const whole = [0n, 23n, 24n, 255n, 256n, 65_536n, 2n ** 32n, -1n, -(2n ** 40n)];
  assert.deepEqual(decodeCbor(encodeCbor(whole)), whole.map(Number));
});
