/**
 * Label sets: sorted name → value pairs that identify a series. Values only; nothing here knows a
 * wire format. The order is that of the names' UTF-8 bytes, which remote write and the Prometheus
 * API require.
 * Source: https://prometheus.io/docs/concepts/data_model/
 */

export interface Label {
  readonly name: string;
  readonly value: string;
}

/** Sorted by name, names unique, no empty value (an empty value means the label is absent). */
export type LabelSet = readonly Label[];

export const METRIC_NAME = '__name__';

/**
 * Builds a label set: sorts, and drops empty values. Where a name is given twice, the last value
 * wins.
 */
export function makeLabelSet(
  labels: Readonly<Record<string, string>> | Iterable<readonly [string, string]>,
): LabelSet {
  // A map is not copied, and what is sorted is not sorted again: both show in what a series costs.
  const pairs = Symbol.iterator in labels ? labels : Object.entries(labels);
  const byName = pairs instanceof Map ? (pairs as Map<string, string>) : new Map(pairs);
  const set: Label[] = [];
  let isSorted = true;
  let last = '';
  for (const [name, value] of byName) {
    if (value === '') continue;
    isSorted &&= compareUtf8(last, name) <= 0;
    last = name;
    set.push({ name, value });
  }
  return isSorted ? set : sortByName(set);
}

/** Above so many labels each is no longer looked up by those before it, which is quadratic. */
const INSERTED_MAX = 32;

/** Most sets are sorted but for one or two labels, which are put where they belong. */
function sortByName(set: Label[]): Label[] {
  if (set.length > INSERTED_MAX) return set.sort((a, b) => compareUtf8(a.name, b.name));
  for (let i = 1; i < set.length; i++) {
    const label = set[i] as Label;
    let at = i;
    while (at > 0 && compareUtf8((set[at - 1] as Label).name, label.name) > 0) {
      set[at] = set[at - 1] as Label;
      at -= 1;
    }
    set[at] = label;
  }
  return set;
}

/** The value of a label, '' when the set has no label of that name. */
export function labelValue(labels: LabelSet, name: string): string {
  for (const label of labels) if (label.name === name) return label.value;
  return '';
}

/**
 * A string that is equal for equal label sets and for no others. It is a Map key, not for display.
 */
export function labelSetKey(labels: LabelSet): string {
  let key = '';
  for (const { name, value } of labels) key += `${name.length}:${name}${value.length}:${value}`;
  return key;
}

/**
 * Orders label sets by name and value, pair by pair: the order in which the Prometheus API gives
 * series.
 */
export function compareLabelSets(a: LabelSet, b: LabelSet): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a[i];
    const y = b[i];
    if (x === undefined || y === undefined) break;
    const order = compareUtf8(x.name, y.name) || compareUtf8(x.value, y.value);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Formats a series as Prometheus prints it: `name{a="b", c="d"}`. */
export function formatLabelSet(labels: LabelSet): string {
  const name = labelValue(labels, METRIC_NAME);
  const rest = labels
    .filter((label) => label.name !== METRIC_NAME)
    .map((label) => `${label.name}=${JSON.stringify(label.value)}`);
  if (rest.length === 0 && name !== '') return name;
  return `${name}{${rest.join(', ')}}`;
}

/**
 * Compares by UTF-8 bytes. JavaScript compares UTF-16 units, which differs only where a surrogate
 * (U+10000 and above) meets U+E000 to U+FFFF; where they meet, the surrogate is the greater.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const xHigh = x >= 0xd800 && x <= 0xdfff;
    const yHigh = y >= 0xd800 && y <= 0xdfff;
    if (xHigh !== yHigh) return xHigh ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}

const legacyLabelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const legacyMetricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/**
 * Whether a label name needs no quotes in PromQL and text formats (the names before UTF-8 was
 * allowed).
 */
export function isLegacyLabelName(name: string): boolean {
  return legacyLabelName.test(name);
}

/** Whether a metric name needs no quotes in PromQL and text formats. */
export function isLegacyMetricName(name: string): boolean {
  return legacyMetricName.test(name);
}
