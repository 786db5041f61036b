import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GrowingBuffer, TinyPiecesError } from './growing-buffer.ts';

test('whatever the pieces and the announced length, the bytes come out as they were', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 20 });
  fc.assert(
    fc.property(pieces, fc.nat(30_000), (parts, announced) => {
      const gathered = new GrowingBuffer({ announced });
      for (const part of parts) gathered.add(Buffer.from(part));
      assert.deepEqual(gathered.finish(), Buffer.concat(parts));
    }),
  );
});

test('pieces of four bytes hold less than twice their bytes, and are copied a few times', () => {
  let allocated = 0;
  const allocate = (length: number): Buffer => {
    allocated += length;
    return Buffer.alloc(length);
  };
  const gathered = new GrowingBuffer({ announced: 1e15, allocate });
  const piece = Buffer.from('abcd');
  for (let count = 0; count < 500_000; count++) gathered.add(piece);
  assert.equal(gathered.length, 2_000_000);
  assert.ok(allocated <= 4 * 1024 * 1024, `${allocated}`);
});

test('a large body is held with at most as much beside it as it is large, up to its limit', () => {
  const most = 20 * 1024 * 1024;
  const sizes: number[] = [];
  const allocate = (length: number): Buffer => {
    sizes.push(length);
    return Buffer.alloc(length);
  };
  const gathered = new GrowingBuffer({ most, allocate });
  const piece = Buffer.alloc(65_536, 1);
  for (let count = 0; count < most / piece.length; count++) gathered.add(piece);
  assert.equal(gathered.finish().length, most);
  assert.equal(sizes.at(-1), most);
  // Two are held while the bytes move from one to the next.
  const together = sizes.map((size, index) => size + (sizes[index - 1] ?? 0));
  assert.ok(Math.max(...together) < most * 1.75, `${Math.max(...together) / most}`);
});

test('a piece that is another’s memory is not written behind', () => {
  const all = Buffer.from(new Uint8Array(Buffer.from('abcdef')).buffer);
  const gathered = new GrowingBuffer();
  gathered.add(all.subarray(0, 2));
  gathered.add(Buffer.from('XY'));
  assert.equal(all.toString(), 'abcdef');
  assert.equal(gathered.finish().toString(), 'abXY');
});

test('pieces of one byte are refused when they are many', () => {
  const gathered = new GrowingBuffer();
  const piece = Buffer.from('a');
  assert.throws(() => {
    for (let count = 0; count < 30_000; count++) gathered.add(piece);
  }, TinyPiecesError);
  assert.ok(gathered.length > 16_384);
});

test('a first piece does not hold the memory that it is a slice of', () => {
  const slab = Buffer.alloc(64 * 1024);
  const gathered = new GrowingBuffer();
  gathered.add(slab.subarray(0, 10));
  assert.ok(gathered.finish().buffer.byteLength < 2_000);
  const large = new GrowingBuffer();
  large.add(slab.subarray(0, 60_000));
  assert.equal(large.finish().buffer, slab.buffer);
});
