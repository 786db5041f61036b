/**
 * The seam of transforms: what a route does to series on its way. Values and interfaces only.
 *
 * Most transforms are functions of a series. They are applied once for each series, when its ref is
 * made, so that samples pay nothing for them. What no function of one series can do (a difference
 * of two samples, a sum of several series) stands in the stream of samples as an appender.
 */
import { OpenSeries, type TransformedSeries } from './open-series.ts';
import type { Appender } from './sample.ts';

/** What a transform has done to a series. */
export type ChangeOutcome = 'changed' | 'unchanged' | 'dropped';

/** A transform of each series by itself. */
export interface SeriesTransform {
  /** Equal for two transforms that do the same to every series; made by `formatIdentity`. */
  readonly identity: string;
  /**
   * Changes the series, which it shares with the transforms before and behind it. One that it
   * leaves `unchanged` it has only read.
   */
  change(series: OpenSeries): ChangeOutcome;
}

/** A transform of samples, or of several series together. */
export interface StreamTransform {
  /** As that of a `SeriesTransform`. */
  readonly identity: string;
  /**
   * Opens it before the appender to which it hands on what it makes. Commit, rollback and close are
   * handed on too.
   *
   * @param countDropped  is told of each sample that it does not hand on
   */
  openAppender(next: Appender, countDropped: CountDropped): Appender;
}

/**
 * Counts samples that a transform drops by itself, not because it was told to.
 *
 * @param transform  its kind
 * @param reason     one of a few words
 */
export type CountDropped = (transform: string, reason: string, samples: number) => void;

export type Transform = SeriesTransform | StreamTransform;

export function isStreamTransform(transform: Transform): transform is StreamTransform {
  return 'openAppender' in transform;
}

/**
 * Applies transforms in order; undefined when one of them drops the series. It is opened once for
 * all of them, and the given one is returned where none has changed it.
 */
export function applyAll(
  transforms: readonly SeriesTransform[],
  given: TransformedSeries,
): TransformedSeries | undefined {
  if (transforms.length === 0) return given;
  const series = new OpenSeries(given);
  let isChanged = false;
  for (const transform of transforms) {
    const outcome = transform.change(series);
    if (outcome === 'dropped') return undefined;
    series.settle(outcome === 'changed');
    isChanged ||= outcome === 'changed';
  }
  return isChanged ? series.close() : given;
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
