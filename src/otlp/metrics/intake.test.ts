import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeRequest,
  exponential,
  exponentialPoint,
  gauge,
  histogram,
  histogramPoint,
  metric,
  numberPoint,
  resourceMetrics,
  sum,
  summary,
  summaryPoint,
} from '../../../test/kit/otlp-metrics.ts';
import { openIntake } from '../../../test/kit/otlp-intake.ts';

const T = '@1700000000000';

test('a gauge and a sum are a series each, under their own names and attributes', async () => {
  const { intake, sent } = openIntake();
  const taken = await intake.take(
    encodeRequest(
      resourceMetrics({ 'service.name': 'shop' }, [
        metric('cpu.use', gauge(numberPoint(0.5, { attributes: { 'cpu.id': 3 } })), { unit: '1' }),
        metric('http.requests', sum([numberPoint(7, { attributes: { ok: true } })])),
      ]),
    ),
  );
  assert.deepEqual(taken, { rejected: 0, message: '' });
  assert.deepEqual(sent(), [`cpu.use{cpu.id="3"} 0.5 ${T}`, `http.requests{ok="true"} 7 ${T}`]);
});

test('a histogram is its buckets, its count and its sum', async () => {
  const { intake, sent } = openIntake();
  const point = histogramPoint({
    count: 6,
    sum: 9.5,
    bucketCounts: [1, 2, 3],
    explicitBounds: [0.1, 1e21],
  });
  await intake.take(encodeRequest(resourceMetrics({}, [metric('took', histogram([point]))])));
  assert.deepEqual(sent(), [
    `took_count 6 ${T}`,
    `took_sum 9.5 ${T}`,
    `took_bucket{le="0.1"} 1 ${T}`,
    `took_bucket{le="1000000000000000000000"} 3 ${T}`,
    `took_bucket{le="+Inf"} 6 ${T}`,
  ]);
});

test('a summary is its quantiles, its count and its sum', async () => {
  const { intake, sent } = openIntake();
  const point = summaryPoint({
    count: 2,
    sum: 3,
    quantileValues: [{ quantile: 0.5, value: 1 }],
  });
  await intake.take(encodeRequest(resourceMetrics({}, [metric('size', summary(point))])));
  assert.deepEqual(sent(), [`size_count 2 ${T}`, `size_sum 3 ${T}`, `size{quantile="0.5"} 1 ${T}`]);
});

test('an exponential histogram is a native one', async () => {
  const { intake, sent } = openIntake();
  const point = exponentialPoint({
    count: 8,
    sum: 4,
    scale: 9,
    zeroCount: 1,
    positive: { offset: 4, bucketCounts: [1, 2, 0, 4] },
  });
  await intake.take(encodeRequest(resourceMetrics({}, [metric('took', exponential([point]))])));
  const [text = ''] = sent();
  const { schema, zeroThreshold, positiveSpans, positiveCounts } = JSON.parse(
    text.slice(text.indexOf(' ') + 1, text.lastIndexOf(' ')),
  ) as Record<string, unknown>;
  assert.deepEqual(
    { schema, zeroThreshold, positiveSpans, positiveCounts },
    {
      schema: 8,
      zeroThreshold: 1e-128,
      positiveSpans: [{ offset: 3, length: 2 }],
      positiveCounts: [3, 4],
    },
  );
});
