/** Metrics as an emf_write entry gets them, and the increases and events that it makes of them. */
import { makeLabelSet } from '../../src/model/labels.ts';
import type {
  ExponentialPoint,
  HistogramPoint,
  MetricData,
  OtelMetric,
  ResourceMetrics,
} from '../../src/model/otel-metrics.ts';
import { silentReporter } from '../../src/settings/finding.ts';
import type { Differences, Increases, TargetReading } from '../../src/sinks/emf/differences.ts';
import { makeEventMaker } from '../../src/sinks/emf/events.ts';
import { emfSchema, resolveEmf } from '../../src/sinks/emf/schema.ts';

export const T_MS = 1_764_000_000_000;

/** The events of one resource, with what was counted and said. */
export function makeEvents(
  entry: object,
  metrics: readonly OtelMetric[],
  resource: Readonly<Record<string, string>> = {},
) {
  const { make, ...told } = makeEventsOf(entry);
  return { events: make([{ resource: makeLabelSet(resource), metrics }]), ...told };
}

/** The same for one commit after another. @param entry  of emf_write, as it is written */
export function makeEventsOf(entry: object) {
  const env = { HOSTNAME: 'host' };
  const context = { path: [], baseDirectory: '/', report: silentReporter, env };
  const { settings } = resolveEmf(emfSchema.parse(entry), context);
  const leftOut: Record<string, number> = {};
  const said: string[] = [];
  const unfilled: string[] = [];
  const make = makeEventMaker(settings, {
    onLeftOut: (points, reason) => (leftOut[reason] = (leftOut[reason] ?? 0) + points),
    onUnfilled: (placeholder) => void unfilled.push(placeholder),
    warn: (message, fields) => void said.push(`${message} ${JSON.stringify(fields)}`),
  });
  return {
    leftOut,
    said,
    unfilled,
    make: (all: readonly ResourceMetrics[]) =>
      make(all).map(({ group, stream, points, metrics, timestampMs, message }) => {
        const event = JSON.parse(message) as Record<string, unknown>;
        return { group, stream, points, metrics, timestampMs, message, event };
      }),
  };
}

type Labels = Readonly<Record<string, string>>;

export function metric(name: string, data: MetricData, unit = ''): OtelMetric {
  return { name, description: '', unit, type: 'unknown', data };
}

export function point(labels: Labels) {
  const attributes = makeLabelSet(labels);
  return { attributes, tMs: T_MS, startMs: undefined, isStale: false, exemplars: [] };
}

export function gauge(name: string, labels: Labels, value: number): OtelMetric {
  return metric(name, { kind: 'gauge', points: [{ ...point(labels), value }] });
}

/** Increases of a counter. */
export function sum(name: string, labels: Labels, value: number): OtelMetric {
  const points = [{ ...point(labels), value }];
  return metric(name, { kind: 'sum', isMonotonic: true, isDelta: true, points });
}

export function histogram(
  name: string,
  labels: Labels,
  own: Pick<HistogramPoint, 'bounds' | 'counts' | 'sum' | 'extremes'>,
): OtelMetric {
  const count = own.counts.reduce((total, one) => total + one, 0);
  const points = [{ ...point(labels), ...own, count }];
  return metric(name, { kind: 'histogram', isDelta: true, points });
}

export function exponential(
  name: string,
  labels: Labels,
  own: Partial<ExponentialPoint>,
): OtelMetric {
  const none = { offset: 0, counts: [] };
  const whole = { scale: 0, count: 0, sum: 0, zeroCount: 0, zeroThreshold: 0 };
  const points = [{ ...point(labels), ...whole, positive: none, negative: none, ...own }];
  return metric(name, { kind: 'exponential', isDelta: true, points });
}

export function summary(
  name: string,
  labels: Labels,
  own: {
    readonly count: number;
    readonly sum: number;
    readonly quantiles: readonly (readonly [quantile: number, value: number])[];
  },
): OtelMetric {
  const quantiles = own.quantiles.map(([quantile, value]) => ({ quantile, value }));
  return metric(name, { kind: 'summary', points: [{ ...point(labels), ...own, quantiles }] });
}

/** The increases of a commit that is one part. */
export function readWhole(
  differences: Differences,
  key: string,
  all: readonly ResourceMetrics[],
  reading: TargetReading,
): Increases {
  const open = differences.begin(key, all, reading);
  const increases = differences.apply(open, all);
  differences.end(open);
  return increases;
}
