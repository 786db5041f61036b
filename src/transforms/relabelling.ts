/**
 * Relabelling as a transform of series: write_relabel_configs. A series that has no label left is
 * dropped.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config
 */
import type { SeriesTransform } from '../model/transform.ts';
import { relabel, type RelabelRule } from '../relabel/relabel.ts';
import { ruleKey } from '../relabel/rule-key.ts';

/** The transform that applies the rules in order. */
export function relabelling(rules: readonly RelabelRule[]): SeriesTransform {
  return {
    identity: `relabel${JSON.stringify(rules.map(ruleKey))}`,
    change: ({ labels }) => (relabel(labels, rules) && labels.size > 0 ? 'changed' : 'dropped'),
  };
}
