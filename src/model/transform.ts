/**
 * The seam of transforms: functions of a label set. They are applied once for each series, when its
 * ref is made, so that samples pay nothing for them. Values and interfaces only.
 */
import type { LabelSet } from './labels.ts';

/** A series after some transforms. */
export interface TransformedSeries {
  readonly labels: LabelSet;
  /** What its samples are multiplied by; 1 leaves them as they are. */
  readonly scale: number;
}

export interface SeriesTransform {
  /** Equal for two transforms that do the same to every series; made by `formatIdentity`. */
  readonly identity: string;
  /** The series after the transform; undefined drops it. */
  apply(series: TransformedSeries): TransformedSeries | undefined;
}

/** Applies transforms in order; undefined when one of them drops the series. */
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

/** The identity of a transform: its kind and its named fields, in the order given. */
export function formatIdentity(
  kind: string,
  fields: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const parts = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `${kind}{${parts.join(',')}}`;
}
