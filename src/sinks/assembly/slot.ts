/**
 * What the appender knows of a metric while there are series of it, and what one transaction has
 * appended to it.
 */
import type { NativeHistogram } from '../../model/histogram.ts';
import { type LabelSet, labelSetKey } from '../../model/labels.ts';
import type { Exemplar, SeriesFamily } from '../../model/sample.ts';
import type { Parts } from './distribution.ts';

/** A metric of which there are series. */
export interface MetricSlot {
  readonly key: string;
  readonly name: string;
  readonly family: SeriesFamily;
  readonly unit: string;
  readonly resource: LabelSet;
  readonly resourceKey: string;
  readonly groups: Map<string, PointGroup>;
  description: string;
  /** What the present transaction has appended; undefined while that is nothing. */
  collected: Collected | undefined;
}

export interface PointGroup {
  readonly key: string;
  readonly attributes: LabelSet;
  seriesCount: number;
  startMs: number | undefined;
  /** Distributions of the present transaction: one for each time. */
  open: Parts[];
}

export interface CollectedSample {
  readonly group: PointGroup;
  readonly tMs: number;
  readonly exemplars: readonly Exemplar[];
}

export interface Collected {
  /** A value is undefined for a stale marker. */
  readonly numbers: (CollectedSample & { readonly value: number | undefined })[];
  readonly natives: (CollectedSample & { readonly histogram: NativeHistogram | undefined })[];
  /** Groups with open parts. */
  readonly groups: PointGroup[];
}

export function newCollected(): Collected {
  return { numbers: [], natives: [], groups: [] };
}

/** The group of these attributes, a new one where there is none. */
export function findGroup(slot: MetricSlot, attributes: LabelSet): PointGroup {
  const key = labelSetKey(attributes);
  const known = slot.groups.get(key);
  if (known !== undefined) return known;
  const group = { key, attributes, seriesCount: 0, startMs: undefined, open: [] };
  slot.groups.set(key, group);
  return group;
}
