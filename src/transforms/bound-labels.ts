/**
 * The labels `le` and `quantile` as the Collector writes them: the shortest decimal number, without
 * an exponent. A scrape makes `1.0` of `1`; dashboards made for a Collector ask for `1`. Pure.
 * Source: contrib's pkg/translator/prometheusremotewrite/helper.go, Go's strconv.FormatFloat
 */
import { METRIC_NAME } from '../model/labels.ts';
import { findBoundName } from '../model/point.ts';
import type { SeriesTransform } from '../model/transform.ts';

export const boundLabels: SeriesTransform = {
  identity: 'bound_labels',
  change: ({ labels, family }) => {
    const whole = labels.get(METRIC_NAME) ?? '';
    const suffix = whole.startsWith(family.name) ? whole.slice(family.name.length) : '';
    const name = findBoundName(family.type, suffix);
    const bound = name && labels.get(name);
    if (name === undefined || bound === undefined) return 'unchanged';
    const value = formatDecimal(bound);
    if (value === bound) return 'unchanged';
    labels.set(name, value);
    return 'changed';
  },
};

/** A number's shortest digits that mean it; what is no finite number stays as it is. */
function formatDecimal(text: string): string {
  const number = Number(text);
  if (text === '' || !Number.isFinite(number)) return text;
  const [mantissa = '', exponent] = String(number).split('e');
  if (exponent === undefined) return mantissa;
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d)(?:\.(\d+))?$/.exec(mantissa) ?? [];
  const digits = whole + fraction;
  const point = 1 + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return sign + digits.padEnd(point, '0');
}
