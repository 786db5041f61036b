/**
 * Attributes of the resource as labels of each series, as Prometheus' section `otlp` asks for; a
 * series' own label of the name stays. Names are those that the section's strategy makes. Pure.
 * Source: Prometheus' storage/remote/otlptranslator/prometheusremotewrite/metrics_to_prw.go
 */
import type { OpenSeries } from '../model/open-series.ts';
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
  const nameLabel = (name: string): string => buildLabelName(name, names.isUtf8, names.labels);
  const only = attributes.map((name) => ({ name, label: nameLabel(name) }));
  return {
    identity: formatIdentity('promoted_resource', {
      choice,
      attributes: JSON.stringify(attributes),
      isUtf8: names.isUtf8,
      ...names.labels,
    }),
    change: (series) => {
      const promoted =
        choice === 'only' ? readChosen(only, series) : readOthers(named, nameLabel, series);
      if (promoted.size === 0) return 'unchanged';
      const { labels } = series;
      for (const [label, value] of promoted) if (!labels.has(label)) labels.set(label, value);
      return 'changed';
    },
  };
}

/** Asks for each attribute by itself, which costs less than all of a resource for each series. */
function readChosen(
  chosen: readonly { readonly name: string; readonly label: string }[],
  series: OpenSeries,
): Map<string, string> {
  const promoted = new Map<string, string>();
  for (const { name, label } of chosen) {
    const value = series.resourceValue(name);
    if (value !== '') promoted.set(label, value);
  }
  return promoted;
}

function readOthers(
  named: ReadonlySet<string>,
  nameLabel: (name: string) => string,
  { resource }: OpenSeries,
): Map<string, string> {
  const promoted = new Map<string, string>();
  for (const [name, value] of resource) if (!named.has(name)) promoted.set(nameLabel(name), value);
  return promoted;
}
