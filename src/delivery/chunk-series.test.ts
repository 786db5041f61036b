import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chunkOf, itemsIn } from '../../test/kit/delivery.ts';
import { halveSeries, type SeriesOfChunk } from './chunk-series.ts';

/** Items are their places; `keys` says of which series each is. */
function seriesOf(keys: readonly number[], places: readonly number[]): SeriesOfChunk {
  return {
    keys: places.map((place) => keys[place]!),
    cut: (isWanted) => chunkOf(places.filter((_, index) => isWanted(index))),
  };
}

test('halves of a chunk share no series, or are one series in order, until each item is alone', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5), { minLength: 1, maxLength: 30 }), (keys) => {
      const alone: number[] = [];
      const take = (places: readonly number[]): void => {
        const halves = halveSeries(seriesOf(keys, places));
        if (halves === undefined) {
          alone.push(...places);
          return;
        }
        const [first, second] = [itemsIn(halves.first), itemsIn(halves.second)];
        assert.deepEqual(
          [...first, ...second].toSorted((a, b) => a - b),
          places,
        );
        const shared = first.filter((place) => second.some((other) => keys[other] === keys[place]));
        assert.equal(halves.isOrdered, shared.length > 0);
        if (halves.isOrdered) assert.ok(Math.max(...first) < Math.min(...second));
        take(first);
        take(second);
      };
      take(keys.map((_, place) => place));
      assert.deepEqual(
        alone.toSorted((a, b) => a - b),
        keys.map((_, place) => place),
      );
    }),
  );
});
