/** Numbers on the wire are read as they were written, at both ends of their range. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WireError } from '../errors.ts';
import { ProtoReader } from './reader.ts';
import { ProtoWriter } from './writer.ts';

test('int64 values keep their sign and their size', () => {
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.constant(-1)), (value) => {
      const writer = new ProtoWriter(1);
      writer.int64(value);
      assert.equal(new ProtoReader(writer.written()).int64(), value);
    }),
  );
});

test('the largest and the least int64 are not taken for small ones', () => {
  const ends = { '7fffffffffffffff': 2 ** 63, '8000000000000000': -(2 ** 63) };
  for (const [hex, expected] of Object.entries(ends)) {
    let rest = BigInt(`0x${hex}`);
    const bytes: number[] = [];
    for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
    bytes.push(Number(rest));
    assert.equal(new ProtoReader(new Uint8Array(bytes)).int64(), expected, hex);
  }
});

test('sint64 values keep their sign and their size, and small ones are short', () => {
  const write = (value: number): Uint8Array => {
    const writer = new ProtoWriter(1);
    writer.sint64(value);
    return writer.written();
  };
  assert.deepEqual(
    [0, -1, 1, -2, 2].map((value) => write(value)[0]),
    [0, 1, 2, 3, 4],
  );
  const value = fc.oneof(fc.integer(), fc.integer({ min: -(2 ** 52), max: 2 ** 52 }));
  fc.assert(fc.property(value, (one) => assert.equal(new ProtoReader(write(one)).sint64(), one)));
  const large = -(2 ** 62);
  assert.ok(Math.abs(new ProtoReader(write(large)).sint64() / large - 1) < 1e-9);
});

test('numbers of more than 64 bits, tags without a field and groups are refused', () => {
  const long = [...Array.from({ length: 9 }, () => 0x80), 2];
  assert.throws(() => new ProtoReader(new Uint8Array(long)).varint(), /more than 64 bits/);
  for (const tag of [[0], [7], [0x80, 0x80, 0x80, 0x80, 0x10]])
    assert.throws(() => new ProtoReader(new Uint8Array(tag)).tag(), /no field with tag/);
  for (const wireType of [3, 4, 6, 7])
    assert.throws(() => new ProtoReader(new Uint8Array([1])).skip(8 + wireType), WireError);
});
