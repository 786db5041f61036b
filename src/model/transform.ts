/**
 * The seam of transforms: functions of a label set, applied once for each series where its ref is
 * made, so that they cost nothing for each sample. Values and interfaces only.
 */
import type { LabelSet } from './labels.ts';

/** What becomes of a series. */
export interface TransformedSeries {
  readonly labels: LabelSet;
  /** What its samples are multiplied by; 1 leaves them. */
  readonly scale: number;
}

export interface SeriesTransform {
  /** Made of named fields: equal for two that do the same to every series. */
  readonly identity: string;
  /** Undefined drops the series. */
  apply(series: TransformedSeries): TransformedSeries | undefined;
}

/** One after the other. */
export function applyAll(
  transforms: readonly SeriesTransform[],
  labels: LabelSet,
): TransformedSeries | undefined {
  let series: TransformedSeries | undefined = { labels, scale: 1 };
  for (const transform of transforms) {
    series = transform.apply(series);
    if (series === undefined) return undefined;
  }
  return series;
}

/** An identity of a kind of thing and its named fields, in the order given. */
export function formatIdentity(
  kind: string,
  fields: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const parts = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `${kind}{${parts.join(',')}}`;
}
