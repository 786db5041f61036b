import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NativeHistogram } from '../model/histogram.ts';
import { makeRandom } from '../../test/kit/random.ts';
import { CoarseningBuckets } from './exponential.ts';

/** Bounds and count of each bucket of the positive side, by the definition of native histograms. */
function listBuckets({ schema, positiveSpans, positiveCounts }: NativeHistogram) {
  const buckets: { low: number; high: number; count: number }[] = [];
  let index = 0;
  let next = 0;
  for (const { offset, length } of positiveSpans) {
    index += offset;
    for (let i = 0; i < length; i++, index++) {
      const [low, high] = [2 ** ((index - 1) / 2 ** schema), 2 ** (index / 2 ** schema)];
      buckets.push({ low, high, count: positiveCounts[next++] ?? NaN });
    }
  }
  return buckets;
}

test('each value is in the bucket of its bounds, and no side has more buckets than allowed', () => {
  const random = makeRandom(7);
  for (const bucketsMax of [2, 20, 160]) {
    const histogram = new CoarseningBuckets(bucketsMax);
    const values = Array.from({ length: 500 }, () => 10 ** (random() * 6 - 3));
    for (const value of values) histogram.add(value, 1);
    const read = histogram.read();
    const buckets = listBuckets(read);
    for (const { low, high, count } of buckets) {
      const within = values.filter((value) => value > low && value <= high).length;
      assert.equal(count, within, `(${low}, ${high}]`);
    }
    const [first, last] = [buckets[0]!, buckets.at(-1)!];
    const width = Math.log2(last.high / first.high) * 2 ** read.schema + 1;
    assert.ok(read.schema === -4 || Math.round(width) <= bucketsMax, `${width} of ${bucketsMax}`);
    assert.equal(read.count, 500);
  }
});

test('powers of two are the upper bounds of their buckets; zeros and negatives have places', () => {
  const histogram = new CoarseningBuckets(160);
  for (const value of [0, 0, -2, 4]) histogram.add(value, 1);
  const read = histogram.read();
  assert.equal(read.zeroCount, 2);
  assert.deepEqual(
    listBuckets(read).map(({ high }) => high),
    [4],
  );
  assert.deepEqual([read.negativeSpans, read.negativeCounts], [[{ offset: 256, length: 1 }], [1]]);
  assert.deepEqual([read.count, read.sum], [4, 2]);
});

test('the widest range of numbers stays within 132 buckets', () => {
  const histogram = new CoarseningBuckets(2);
  for (let exponent = -1074; exponent <= 1023; exponent++) histogram.add(2 ** exponent, 1);
  const { schema, positiveCounts } = histogram.read();
  assert.equal(schema, -4);
  assert.ok(positiveCounts.length <= 132);
});
