/**
 * Which series of two vectors belong together: equal in the labels of `on (…)`, or in all but those
 * of `ignoring (…)` and the name.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/operators/#vector-matching
 */
import { type LabelSet, labelSetKey, METRIC_NAME } from '../../model/labels.ts';
import type { Matching } from './ast.ts';

/** The labels that decide on a match. */
export function pickMatchLabels(labels: LabelSet, matching: Matching): LabelSet {
  return labels.filter(({ name }) =>
    matching.isOn
      ? matching.labels.includes(name)
      : name !== METRIC_NAME && !matching.labels.includes(name),
  );
}

/** A function from label sets to keys, equal where the series match. */
export function compileMatchKey(matching: Matching): (labels: LabelSet) => string {
  return (labels) => labelSetKey(pickMatchLabels(labels, matching));
}
