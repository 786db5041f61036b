/**
 * Which series of two vectors match: those equal in the labels of `on (…)`, or in all labels except
 * the name and those of `ignoring (…)`.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/operators/#vector-matching
 */
import { type LabelSet, labelSetKey, METRIC_NAME } from '../../model/labels.ts';
import type { Matching } from './ast.ts';

/** The labels of a series that a match compares. */
export function pickMatchLabels(labels: LabelSet, matching: Matching): LabelSet {
  return labels.filter(({ name }) =>
    matching.isOn
      ? matching.labels.includes(name)
      : name !== METRIC_NAME && !matching.labels.includes(name),
  );
}

/** Returns a function from label sets to keys, which are equal where the series match. */
export function compileMatchKey(matching: Matching): (labels: LabelSet) => string {
  return (labels) => labelSetKey(pickMatchLabels(labels, matching));
}
