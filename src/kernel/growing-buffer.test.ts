import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BLOCK_BYTES, GrowingBuffer, TinyPiecesError } from './growing-buffer.ts';

test('whatever the pieces and the announced length, the bytes come out as they were', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 20 });
  fc.assert(
    fc.property(pieces, fc.nat(30_000), (parts, announced) => {
      const gathered = new GrowingBuffer({ announced });
      for (const part of parts) gathered.add(Buffer.from(part));
      assert.deepEqual(gathered.finishSmall(), Buffer.concat(parts));
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

test('a piece that is another’s memory is not written behind', () => {
  const all = Buffer.from(new Uint8Array(Buffer.from('abcdef')).buffer);
  const gathered = new GrowingBuffer();
  gathered.add(all.subarray(0, 2));
  gathered.add(Buffer.from('XY'));
  assert.equal(all.toString(), 'abcdef');
  assert.equal(gathered.finishSmall().toString(), 'abXY');
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
  assert.ok(gathered.finishSmall().buffer.byteLength < 2_000);
  const large = new GrowingBuffer();
  large.add(slab.subarray(0, 60_000));
  assert.equal(large.finishSmall().buffer, slab.buffer);
});

test('no turn copies more than a block of a large body, and none holds it twice', () => {
  const copied: number[] = [];
  const copy = Buffer.prototype.copy;
  const blocks: ArrayBufferLike[] = [];
  const body = Buffer.alloc(9 * BLOCK_BYTES + 5);
  for (let at = 0; at < body.length; at += 1_000) body.writeUInt32LE(at, at);
  try {
    Buffer.prototype.copy = function (this: Buffer, ...given: Parameters<typeof copy>) {
      const bytes = copy.apply(this, given);
      copied.push(bytes);
      if (!blocks.includes(this.buffer)) blocks.push(this.buffer);
      return bytes;
    };
    const gathered = new GrowingBuffer();
    const perPiece: number[] = [];
    for (let at = 0; at < body.length; at += 100_000) {
      copied.length = 0;
      const piece = Buffer.from(body.subarray(at, at + 100_000));
      gathered.add(piece);
      perPiece.push(copied.reduce((sum, bytes) => sum + bytes, 0));
    }
    assert.ok(Math.max(...perPiece) < BLOCK_BYTES, `${Math.max(...perPiece)} for a piece`);
    blocks.length = 0;
    const slices = gathered.joinInSlices();
    for (;;) {
      copied.length = 0;
      const step = slices.next();
      const bytes = copied.reduce((sum, count) => sum + count, 0);
      assert.ok(bytes <= 256 * 1024, `${bytes} in a slice`);
      const held = blocks.slice(1).filter(({ byteLength }) => byteLength > 0);
      assert.ok(held.length <= 1, `${held.length} blocks are held that were copied`);
      if (step.done === true) {
        assert.ok(step.value.equals(body));
        return;
      }
    }
  } finally {
    Buffer.prototype.copy = copy;
  }
});

test('a body of a block is there at once, a larger one is joined', async () => {
  for (const bytes of [BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES]) {
    const gathered = new GrowingBuffer({ announced: bytes });
    for (let at = 0; at < bytes; at += 70_000)
      gathered.add(Buffer.alloc(Math.min(70_000, bytes - at), at / 70_000));
    assert.equal(gathered.length, bytes);
    const body = gathered.finish();
    assert.equal(body instanceof Promise, bytes > BLOCK_BYTES, `${bytes}`);
    const whole = await body;
    assert.equal(whole.length, bytes);
    assert.equal(whole[bytes - 1], Math.floor((bytes - 1) / 70_000), `${bytes}`);
    assert.equal(whole[70_000 * 29], 29);
  }
});
