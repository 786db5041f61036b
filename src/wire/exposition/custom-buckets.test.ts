import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NativeHistogram } from '../../model/histogram.ts';
import { convertClassic } from './custom-buckets.ts';
import { readTextInSteps } from './text-samples.ts';

/** The converted histogram at this position. */
function histogramAt(shown: readonly Shown[], index: number): NativeHistogram {
  const value = shown[index]?.value;
  assert.ok(typeof value === 'object');
  return value as NativeHistogram;
}

interface Shown {
  readonly series: string;
  readonly value: number | Partial<NativeHistogram>;
}

function convert(body: string, keepsClassic = false, format: 'text' | 'openmetrics' = 'text') {
  const shown: Shown[] = [];
  for (const sample of convertClassic(readTextInSteps(Buffer.from(body), format), keepsClassic)) {
    if (sample === 'pause') continue;
    const series = sample.labels.map(([name, value]) => `${name}=${value}`).join();
    const { value } = sample;
    if (typeof value === 'number') shown.push({ series, value });
    else {
      const { count, sum, isFloat, customValues, positiveSpans, positiveCounts } = value;
      assert.equal(value.schema, -53);
      const own = { count, sum, isFloat, customValues, positiveSpans, positiveCounts };
      shown.push({ series, value: own });
    }
  }
  return shown;
}

const TYPE = '# TYPE h histogram\n';
const PLAIN =
  'h_bucket{le="1"} 2\nh_bucket{le="2"} 2\nh_bucket{le="5"} 5\nh_bucket{le="+Inf"} 6\n' +
  'h_sum 9\nh_count 6\n';
const CONVERTED = {
  count: 6,
  sum: 9,
  isFloat: false,
  customValues: [1, 2, 5],
  positiveSpans: [{ offset: 0, length: 4 }],
  positiveCounts: [2, 0, 3, 1],
};

test('a classic histogram becomes a native one with its bounds', () => {
  const shown = convert(`a 1\n${TYPE}${PLAIN}# TYPE b gauge\nb 2\n`);
  assert.deepEqual(shown, [
    { series: '__name__=a', value: 1 },
    { series: '__name__=h', value: CONVERTED },
    { series: '__name__=b', value: 2 },
  ]);
});

test('each set of labels is a histogram, wherever le stands', () => {
  const body =
    `${TYPE}h_bucket{x="1",le="1"} 1\nh_bucket{le="+Inf",x="1"} 2\nh_count{x="1"} 2\n` +
    'h_sum{x="1"} 3\nh_bucket{x="2",le="+Inf"} 4\n';
  const shown = convert(body);
  assert.deepEqual(
    shown.map(({ series, value }) => [series, (value as NativeHistogram).count]),
    [
      ['__name__=h,x=1', 2],
      ['__name__=h,x=2', 4],
    ],
  );
});

test('order, bounds that come twice, missing bounds and long gaps', () => {
  const odd = 'h_bucket{le="+Inf"} 3\nh_bucket{le="1"} 1\nh_bucket{le="1"} 7\nh_count 3\n';
  assert.deepEqual(histogramAt(convert(TYPE + odd), 0).positiveCounts, [1, 2]);
  const bare = convert(`${TYPE}h_bucket{le="1"} 1\nh_count 3\nh_sum 5\n`);
  assert.deepEqual(histogramAt(bare, 0).positiveCounts, [1, 2]);
  const gaps = [0, 1, 1, 1, 1, 2].map((count, le) => `h_bucket{le="${le}"} ${count}\n`).join('');
  const wide = convert(`${TYPE}${gaps}h_count 2\n`);
  const { positiveSpans, positiveCounts } = histogramAt(wide, 0);
  assert.deepEqual(positiveSpans, [
    { offset: 1, length: 1 },
    { offset: 3, length: 1 },
  ]);
  assert.deepEqual(positiveCounts, [1, 1]);
  const half = convert(`${TYPE}h_bucket{le="1"} 0.5\nh_bucket{le="+Inf"} 1.5\nh_count 1.5\n`);
  assert.equal(histogramAt(half, 0).isFloat, true);
});

test('numbers that contradict each other stay classic series', () => {
  for (const body of [
    'h_bucket{le="1"} 3\nh_bucket{le="+Inf"} 2\nh_count 2\n',
    'h_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_count 3\n',
    'h_bucket{le="1"} NaN\nh_count NaN\n',
    'h_bucket{le="1"} -1\nh_count 1\n',
  ]) {
    const shown = convert(`${TYPE}${body}b 1\n`);
    assert.deepEqual(
      shown.map(({ series }) => series.replace(/,le=.*/, '')),
      [...body.matchAll(/^\w+/gm), 'b'].map((name) => `__name__=${String(name)}`),
    );
  }
});

test('other types and other names are left as they are', () => {
  const body = '# TYPE h summary\nh_sum 1\n# TYPE g histogram\nh_bucket{le="1"} 1\nh_count 1\n';
  assert.equal(convert(body).length, 3);
});

test('classic series are kept where that is wanted, before the converted one', () => {
  const shown = convert(`${TYPE}${PLAIN}`, true);
  assert.equal(shown.length, 7);
  assert.deepEqual(shown[6], { series: '__name__=h', value: CONVERTED });
});

test('OpenMetrics: exemplars of all buckets go to the converted one', () => {
  const body =
    `${TYPE}h_bucket{le="1.0"} 1 # {t="a"} 0.5\nh_bucket{le="+Inf"} 2 # {t="b"} 3 1\n` +
    'h_count 2\nh_sum 4\n# EOF\n';
  const samples = [...convertClassic(readTextInSteps(Buffer.from(body), 'openmetrics'), false)];
  const [one] = samples.filter((sample) => sample !== 'pause');
  assert.deepEqual(
    one?.exemplars.map(({ labels }) => labels[0]?.[1]),
    ['a', 'b'],
  );
});
