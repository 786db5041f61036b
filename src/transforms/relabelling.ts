/**
 * Relabelling as a transform of series: write_relabel_configs. A series that has no label left is
 * dropped.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config
 */
import { type Label, makeLabelSet } from '../model/labels.ts';
import type { SeriesTransform } from '../model/transform.ts';
import { relabel, type RelabelRule } from '../relabel/relabel.ts';
import { ruleKey } from '../relabel/rule-key.ts';

/** The transform that applies the rules in order. */
export function relabelling(rules: readonly RelabelRule[]): SeriesTransform {
  return {
    identity: `relabel${JSON.stringify(rules.map(ruleKey))}`,
    apply: (series) => {
      const labels = new Map<string, string>(
        series.labels.map((label: Label) => [label.name, label.value]),
      );
      if (!relabel(labels, rules)) return undefined;
      const set = makeLabelSet(labels);
      return set.length === 0 ? undefined : { ...series, labels: set };
    },
  };
}
