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

/** The bytes of an unsigned varint. */
function writeVarint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return new Uint8Array([...bytes, Number(rest)]);
}

const edges = [53n, 55n, 56n, 62n, 63n, 64n].flatMap((bit) =>
  [-3n, -2n, -1n, 0n, 1n, 2n, 3n].map((near) => 2n ** bit + near),
);
const anyUint64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(...edges.filter((value) => value < 2n ** 64n)),
);

test('whole numbers of 64 bits are read exactly or refused, never as another number', () => {
  const isExactOrRefused = (read: () => number, exact: bigint): void => {
    if (Number.isSafeInteger(Number(exact))) assert.equal(BigInt(read()), exact);
    else assert.throws(read, /beyond ±2\^53/, String(exact));
  };
  fc.assert(
    fc.property(anyUint64, (value) => {
      const bytes = writeVarint(value);
      const start = (): ProtoReader => new ProtoReader(bytes);
      const signed = BigInt.asIntN(64, value);
      assert.equal(start().bigUint64(), value);
      assert.equal(start().bigInt64(), signed);
      isExactOrRefused(() => start().uint64(), value);
      isExactOrRefused(() => start().int64(), signed);
      const half = value >> 1n;
      isExactOrRefused(() => start().sint64(), (value & 1n) === 0n ? half : -half - 1n);
      assert.equal(start().varint(), Number(value), 'the nearest number');
      const reader = start();
      reader.varint();
      assert.equal(reader.more(), false);
    }),
    { numRuns: 2_000 },
  );
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
});

test('numbers of more than 64 bits, tags without a field and groups are refused', () => {
  const long = [...Array.from({ length: 9 }, () => 0x80), 2];
  assert.throws(() => new ProtoReader(new Uint8Array(long)).varint(), /more than 64 bits/);
  for (const tag of [[0], [7], [0x80, 0x80, 0x80, 0x80, 0x10]])
    assert.throws(() => new ProtoReader(new Uint8Array(tag)).tag(), /no field with tag/);
  for (const wireType of [3, 4, 6, 7])
    assert.throws(() => new ProtoReader(new Uint8Array([1])).skip(8 + wireType), WireError);
});
