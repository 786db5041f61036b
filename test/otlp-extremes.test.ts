/**
 * The least and the greatest observation of a histogram, which OTLP tells and Prometheus does not:
 * from a request that is received to the point that a sink gets, and to the request of otlp_write.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readWhole } from './kit/emf-events.ts';
import { momentAt } from './kit/moment.ts';
import type { ResourceMetrics } from '../src/model/otel-metrics.ts';
import type { Transform } from '../src/model/transform.ts';
import { MetricsIntake } from '../src/otlp/metrics/intake.ts';
import { METRICS_INTAKE_DEFAULTS } from '../src/otlp/metrics/settings.ts';
import { FanOut } from '../src/routes/fan-out.ts';
import { MetricsAppender } from '../src/sinks/assembly/appender.ts';
import { Differences } from '../src/sinks/emf/differences.ts';
import { branch } from '../src/transforms/branch.ts';
import { targetInfo } from '../src/transforms/target-info.ts';
import { formatMetricsRequest } from '../src/wire/otlp/metrics-json.ts';
import { METRICS_REQUEST } from '../src/wire/otlp/metrics-request.ts';
import { writeMetricsRequest } from '../src/wire/otlp/metrics-writer.ts';
import { decodeMessage } from '../src/wire/protobuf/decode.ts';
import {
  encodeRequest,
  exponential,
  exponentialPoint,
  histogram,
  histogramPoint,
  metric,
  POINT_MS,
  resourceMetrics,
} from './kit/otlp-metrics.ts';
import { createWorld } from './kit/world.ts';

type Temporality = 'cumulative' | 'delta';

const TARGET_INFO = targetInfo({ namespace: '', ending: [] });
const path = [TARGET_INFO];
const BRANCH = branch({ identity: 'all', takes: () => true, copies: false, path });

function openRoad(transforms: readonly Transform[] = [], histograms: 'classic' | 'custom') {
  const taken: ResourceMetrics[] = [];
  const open = () => new MetricsAppender((all) => void taken.push(...all));
  const outlets = [{ openAppender: open, transforms }];
  const intake = new MetricsIntake({
    id: 'otlp',
    openAppender: (_source, key, resource = []) => new FanOut({ key, resource, outlets }),
    world: createWorld(),
    settings: { ...METRICS_INTAKE_DEFAULTS, histograms },
  });
  return { intake, taken };
}

/** Two histograms: of a count of 3, or 3 more a second, between these extremes. */
function makeRequest(temporality: Temporality, second: number, hasSum = true): Buffer {
  const count = temporality === 'delta' ? 3 : 3 * second;
  const at = { startMs: POINT_MS, timeMs: POINT_MS + second * 1_000 };
  const own = { ...at, count, sum: hasSum ? 9 : undefined, min: -2.5, max: 7 };
  const took = { ...own, bucketCounts: [1, count - 1], explicitBounds: [5] };
  const size = { ...own, positive: { offset: 0, bucketCounts: [count] } };
  return encodeRequest(
    resourceMetrics({ 'service.name': 'shop' }, [
      metric('took', histogram([histogramPoint(took)], temporality)),
      metric('size', exponential([exponentialPoint(size)], temporality)),
    ]),
  );
}

function listExtremes(all: readonly ResourceMetrics[]): readonly string[] {
  return all.flatMap(({ metrics }) =>
    metrics.flatMap(({ name, data }) =>
      data.kind === 'histogram' || data.kind === 'exponential'
        ? data.points.map(({ extremes: one }) => `${name} ${one?.min ?? '-'} ${one?.max ?? '-'}`)
        : [],
    ),
  );
}

for (const temporality of ['delta', 'cumulative'] as const)
  for (const histograms of ['classic', 'custom'] as const)
    test(`${temporality} points keep them, histograms as ${histograms}`, async () => {
      for (const transforms of [[], [TARGET_INFO], [BRANCH], [BRANCH, TARGET_INFO]]) {
        const { intake, taken } = openRoad(transforms, histograms);
        await intake.take(makeRequest(temporality, 1));
        assert.deepEqual(listExtremes(taken), ['took -2.5 7', 'size -2.5 7']);
        const request = decodeMessage(
          METRICS_REQUEST,
          writeMetricsRequest(taken, { name: 'x', version: '1' }),
        );
        const points = request.resourceMetrics[0]?.scopeMetrics[0]?.metrics.map(({ data }) =>
          data?.is === 'histogram' || data?.is === 'exponential' ? data.value.points[0] : undefined,
        );
        assert.deepEqual(
          points?.map((point) => [point?.min, point?.max]),
          [
            [-2.5, 7],
            [-2.5, 7],
          ],
        );
        const json = formatMetricsRequest(taken, { name: 'x', version: '1' });
        assert.equal(json.match(/"min":-2.5,"max":7/g)?.length, 2);
      }
    });

test('a histogram without a sum keeps them', async () => {
  const { intake, taken } = openRoad([], 'classic');
  await intake.take(makeRequest('delta', 1, false));
  assert.equal(listExtremes(taken)[0], 'took -2.5 7');
});

test('an increase has them only where it holds all observations', async () => {
  const { intake, taken } = openRoad([], 'classic');
  const options = { retainsInitialValue: true, onUnsent: () => undefined };
  const differences = new Differences(options, POINT_MS - 1);
  await intake.take(makeRequest('cumulative', 1));
  const first = readWhole(differences, 't', taken.splice(0), { now: momentAt(POINT_MS + 1_000) });
  assert.deepEqual(listExtremes(first.metrics), ['took -2.5 7', 'size -2.5 7']);
  await intake.take(makeRequest('cumulative', 2));
  const second = readWhole(differences, 't', taken.splice(0), { now: momentAt(POINT_MS + 2_000) });
  assert.deepEqual(listExtremes(second.metrics), ['took - -', 'size - -']);
});
