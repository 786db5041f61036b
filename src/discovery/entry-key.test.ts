import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { entriesKey } from './entry-key.ts';
import type { DiscoveryEntry } from './mechanisms.ts';

const keyOf = (config: unknown, baseDirectory?: string): string =>
  entriesKey([{ key: 'static_configs', config } as DiscoveryEntry], baseDirectory);

test('the order of fields and fields that are undefined make no difference, all else does', () => {
  assert.equal(keyOf({ a: 1, b: { c: [true, null], d: undefined } }), keyOf({ b: { c: [true, null] }, a: 1 })); // prettier-ignore
  const different = [
    keyOf({ a: '1' }),
    keyOf({ a: 1 }),
    keyOf({ a: [1] }),
    keyOf({ a: ['1'] }),
    keyOf({ a: Number.NaN }),
    keyOf({ a: null }),
    keyOf({ a: {} }),
    keyOf({ a: [] }),
    keyOf({}),
    keyOf({ a: 'x","b":"y' }),
    keyOf({ a: 'x', b: 'y' }),
    keyOf({ a: 1 }, '/elsewhere'),
    entriesKey([], undefined),
  ];
  assert.equal(new Set(different).size, different.length);
});

test('configurations have one key exactly when they are equal as JSON', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 3 }), fc.json({ maxDepth: 3 }), (one, other) => {
      const [a, b] = [JSON.parse(one), JSON.parse(other)] as [unknown, unknown];
      assert.equal(keyOf(a), keyOf(JSON.parse(one)));
      let isEqual = true;
      try {
        assert.deepStrictEqual(a, b);
      } catch {
        isEqual = false;
      }
      assert.equal(keyOf(a) === keyOf(b), isEqual || JSON.stringify(a) === JSON.stringify(b));
    }),
  );
});

test('a value that JSON cannot hold is refused with its path', () => {
  assert.throws(() => keyOf({ a: [{ secret: () => 'x' }] }), /function at static_configs\.a\[0\]\.secret/); // prettier-ignore
  assert.throws(() => keyOf({ a: /x/ }), /class of its own at static_configs\.a/);
  assert.throws(() => keyOf({ a: new Map() }), /class of its own/);
  assert.throws(() => keyOf({ a: 1n }), /bigint/);
});
