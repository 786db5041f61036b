import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HISTOGRAM } from '../../test/kit/native-histogram.ts';
import { addHistograms } from './histogram-sum.ts';

test('buckets are added by their number, whatever the spans', () => {
  const [sum, ...rest] = addHistograms([
    { ...HISTOGRAM, positiveSpans: [{ offset: 0, length: 2 }], positiveCounts: [1, 2] },
    {
      ...HISTOGRAM,
      count: 5,
      positiveSpans: [{ offset: 1, length: 1 }, { offset: 2, length: 1 }],
      positiveCounts: [4, 1],
    },
  ]); // prettier-ignore
  assert.deepEqual(rest, []);
  assert.deepEqual(sum, {
    ...HISTOGRAM,
    count: 6,
    sum: 2,
    positiveSpans: [{ offset: 0, length: 2 }, { offset: 2, length: 1 }],
    positiveCounts: [1, 6, 1],
  }); // prettier-ignore
});

test('the coarser of two resolutions is that of the sum', () => {
  const [sum] = addHistograms([
    { ...HISTOGRAM, schema: 1, positiveSpans: [{ offset: 1, length: 4 }], positiveCounts: [1, 2, 3, 4] },
    { ...HISTOGRAM, schema: 0, positiveSpans: [{ offset: 2, length: 1 }], positiveCounts: [10] },
  ]); // prettier-ignore
  assert.equal(sum?.schema, 0);
  assert.deepEqual(sum?.positiveSpans, [{ offset: 1, length: 2 }]);
  assert.deepEqual(sum?.positiveCounts, [3, 17]);
});

test('the wider zero bucket takes in what is within it', () => {
  const [sum] = addHistograms([
    { ...HISTOGRAM, schema: 0, zeroThreshold: 1.5, zeroCount: 5 },
    {
      ...HISTOGRAM,
      schema: 0,
      positiveSpans: [{ offset: 0, length: 3 }],
      positiveCounts: [1, 2, 3],
      negativeSpans: [{ offset: 0, length: 1 }],
      negativeCounts: [7],
    },
  ]);
  assert.equal(sum?.zeroThreshold, 2, 'a bucket across the threshold moves it');
  assert.equal(sum?.zeroCount, 5 + 1 + 1 + 2 + 7);
  assert.deepEqual(sum?.positiveCounts, [3]);
  assert.deepEqual(sum?.negativeCounts, []);
});

test('histograms with different bounds of their own stay apart', () => {
  const custom = { ...HISTOGRAM, schema: -53, customValues: [1, 2] };
  const sums = addHistograms([custom, { ...custom, customValues: [1, 3] }, custom, HISTOGRAM]);
  assert.deepEqual(
    sums.map(({ count, customValues }) => [count, customValues]),
    [[2, [1, 2]], [1, [1, 3]], [1, []]],
  ); // prettier-ignore
});
