/** Finding series in a kept body by their bytes; of two that are equal the first is found. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { areEqual } from '../kernel/equal-bytes.ts';
import { hashBytes } from './hash-index.ts';
import { newOffsets } from './series-offsets.ts';
import { RANGE_SERIES, ReferenceBody } from './reference-body.ts';

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A body of these series, each followed by a value. */
function keep(reference: ReferenceBody, names: readonly string[]): void {
  const body = Buffer.from(names.map((name) => `${name} 1\n`).join(''));
  const offsets = newOffsets(names.length);
  let at = 0;
  for (const [i, name] of names.entries()) {
    offsets.seriesStarts[i] = at;
    offsets.seriesEnds[i] = at + name.length;
    offsets.hashes[i] = hashBytes(body, at, at + name.length);
    at += name.length + 3;
  }
  offsets.count = names.length;
  reference.keep(body, offsets);
}

function find(reference: ReferenceBody, name: string): number {
  const bytes = Buffer.from(`# x\n${name} 7\n`);
  const [seriesStart, seriesEnd] = [4, 4 + name.length];
  const hash = hashBytes(bytes, seriesStart, seriesEnd);
  return reference.find({ view: viewOf(bytes), seriesStart, seriesEnd }, hash);
}

test('a series is found by its bytes, the first of two, until the body is forgotten', () => {
  const reference = new ReferenceBody();
  assert.equal(find(reference, 'a'), -1);
  keep(reference, ['a{b="c"}', 'b', 'a{b="c"}', 'c']);
  assert.deepEqual(
    ['a{b="c"}', 'b', 'c', 'd', 'a'].map((name) => find(reference, name)),
    [0, 1, 3, -1, -1],
  );
  keep(reference, ['c', 'b']);
  assert.deepEqual([find(reference, 'c'), find(reference, 'a{b="c"}')], [0, -1]);
  reference.forget();
  assert.deepEqual([find(reference, 'c'), reference.isKept], [-1, false]);
});

test('an index that is made in slices finds the same', () => {
  const names = Array.from({ length: 20_000 }, (_, i) => `a${i % 15_000}`);
  const reference = new ReferenceBody();
  keep(reference, names);
  // One of them makes the table.
  assert.equal([...reference.indexInSlices()].length, 1 + Math.ceil(20_000 / RANGE_SERIES));
  for (const i of [0, 1, RANGE_SERIES - 1, RANGE_SERIES, 14_999])
    assert.equal(find(reference, `a${i}`), i);
});

test('bytes are equal as Buffer.compare says, and not behind the end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(5), fc.nat(80), (bytes, shift, flip) => {
      const moved = Buffer.concat([Buffer.alloc(shift), bytes]);
      if (flip < bytes.length) moved[shift + flip]! ^= 1;
      const isEqual = areEqual(viewOf(moved), shift, viewOf(bytes), 0, bytes.length);
      assert.equal(isEqual, Buffer.compare(moved.subarray(shift), bytes) === 0);
      assert.equal(areEqual(viewOf(moved), shift + 1, viewOf(bytes), 0, bytes.length), false);
    }),
  );
});
