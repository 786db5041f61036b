/** Snappy blocks: round trips, concatenation, foreign encodings and hostile input. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WireError } from './errors.ts';
import {
  compress,
  concatSnappy,
  forEachElement,
  maxCompressedLength,
  uncompress,
  uncompressedLength,
  uncompressInto,
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

test('inputs around the lengths at which an element changes come back', () => {
  for (const length of [0, 1, 14, 15, 16, 60, 61, 256, 257, 65_535, 65_536, 65_537, 200_000]) {
    const input = new Uint8Array(length).map((_, i) => (i * i) >> 7);
    assert.deepEqual(uncompress(compress(input), MAX), input, `${length} bytes`);
  }
});

/** Bytes in which nothing can be copied. */
function noise(length: number): Uint8Array {
  let state = 1;
  return new Uint8Array(length).map(() => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state >>> 24;
  });
}

test('copies reach back as far as an offset does, wherever they are', () => {
  for (const [period, parts] of [
    [60_000, 1],
    [65_535, 1],
    [65_536, 3],
  ] as const) {
    const once = noise(period);
    const input = new Uint8Array(Buffer.concat([once, once, once]));
    const block = compress(input);
    assert.deepEqual(uncompress(block, MAX), input, `every ${period}`);
    assert.ok(Math.abs(block.length / period - parts) < 0.1, `${block.length} of ${period}`);
    forEachElement(block, (_at, _length, offset) => assert.ok(offset <= 65_535));
  }
});

test('bytes without repeats come back, and are a literal of several elements', () => {
  const input = noise(500_000);
  const block = compress(input);
  assert.deepEqual(uncompress(block, MAX), input);
  assert.ok(block.length <= maxCompressedLength(input.length));
});

test('a block is uncompressed into its place, and a damaged one writes nothing behind it', () => {
  fc.assert(
    fc.property(bytes, fc.nat(40), (input, at) => {
      const output = new Uint8Array(at + input.length + 40).fill(7);
      assert.equal(uncompressInto(compress(input), output, at), at + input.length);
      assert.deepEqual(output.subarray(at, at + input.length), input);
      output.fill(7, at, at + input.length);
      assert.ok(output.every((byte) => byte === 7));
    }),
  );
  const output = new Uint8Array(20).fill(7);
  const long = new Uint8Array([3, 3 << 2, 1, 2, 3, 4]);
  assert.throws(() => uncompressInto(long, output, 2), /more bytes than promised/);
  assert.ok(output.every((byte) => byte === 7));
  assert.throws(() => uncompressInto(new Uint8Array([5, 0, 1]), output, 2), /are missing/);
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
