/**
 * Attributes of the resource as labels of each series, as Prometheus' section `otlp` asks for; a
 * series' own label of the name stays. Names are those that the section's strategy makes. Pure.
 * Source: Prometheus' storage/remote/otlptranslator/prometheusremotewrite/metrics_to_prw.go
 */
import { formatIdentity, type SeriesTransform } from '../model/transform.ts';
import { buildLabelName, type NameRules } from './prometheus-names.ts';

export interface PromotedResourceOptions {
  /** Only these, or all but these. */
  readonly choice: 'only' | 'all_but';
  readonly attributes: readonly string[];
  readonly names: Pick<NameRules, 'isUtf8' | 'labels'>;
}

export function promotedResource(options: PromotedResourceOptions): SeriesTransform {
  const { choice, attributes, names } = options;
  const named = new Set(attributes);
  return {
    identity: formatIdentity('promoted_resource', {
      choice,
      attributes: JSON.stringify(attributes),
      isUtf8: names.isUtf8,
      ...names.labels,
    }),
    change: ({ labels, resource }) => {
      const promoted = new Map<string, string>();
      for (const [name, value] of resource)
        if (named.has(name) === (choice === 'only'))
          promoted.set(buildLabelName(name, names.isUtf8, names.labels), value);
      for (const [label, value] of promoted) if (!labels.has(label)) labels.set(label, value);
      return promoted.size === 0 ? 'unchanged' : 'changed';
    },
  };
}
