import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeLabelSet } from '../../model/labels.ts';
import type { OtelMetric, ResourceMetrics } from '../../model/otel-metrics.ts';
import { decodeMessage } from '../protobuf/decode.ts';
import { encodeMessage } from '../protobuf/encode.ts';
import { formatMetricsRequest } from './metrics-json.ts';
import { METRICS_REQUEST } from './metrics-request.ts';
import { writeMetricsRequest } from './metrics-writer.ts';
import { formatRequestJson } from './request-json.ts';

const T = 1_700_000_000_123;
const SCOPE = { name: 'amperage', version: '1.2.3' };
const attributes = makeLabelSet({ code: '200', empty: 'ü' });
const traceId = '0af7651916cd43dd8448eb211c80319c';
const exemplars = [
  {
    labels: makeLabelSet({ trace_id: traceId, span_id: '00f067aa0ba902b7', user: 'x' }),
    value: 0.5,
    tMs: T - 1,
  },
];
const point = { attributes, tMs: T, startMs: T - 60_000, isStale: false, exemplars };
const bare = { attributes: [], tMs: T, startMs: undefined, isStale: false, exemplars: [] };

function metric(name: string, data: OtelMetric['data']): OtelMetric {
  return { name, description: 'what', unit: 's', type: 'gauge', data };
}

const ALL: readonly ResourceMetrics[] = [
  {
    resource: makeLabelSet({ 'service.name': 'shop' }),
    metrics: [
      metric('g', {
        kind: 'gauge',
        points: [
          { ...point, value: 1.5 },
          { ...bare, value: 0 },
          { ...bare, isStale: true, value: 0 },
          { ...bare, value: NaN },
        ],
      }),
      metric('s', {
        kind: 'sum',
        isMonotonic: true,
        isDelta: false,
        points: [{ ...point, value: 7 }],
      }),
      metric('d', {
        kind: 'sum',
        isMonotonic: false,
        isDelta: true,
        points: [{ ...bare, value: -7 }],
      }),
      metric('h', {
        kind: 'histogram',
        isDelta: false,
        points: [
          { ...point, count: 6, sum: 2.5, bounds: [0.1, 1], counts: [1, 2, 3] },
          { ...bare, count: 0, sum: undefined, bounds: [], counts: [0] },
        ],
      }),
      metric('e', {
        kind: 'exponential',
        isDelta: true,
        points: [
          {
            ...point,
            scale: -3,
            count: 2 ** 40,
            sum: 9,
            zeroCount: 2,
            zeroThreshold: 1e-9,
            positive: { offset: -5, counts: [1, 0, 2 ** 33] },
            negative: { offset: 0, counts: [] },
          },
        ],
      }),
      metric('q', {
        kind: 'summary',
        points: [
          { ...bare, attributes, count: 3, sum: 4, quantiles: [{ quantile: 0.5, value: 0 }] },
        ],
      }),
    ],
  },
  { resource: [], metrics: [metric('bare', { kind: 'gauge', points: [{ ...bare, value: 1 }] })] },
];

test('what is written by hand says the same as what the tables read and write', () => {
  const written = writeMetricsRequest(ALL, SCOPE);
  const read = decodeMessage(METRICS_REQUEST, written);
  assert.deepEqual(decodeMessage(METRICS_REQUEST, encodeMessage(METRICS_REQUEST, read)), read);
  const [first] = read.resourceMetrics;
  assert.deepEqual(
    first?.resource?.attributes.map(({ key }) => key),
    ['service.name'],
  );
  const [gauge, sum, delta, histogram, exponential] = first.scopeMetrics[0]!.metrics;
  assert.ok(gauge?.data?.is === 'gauge' && sum?.data?.is === 'sum' && delta?.data?.is === 'sum');
  assert.equal(gauge.data.value.points[2]?.flags, 1);
  assert.equal(gauge.data.value.points[2]?.value, undefined);
  assert.equal(gauge.data.value.points[0]?.startMs, T - 60_000);
  assert.deepEqual([sum.data.value.temporality, sum.data.value.isMonotonic], ['cumulative', true]);
  assert.deepEqual([delta.data.value.temporality, delta.data.value.isMonotonic], ['delta', false]);
  assert.ok(histogram?.data?.is === 'histogram' && exponential?.data?.is === 'exponential');
  assert.deepEqual(histogram.data.value.points[0]?.bucketCounts, [1, 2, 3]);
  const [wide] = exponential.data.value.points;
  assert.deepEqual([wide?.scale, wide?.positive?.offset, wide?.count], [-3, -5, 2 ** 40]);
});

test('as JSON it is what the writer of JSON makes of the same metrics', () => {
  const canonical = (text: string): unknown => JSON.parse(text, (_, value: unknown) => value);
  const fromProto = canonical(
    formatRequestJson('metrics', writeMetricsRequest(ALL, SCOPE)).toString(),
  );
  const direct = canonical(formatMetricsRequest(ALL, SCOPE));
  assert.deepEqual(withoutInitials(fromProto), withoutInitials(direct));
});

/** Without fields that have their initial value, which both may write or leave out. */
function withoutInitials(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutInitials);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, one]) => key === 'asDouble' || ![0, '0', false].includes(one as never))
      .filter(([, one]) => !(Array.isArray(one) && one.length === 0))
      .map(([key, one]) => [key, withoutInitials(one)])
      .filter(([, one]) => JSON.stringify(one) !== '{}')
      .toSorted(([a], [b]) => String(a).localeCompare(String(b))),
  );
}
