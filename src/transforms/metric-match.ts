/**
 * Which metrics and points a transform of the processor `metricstransform` is for. Pure.
 * Source: contrib's processor/metricstransformprocessor/metrics_transform_processor_otlp.go
 */
import type { Point } from '../model/point.ts';
import type { SearchRegex } from '../relabel/search.ts';

export interface MetricMatch {
  /** The name of the metric, or a pattern that is found anywhere in it. */
  readonly include: string | SearchRegex;
  /**
   * By attribute, its value or a pattern of it; an attribute that is not there has the value ''.
   */
  readonly labels: ReadonlyMap<string, string | SearchRegex>;
}

export function matchesPoint(match: MetricMatch, point: Point): boolean {
  return matches(match.include, point.name) && matchesLabels(match, point);
}

export function matchesLabels({ labels }: MetricMatch, { attributes }: Point): boolean {
  for (const [name, wanted] of labels)
    if (!matches(wanted, attributes.get(name) ?? '')) return false;
  return true;
}

function matches(wanted: string | SearchRegex, text: string): boolean {
  return typeof wanted === 'string' ? wanted === text : wanted.test(text);
}
