import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { makeLabelSet } from '../../model/labels.ts';
import { silentReporter } from '../../settings/finding.ts';
import type { MetricData, OtelMetric, ResourceMetrics } from '../../model/otel-metrics.ts';
import { makeEventMaker } from './events.ts';
import { emfSchema, resolveEmf } from './schema.ts';

const T_MS = 1_764_000_000_000;

suite('events', () => {
  test('metrics of equal labels and time are one event with all labels as dimensions', () => {
    const { events } = run({ namespace: 'shop' }, [
      gauge('a', { job: 'web', zone: 'x' }, 1),
      gauge('b', { job: 'web', zone: 'x' }, 2),
    ]);
    assert.equal(events.length, 1);
    assert.deepEqual(events[0]?.event, {
      _aws: {
        Timestamp: T_MS,
        CloudWatchMetrics: [
          {
            Namespace: 'shop',
            Dimensions: [['job', 'zone']],
            Metrics: [{ Name: 'a' }, { Name: 'b' }],
          },
        ],
      },
      Version: '1',
      job: 'web',
      zone: 'x',
      a: 1,
      b: 2,
    });
  });
});

type Entry = Readonly<Record<string, unknown>>;

function run(entry: Entry, metrics: readonly OtelMetric[], resource: Record<string, string> = {}) {
  return runAll(entry, [{ resource: makeLabelSet(resource), metrics }]);
}

function runAll(entry: Entry, all: readonly ResourceMetrics[]) {
  const context = { path: [], baseDirectory: '/', report: silentReporter, env: {} };
  const { settings } = resolveEmf(emfSchema.parse(entry), context);
  const leftOut: Record<string, number> = {};
  const said: string[] = [];
  const unfilled: string[] = [];
  const make = makeEventMaker(settings, {
    onLeftOut: (points, reason) => (leftOut[reason] = (leftOut[reason] ?? 0) + points),
    onUnfilled: (placeholder) => void unfilled.push(placeholder),
    warn: (message, fields) => void said.push(`${message} ${JSON.stringify(fields)}`),
  });
  const events = make(all).map((one) => ({ ...describe(one), event: JSON.parse(one.message) }));
  return { events, leftOut, said, unfilled };
}

function describe(one: ReturnType<ReturnType<typeof makeEventMaker>>[number]) {
  const { group, stream, points, metrics, timestampMs, message } = one;
  return { group, stream, points, metrics, timestampMs, message };
}

function gauge(name: string, labels: Record<string, string>, value: number): OtelMetric {
  return metric(name, { kind: 'gauge', points: [{ ...common(labels), value }] });
}

function metric(name: string, data: MetricData, unit = ''): OtelMetric {
  return { name, description: '', unit, type: 'gauge', data };
}

function common(labels: Record<string, string>) {
  const attributes = makeLabelSet(labels);
  return { attributes, tMs: T_MS, startMs: undefined, isStale: false, exemplars: [] };
}
