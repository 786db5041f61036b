/**
 * A series under the names that an exporter of a Collector gives it: of the metric with its parts,
 * and of its attributes. Attributes whose names become the same are joined in the order of their
 * names, by ";". A series whose names stay keeps its family, so that its metadata stay as well.
 * Pure.
 * Source: contrib's pkg/translator/prometheusremotewrite/{helper,metrics_to_prw}.go
 */
import type { SeriesType } from '../model/sample.ts';
import { formatIdentity, type SeriesTransform } from '../model/transform.ts';
import {
  buildLabelName,
  buildMetricName,
  type NamedMetric,
  type NameRules,
} from './prometheus-names.ts';
import { formatUnit } from './prometheus-units.ts';

export function translatedNames(rules: NameRules): SeriesTransform {
  const { namespace, hasSuffixes, isUtf8, labels } = rules;
  return {
    identity: formatIdentity('translated_names', { namespace, hasSuffixes, isUtf8, ...labels }),
    change: ({ point, family }) => {
      const kind = family.isSum === true ? 'other' : (KINDS[point.type] ?? 'other');
      const { name, unit } = point;
      point.name = buildMetricName({ name, unit, kind }, rules);
      translateAttributes(point.attributes, rules);
      // A series that is not renamed keeps the unit that its target tells.
      if (point.name !== name) point.unit = formatUnit(unit, isUtf8);
      return 'changed';
    },
  };
}

/** What is not told is a gauge; an info, a state set and what says so are sums that may fall. */
const KINDS: Readonly<Partial<Record<SeriesType, NamedMetric['kind']>>> = {
  counter: 'counter',
  gauge: 'gauge',
  unknown: 'gauge',
};

function translateAttributes(attributes: Map<string, string>, { isUtf8, labels }: NameRules): void {
  const names = [...attributes.keys()];
  if (names.every((name) => buildLabelName(name, isUtf8, labels) === name)) return;
  const given = [...attributes].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  attributes.clear();
  for (const [name, value] of given) {
    if (value === '') continue;
    const label = buildLabelName(name, isUtf8, labels);
    const other = attributes.get(label);
    if (other === undefined) attributes.set(label, value);
    else if (other !== value || labels?.joinsEqual === true)
      attributes.set(label, `${other};${value}`);
  }
}
