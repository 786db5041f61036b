import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeLabelSet } from '../../model/labels.ts';
import type { MetricData } from '../../model/otel-metrics.ts';
import { formatMetricsRequest } from './metrics-json.ts';

const attributes = makeLabelSet({ 'my.attr': 'some "value"' });
const common = {
  attributes,
  tMs: 1_544_712_660_300,
  startMs: undefined,
  isStale: false,
  exemplars: [],
};
const NANOS = '1544712660300000000'; // prettier-ignore

function written(data: MetricData): Record<string, unknown> {
  const resource = makeLabelSet({ 'service.name': 'my.service' });
  const metric = { name: 'm', description: 'd', unit: '1', type: 'gauge', data } as const;
  const scope = { name: 'my.library', version: '1.0.0' };
  const line = formatMetricsRequest([{ resource, metrics: [metric] }], scope);
  assert.ok(!line.includes('\n'));
  const request = JSON.parse(line);
  const [first] = request.resourceMetrics;
  assert.deepEqual(first.resource, {
    attributes: [{ key: 'service.name', value: { stringValue: 'my.service' } }],
  });
  assert.deepEqual(first.scopeMetrics[0].scope, scope);
  const { name, description, unit, metadata, ...rest } = first.scopeMetrics[0].metrics[0];
  assert.deepEqual([name, description, unit], ['m', 'd', '1']);
  assert.deepEqual(metadata, [{ key: 'prometheus.type', value: { stringValue: 'gauge' } }]);
  return rest;
}

const attribute = [{ key: 'my.attr', value: { stringValue: 'some "value"' } }];
const head = { attributes: attribute, timeUnixNano: NANOS };

test('a value is a double, also one that JSON lacks, and 0 is written', () => {
  const values = [10, 0, NaN, Infinity, -Infinity];
  const points = values.map((value) => ({ ...common, value }));
  assert.deepEqual(written({ kind: 'gauge', points }), {
    gauge: {
      dataPoints: [10, 0, 'NaN', 'Infinity', '-Infinity'].map((asDouble) => ({ ...head, asDouble })),
    },
  });
}); // prettier-ignore

test('a stale point has the flag and no value', () => {
  const points = [{ ...common, isStale: true, value: 0 }];
  assert.deepEqual(written({ kind: 'gauge', points }), {
    gauge: { dataPoints: [{ ...head, flags: 1 }] },
  });
});

test('a sum says temporality by number, its start and whether it only grows', () => {
  const points = [{ ...common, startMs: 1, value: 5 }];
  const sum = { dataPoints: [{ ...head, startTimeUnixNano: '1000000', asDouble: 5 }] };
  assert.deepEqual(written({ kind: 'sum', isMonotonic: true, isDelta: true, points }), {
    sum: { ...sum, aggregationTemporality: 1, isMonotonic: true },
  });
  assert.deepEqual(written({ kind: 'sum', isMonotonic: false, isDelta: false, points }), {
    sum: { ...sum, aggregationTemporality: 2 },
  });
});

test('counts are texts, exact above 2^53, and never negative or a fraction', () => {
  const counts = [1, 2 ** 60, 1.9, -1, NaN, 2 ** 70];
  const points = [{ ...common, count: 2 ** 63, sum: undefined, bounds: [0.5, Infinity], counts }];
  assert.deepEqual(written({ kind: 'histogram', isDelta: false, points }), {
    histogram: {
      aggregationTemporality: 2,
      dataPoints: [
        {
          ...head,
          count: '9223372036854775808',
          bucketCounts: ['1', '1152921504606846976', '1', '0', '0', '18446744073709551615'],
          explicitBounds: [0.5, 'Infinity'],
        },
      ],
    },
  });
});

test('an exponential histogram and a summary have their own points', () => {
  const none = { offset: 0, counts: [] };
  const positive = { offset: 1, counts: [0, 2] };
  const zeros = { zeroCount: 1, zeroThreshold: 0 };
  const points = [{ ...common, scale: 0, count: 3, sum: 10, ...zeros, positive, negative: none }];
  const point = { ...head, count: '3', sum: 10, scale: 0, zeroCount: '1' };
  assert.deepEqual(written({ kind: 'exponential', isDelta: false, points }), {
    exponentialHistogram: {
      aggregationTemporality: 2,
      dataPoints: [{ ...point, positive: { offset: 1, bucketCounts: ['0', '2'] } }],
    },
  });
  const quantiles = [{ quantile: 0.5, value: NaN }];
  assert.deepEqual(
    written({ kind: 'summary', points: [{ ...common, count: 6, sum: 3, quantiles }] }),
    {
      summary: {
        dataPoints: [{ ...head, count: '6', sum: 3, quantileValues: [{ quantile: 0.5, value: 'NaN' }] }],
      },
    },
  );
}); // prettier-ignore

test('ids of exemplars are hexadecimal fields; others stay attributes', () => {
  const id = { trace_id: 'AB'.repeat(16), span_id: 'cd'.repeat(8) };
  const exemplars = [
    { labels: makeLabelSet({ ...id, user: 'u' }), value: 0.25, tMs: 1 },
    { labels: makeLabelSet({ trace_id: 'abc' }), value: 1, tMs: 1 },
  ];
  const points = [{ ...common, exemplars, value: 1 }];
  const time = { timeUnixNano: '1000000' };
  assert.deepEqual(written({ kind: 'gauge', points }), {
    gauge: {
      dataPoints: [
        {
          ...head,
          asDouble: 1,
          exemplars: [
            {
              filteredAttributes: [{ key: 'user', value: { stringValue: 'u' } }],
              ...time,
              asDouble: 0.25,
              traceId: 'ab'.repeat(16),
              spanId: 'cd'.repeat(8),
            },
            {
              filteredAttributes: [{ key: 'trace_id', value: { stringValue: 'abc' } }],
              ...time,
              asDouble: 1,
            },
          ],
        },
      ],
    },
  });
});
