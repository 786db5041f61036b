import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BlockArray } from './block-array.ts';

test('values are found where they were set, in any order, and nowhere else', () => {
  const places = fc.array(fc.tuple(fc.nat(20_000), fc.nat()));
  fc.assert(
    fc.property(places, fc.array(fc.nat(25_000)), (sets, asked) => {
      const array = new BlockArray<number>();
      const model = new Map<number, number>();
      for (const [index, value] of sets) {
        array.set(index, value);
        model.set(index, value);
      }
      for (const index of [...asked, ...model.keys()])
        assert.equal(array.get(index), model.get(index));
      array.clear();
      for (const index of model.keys()) assert.equal(array.get(index), undefined);
    }),
  );
});
