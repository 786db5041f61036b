import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeRequest,
  exponential,
  exponentialPoint,
  histogram,
  histogramPoint,
  metric,
  numberPoint,
  POINT_MS,
  resourceMetrics,
  sum,
} from '../../../test/kit/otlp-metrics.ts';
import { openIntake } from '../../../test/kit/otlp-intake.ts';
import { deltaToCumulative } from '../../transforms/deltas.ts';

const SUMS = deltaToCumulative({ stalenessMs: 300_000, streamsMax: 100 });

function makeRequest(second: number): Buffer {
  const at = { startMs: POINT_MS + (second - 1) * 1_000, timeMs: POINT_MS + second * 1_000 };
  return encodeRequest(
    resourceMetrics({}, [
      metric('hits', sum([numberPoint(2, at)], 'delta')),
      metric('level', sum([numberPoint(-1, at)], 'delta', false)),
      metric(
        'took',
        histogram(
          [histogramPoint({ ...at, count: 3, bucketCounts: [1, 2], explicitBounds: [5] })],
          'delta',
        ),
      ),
      metric(
        'size',
        exponential(
          [exponentialPoint({ ...at, count: 4, positive: { offset: 0, bucketCounts: [4] } })],
          'delta',
        ),
      ),
    ]),
  );
}

test('deltas of all kinds are summed up, although each has another start', async () => {
  const { intake, sent, world } = openIntake({}, [SUMS]);
  for (const second of [1, 2, 3]) await intake.take(makeRequest(second));
  const last = sent().filter((line) => line.endsWith(`@${POINT_MS + 3_000}`));
  const values = last.map((line) => {
    const [series = '', value = ''] = line.split(' ');
    const native = value.startsWith('{') ? (JSON.parse(value) as { count: number }) : undefined;
    return `${series} ${native?.count ?? value}`;
  });
  assert.deepEqual(values.sort(), [
    'hits 6',
    'level -3',
    'size 12',
    'took_bucket{le="+Inf"} 9',
    'took_bucket{le="5"} 3',
    'took_count 9',
  ]);
  assert.equal(world.lines.length, 0);
});
