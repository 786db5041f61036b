/** Snappy blocks: round trips, concatenation, foreign encodings and hostile input. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WireError } from './errors.ts';
import {
  compress,
  concatSnappy,
  forEachElement,
  uncompress,
  uncompressedLength,
  uncompressStart,
} from './snappy.ts';

const MAX = 1 << 20;

/** Bytes with repeats, as samples have them, and bytes without. */
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 4_000 }),
  fc
    .array(
      fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 90 }), fc.integer({ min: 1, max: 40 })),
      {
        maxLength: 30,
      },
    )
    .map(
      (runs) =>
        new Uint8Array(
          runs.flatMap(([run, n]) => Array.from({ length: n }, () => [...run]).flat()),
        ),
    ),
);

test('what was compressed comes back', () => {
  fc.assert(
    fc.property(bytes, (input) => {
      const block = compress(input);
      assert.equal(uncompressedLength(block), input.length);
      assert.deepEqual(uncompress(block, MAX), input);
    }),
  );
});

test('the beginning can be uncompressed alone, and the elements can be listed', () => {
  fc.assert(
    fc.property(bytes, fc.nat(5_000), (input, length) => {
      const block = compress(input);
      const start = uncompressStart(block, length);
      assert.ok(start.length <= length);
      if (length >= input.length) assert.equal(start.length, input.length);
      assert.deepEqual(Buffer.from(start), Buffer.from(input.subarray(0, start.length)));
      let end = 0;
      forEachElement(block, (at, size, offset) => {
        assert.equal(at, end);
        assert.ok(offset <= at);
        if (offset > 0)
          for (let i = at; i < at + size; i++)
            if (input[i] !== input[i - offset]) assert.fail('a copy of something else');
        end = at + size;
      });
      assert.equal(end, input.length);
    }),
  );
});

test('inputs around the fragment size come back', () => {
  for (const length of [0, 1, 14, 15, 16, 60, 61, 256, 257, 65_535, 65_536, 65_537, 200_000]) {
    const input = new Uint8Array(length).map((_, i) => (i * i) >> 7);
    assert.deepEqual(uncompress(compress(input), MAX), input, `${length} bytes`);
  }
});

test('repeats are compressed', () => {
  const input = new TextEncoder().encode('http_requests_total{job="api"} '.repeat(1_000));
  assert.ok(compress(input).length < input.length / 15);
});

test('joined blocks are the block of the joined originals', () => {
  fc.assert(
    fc.property(fc.array(bytes, { minLength: 1, maxLength: 6 }), (inputs) => {
      const joined = concatSnappy(inputs.map((input) => compress(input)));
      assert.deepEqual(uncompress(joined, MAX), new Uint8Array(Buffer.concat(inputs)));
    }),
  );
});

test('copies with one, two and four bytes of offset are read', () => {
  const copy1 = [8, 3 << 2, 1, 2, 3, 4, 1, 4];
  const copy2 = [8, 3 << 2, 1, 2, 3, 4, 2 | (3 << 2), 4, 0];
  const copy4 = [8, 3 << 2, 1, 2, 3, 4, 3 | (3 << 2), 4, 0, 0, 0];
  for (const block of [copy1, copy2, copy4]) {
    assert.deepEqual([...uncompress(new Uint8Array(block), 8)], [1, 2, 3, 4, 1, 2, 3, 4]);
  }
});

test('a length above the limit is refused before anything is allocated', () => {
  const block = new Uint8Array([0xff, 0xff, 0xff, 0xff, 0x0f, 0]);
  assert.throws(
    () => uncompress(block, MAX),
    (error) => error instanceof WireError && error.reason === 'too_large',
  );
  assert.throws(() => uncompress(block, 2 ** 33), /more than the elements can make/);
});

test('malformed blocks are refused', () => {
  const cases: Record<string, number[]> = {
    'no length': [],
    'length cut off': [0x80],
    'length of six bytes': [0x80, 0x80, 0x80, 0x80, 0x80, 1],
    'literal cut off': [4, 3 << 2, 1, 2],
    'long literal without its length': [70, 60 << 2],
    'copy before the beginning': [8, 3 << 2, 1, 2, 3, 4, 1, 5],
    'copy of offset zero': [8, 3 << 2, 1, 2, 3, 4, 1, 0],
    'copy cut off': [8, 3 << 2, 1, 2, 3, 4, 2],
    'more than promised': [3, 3 << 2, 1, 2, 3, 4],
    'less than promised': [5, 3 << 2, 1, 2, 3, 4],
  };
  for (const [name, block] of Object.entries(cases)) {
    assert.throws(() => uncompress(new Uint8Array(block), MAX), WireError, name);
  }
});

test('random and damaged blocks end in bytes or in a WireError', () => {
  const tryIt = (block: Uint8Array): void => {
    try {
      uncompress(block, MAX);
    } catch (error) {
      assert.ok(error instanceof WireError, String(error));
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), tryIt));
  fc.assert(
    fc.property(bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), (input, at, flip) => {
      const block = compress(input);
      const index = at % block.length;
      block[index] = (block[index] ?? 0) ^ flip;
      tryIt(block);
      tryIt(block.subarray(0, index));
    }),
  );
});
