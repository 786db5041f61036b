import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SpreadMap } from './spread-map.ts';

test('it holds what a map holds, before and after it spreads', () => {
  const act = fc.record({ key: fc.nat(30_000), isGone: fc.boolean() });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 200 }), fc.constantFrom(0, 8_150), (acts, first) => {
      const spread = new SpreadMap<number>();
      const plain = new Map<number, number>();
      const put = (key: number, value: number): void => {
        spread.set(key, value);
        plain.set(key, value);
      };
      for (let i = 0; i < first; i++) put(2 ** 40 + i * 3, i);
      for (const [i, { key, isGone }] of acts.entries())
        if (isGone) {
          spread.delete(key);
          plain.delete(key);
        } else put(key, i);
      for (const { key } of acts) assert.equal(spread.get(key), plain.get(key));
      for (const [key, value] of plain) assert.equal(spread.get(key), value);
    }),
    { numRuns: 50 },
  );
});

test('no map of it grows to more than some thousands of a million entries', () => {
  const spread = new SpreadMap<number>();
  for (let i = 0; i < 1_000_000; i++) {
    spread.set(i * 7, i);
    if (i % 50_000 === 8_191) assert.ok(spread.largest <= 8_193, `${spread.largest}`);
  }
  assert.ok(spread.largest < 8_193, `${spread.largest}`);
});

test('where keys count up, its maps do not grow at the same time', () => {
  const spread = new SpreadMap<number>();
  let before = 0;
  // A map doubles at a power of two: how often one passes it within some hundred keys.
  let most = 0;
  for (let from = 0; from < 1_200_000; from += 256) {
    for (let key = from; key < from + 256; key++) spread.set(key, key);
    const grown = spread.countAbove(4_096);
    most = Math.max(most, grown - before);
    before = grown;
  }
  assert.ok(before > 30 && most === 1, `${before} maps have grown, ${most} at a time`);
});
