/**
 * What the engine needs from a store: the series that match, with their samples. Interfaces only.
 */
import type { LabelSet } from '../../model/labels.ts';

/**
 * The samples of one series in time order. `values` has their raw bits: a stale marker is
 * recognised through a Uint32Array view of its buffer, never as a number.
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
