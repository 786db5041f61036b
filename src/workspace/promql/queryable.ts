/**
 * What the engine asks of a store: series by matchers, with their samples. An interface only.
 */
import type { LabelSet } from '../../model/labels.ts';

/**
 * The samples of one series in time order. `values` keeps raw bits: a stale marker is found through
 * a Uint32Array view of its buffer, never as a number.
 */
export interface SeriesData {
  readonly labels: LabelSet;
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
}

export interface Matcher {
  readonly name: string;
  readonly op: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

export interface Queryable {
  /**
   * The series that match all matchers, with their samples fromMs < t <= toMs (open on the left),
   * sorted by labels.
   */
  select(matchers: readonly Matcher[], fromMs: number, toMs: number): readonly SeriesData[];
}
