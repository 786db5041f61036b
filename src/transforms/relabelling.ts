/**
 * Relabelling as a transform of series: write_relabel_configs. What has no label left is dropped.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config
 */
import { type Label, labelSetOf } from '../model/labels.ts';
import { identityOf, type SeriesTransform } from '../model/transform.ts';
import { relabel, type RelabelRule } from '../relabel/relabel.ts';

export function relabelling(rules: readonly RelabelRule[]): SeriesTransform {
  return {
    identity: rules.map(identityOfRule).join(' '),
    apply: (series) => {
      const labels = new Map<string, string>(
        series.labels.map((label: Label) => [label.name, label.value]),
      );
      if (!relabel(labels, rules)) return undefined;
      const set = labelSetOf(labels);
      return set.length === 0 ? undefined : { ...series, labels: set };
    },
  };
}

function identityOfRule(rule: RelabelRule): string {
  return identityOf(rule.action, {
    source_labels: rule.sourceLabels.join('\n'),
    separator: rule.separator,
    regex: rule.regex.source,
    modulus: rule.modulus,
    target_label: rule.targetLabel,
    replacement: rule.replacement,
  });
}
