/**
 * The series that were pushed, found by the bytes of their labels: a series that is known costs a
 * hash and a comparison, and no string. The bytes are those of its labels as 1.0 writes them,
 * sorted and without empty values; what a sender writes otherwise is decoded each time.
 */
import {
  type Bytes,
  hashRange,
  isSameKey,
  keepBytes,
  type KeptBytes,
  viewBytes,
} from '../kernel/byte-keys.ts';
import { SpreadMap } from '../kernel/spread-map.ts';
import { peek } from '../model/borrowed.ts';
import { type LabelSet, METRIC_NAME } from '../model/labels.ts';
import type { RoutedAppender, SeriesRef } from '../model/sample.ts';
import { sharedLabels } from '../wire/remote-write/labels.ts';
import type { PushedMetric, PushedMetrics } from './known-metrics.ts';

/** A share of the series, which goes through a lane of its own in each sink. */
export interface Part {
  readonly appender: RoutedAppender;
  /** Series that were made since it made room for more. */
  made: number;
}

export interface KnownSeries {
  readonly key: KeptBytes;
  readonly hash: number;
  readonly part: Part;
  readonly metric: PushedMetric;
  ref: SeriesRef;
  /** The generation of the appender under which the ref is complete. */
  generation: number;
  /** The stamp of the metric under which the metadata have been told; UNTOLD before. */
  stamp: number;
  /** The start of its counter that has been told. */
  createdMs: number;
  /** The request that made it, and the last one that had it, with its time by our clock. */
  readonly madeIn: number;
  seenIn: number;
  seenMs: number;
}

/** The stamp of a series of which nothing has been told. */
export const UNTOLD = -1;

/** Between two yields. */
const SLICE_SERIES = 4_096;

export class PushedSeriesTable {
  readonly #metrics: PushedMetrics;
  readonly #byBytes = new SpreadMap<KnownSeries>();
  /** In the order in which they were made. */
  #all: KnownSeries[] = [];
  labelBytes = 0;

  constructor(metrics: PushedMetrics) {
    this.#metrics = metrics;
  }

  get count(): number {
    return this.#all.length;
  }

  /** The series of these bytes. */
  find(given: Bytes, start: number, end: number): KnownSeries | undefined {
    const known = this.#byBytes.get(hashRange(given.bytes, start, end));
    return known !== undefined && isSameKey(known.key, given, start, end) ? known : undefined;
  }

  /** The series of labels whose bytes were written otherwise. */
  findLabels(labels: LabelSet): KnownSeries | undefined {
    const given = viewBytes(peek(sharedLabels(labels)));
    return this.find(given, 0, given.bytes.length);
  }

  /** Adds a series that is not known, with its ref. */
  add(
    labels: LabelSet,
    made: Pick<KnownSeries, 'part' | 'metric' | 'ref' | 'madeIn' | 'seenMs'>,
  ): KnownSeries {
    const bytes = peek(sharedLabels(labels));
    const hash = hashRange(bytes, 0, bytes.length);
    // Other bytes of the same hash are forgotten: one in 2^53 is not worth a list.
    const series: KnownSeries = {
      key: keepBytes(bytes, 0, bytes.length),
      hash,
      generation: made.part.appender.generation,
      stamp: UNTOLD,
      createdMs: 0,
      seenIn: made.madeIn,
      ...made,
    };
    this.#byBytes.set(hash, series);
    this.#all.push(series);
    this.labelBytes += bytes.length;
    return series;
  }

  /**
   * Forgets series, in slices that are not given up.
   *
   * @returns how many
   */
  *forget(
    isGone: (series: KnownSeries, index: number) => boolean,
  ): Generator<undefined, number, undefined> {
    const left: KnownSeries[] = [];
    const all = this.#all;
    for (let i = 0; i < all.length; i++) {
      const series = all[i] as KnownSeries;
      if (isGone(series, i)) this.#drop(series);
      else left.push(series);
      if (i % SLICE_SERIES === SLICE_SERIES - 1) yield;
    }
    this.#all = left;
    return all.length - left.length;
  }

  #drop(series: KnownSeries): void {
    if (this.#byBytes.get(series.hash) === series) this.#byBytes.delete(series.hash);
    this.labelBytes -= series.key.length;
    series.part.appender.forget(series.ref);
    this.#metrics.release(series.metric);
  }
}

/**
 * Which part a series is of: the same after a restart, so that its samples keep their order in the
 * queues, and one for all series of a histogram or a summary.
 */
export function partOf(labels: LabelSet, parts: number): number {
  let hash = 0x811c9dc5;
  for (const { name, value } of labels) {
    if (name === METRIC_NAME || name === 'le' || name === 'quantile') continue;
    for (const text of [name, value])
      for (let i = -1; i < text.length; i++)
        hash = Math.imul(hash ^ (i < 0 ? text.length : text.charCodeAt(i)), 0x01000193);
  }
  return ((hash ^ (hash >>> 15)) >>> 0) % parts;
}
