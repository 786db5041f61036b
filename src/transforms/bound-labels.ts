/**
 * The labels `le` and `quantile` as the Collector writes them: the shortest decimal number, without
 * an exponent. A scrape makes `1.0` of `1`; dashboards made for a Collector ask for `1`. Pure.
 * Source: contrib's pkg/translator/prometheusremotewrite/helper.go, Go's strconv.FormatFloat
 */
import { makeLabelSet } from '../model/labels.ts';
import type { SeriesTransform } from '../model/transform.ts';
import { openPoint } from './point.ts';

export const boundLabels: SeriesTransform = {
  identity: 'bound_labels',
  apply: (series) => {
    const { bound } = openPoint(series);
    if (bound === undefined) return series;
    const value = formatDecimal(bound.value);
    if (value === bound.value) return series;
    const labels = new Map(series.labels.map((label) => [label.name, label.value]));
    labels.set(bound.name, value);
    return { ...series, labels: makeLabelSet(labels) };
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
