/**
 * A series under the names that an exporter of a Collector gives it: of the metric with its parts,
 * and of its attributes. Attributes whose names become the same are joined in the order of their
 * names, by ";". A series whose names stay keeps its family, so that its metadata stay as well.
 * Pure; what a name becomes is remembered, since the series of a metric come one after another and
 * have the same attributes.
 * Source: contrib's pkg/translator/prometheusremotewrite/{helper,metrics_to_prw}.go
 */
import { compareUtf8 } from '../model/labels.ts';
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
  const nameMetric = rememberMetric(rules);
  const nameLabel = rememberLabels(rules);
  return {
    identity: formatIdentity('translated_names', { namespace, hasSuffixes, isUtf8, ...labels }),
    change: ({ point, family }) => {
      const kind = family.isSum === true ? 'other' : (KINDS[point.type] ?? 'other');
      const { name, unit } = point;
      const renamed = nameMetric({ name, unit, kind });
      point.name = renamed.name;
      translateAttributes(point.attributes, nameLabel, labels?.joinsEqual === true);
      // A series that is not renamed keeps the unit that its target tells.
      if (point.name !== name) point.unit = renamed.unit;
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

interface Renamed {
  readonly name: string;
  readonly unit: string;
}

/** Names metrics, and remembers the last one. */
function rememberMetric(rules: NameRules): (metric: NamedMetric) => Renamed {
  let last: NamedMetric | undefined;
  let renamed: Renamed = { name: '', unit: '' };
  return (metric) => {
    const { name, unit, kind } = metric;
    if (last?.name === name && last.unit === unit && last.kind === kind) return renamed;
    renamed = { name: buildMetricName(metric, rules), unit: formatUnit(unit, rules.isUtf8) };
    last = metric;
    return renamed;
  };
}

/** How many names of labels are remembered, and how long one may be. */
const NAMES_MAX = 1_000;
const NAME_LENGTH_MAX = 200;

/** Names labels, and remembers what became of a name. */
function rememberLabels({ isUtf8, labels }: NameRules): (name: string) => string {
  const known = new Map<string, string>();
  return (name) => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const label = buildLabelName(name, isUtf8, labels);
    if (known.size >= NAMES_MAX) known.clear();
    if (name.length <= NAME_LENGTH_MAX) known.set(name, label);
    return label;
  };
}

function translateAttributes(
  attributes: Map<string, string>,
  nameLabel: (name: string) => string,
  joinsEqual: boolean,
): void {
  if (!hasOtherName(attributes, nameLabel)) return;
  // Names and values in turn: an array for each pair would cost more than all else.
  const given: string[] = [];
  for (const [name, value] of attributes) given.push(name, value);
  attributes.clear();
  for (let i = 0; i < given.length; i += 2) {
    const value = given[i + 1] as string;
    if (value === '') continue;
    const label = nameLabel(given[i] as string);
    // Only what is joined has an order.
    if (attributes.has(label)) return joinAttributes(attributes, given, nameLabel, joinsEqual);
    attributes.set(label, value);
  }
}

function joinAttributes(
  attributes: Map<string, string>,
  given: readonly string[],
  nameLabel: (name: string) => string,
  joinsEqual: boolean,
): void {
  attributes.clear();
  const pairs: [string, string][] = [];
  for (let i = 0; i < given.length; i += 2)
    pairs.push([given[i] as string, given[i + 1] as string]);
  for (const [name, value] of pairs.sort(([a], [b]) => compareUtf8(a, b))) {
    if (value === '') continue;
    const label = nameLabel(name);
    const other = attributes.get(label);
    if (other === undefined) attributes.set(label, value);
    else if (other !== value || joinsEqual) attributes.set(label, `${other};${value}`);
  }
}

function hasOtherName(
  attributes: ReadonlyMap<string, string>,
  nameLabel: (name: string) => string,
): boolean {
  for (const name of attributes.keys()) if (nameLabel(name) !== name) return true;
  return false;
}
