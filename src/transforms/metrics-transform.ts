/**
 * One entry of the processor `metricstransform`. What is a function of one series is one: it is
 * applied when a ref is made, and samples pay nothing. Only where series are copied or joined, a
 * branch of samples is opened.
 *
 *     update without an aggregation   a function of the series
 *     update with one                 matched ── operations ── aggregation ── operations ──►
 *     insert                          a copy of what is matched ── the same ──►
 *     combine                         matched ── labels, new name ── aggregation ── operations ──►
 *     group                           a function of the series
 * Source: contrib's processor/metricstransformprocessor/metrics_transform_processor_otlp.go
 */
import { readPoint, type TransformedSeries } from '../model/open-series.ts';
import { formatIdentity, type Transform } from '../model/transform.ts';
import type { AggregationType } from './aggregate-values.ts';
import { aggregation } from './aggregation.ts';
import { branch } from './branch.ts';
import { matchesPoint, type MetricMatch } from './metric-match.ts';
import { applyOperations, type Operation, setResource } from './metric-operations.ts';

/** An operation, or what joins the series that it has made the same. */
export type Step = Operation | { readonly aggregates: AggregationType };

export interface MetricsTransform {
  /** All settings of the entry, as a text. */
  readonly settings: string;
  readonly match: MetricMatch;
  readonly action: 'update' | 'insert' | 'combine' | 'group';
  readonly steps: readonly Step[];
  /** For group: what the resource gets. */
  readonly resource: ReadonlyMap<string, string>;
}

export function metricsTransform(entry: MetricsTransform): Transform {
  const { settings, match, action, steps, resource } = entry;
  const identity = formatIdentity('metrics_transform', { settings });
  if (action === 'group')
    return applyOperations(identity, [setResource(resource)], (point) =>
      matchesPoint(match, point),
    );
  const operations = steps.filter((step) => typeof step === 'function');
  if (action === 'update' && operations.length === steps.length)
    return applyOperations(identity, operations, (point) => matchesPoint(match, point));
  const takes = (series: TransformedSeries) => matchesPoint(match, readPoint(series));
  const path = makePath(steps, identity);
  if (action !== 'combine') return branch({ identity, takes, copies: action === 'insert', path });
  return branch({
    identity,
    takes: (series) => series.family.type !== 'summary' && takes(series),
    copies: false,
    path,
    kindOf,
  });
}

/** What metrics must have in common to be combined. */
function kindOf({ family: { type, unit, isDelta = false } }: TransformedSeries): string {
  return JSON.stringify([type === 'unknown' ? 'gauge' : type, unit, isDelta]);
}

/** Puts operations that follow one another into one transform. */
function makePath(steps: readonly Step[], identity: string): readonly Transform[] {
  const path: Transform[] = [];
  let operations: Operation[] = [];
  const flush = (): void => {
    if (operations.length > 0) path.push(applyOperations(identity, operations));
    operations = [];
  };
  for (const step of steps) {
    if (typeof step === 'function') {
      operations.push(step);
      continue;
    }
    flush();
    path.push(aggregation(step.aggregates));
  }
  flush();
  return path;
}
