/**
 * Samples and the seam by which they leave a scrape: values and interfaces only.
 * A sample is (timestamp in integer milliseconds since 1970, float64).
 */
import type { Extremes, NativeHistogram } from './histogram.ts';
import type { LabelSet } from './labels.ts';

/** The number by which one appender knows a label set. */
export type SeriesRef = number;

/**
 * The ref of a series that the appender does not want (dropped by write_relabel_configs): appending
 * to it does nothing.
 */
export const DROPPED_REF: SeriesRef = -1;

/**
 * The stale marker, a signalling NaN whose bits say that a series ended. It is passed on as raw
 * bits or as a flag, never as a number: JavaScript may replace the bits of a NaN whenever it stores
 * one.
 * Source: https://prometheus.io/docs/specs/remote_write_spec/#stale-markers
 */
export const STALE_NAN_HIGH = 0x7ff00000;
export const STALE_NAN_LOW = 0x00000002;

/**
 * What a target says about a metric family. The types are those of OpenMetrics; `unknown` is what
 * the text format calls untyped.
 */
export interface SeriesMetadata {
  readonly type: SeriesType;
  readonly help: string;
  readonly unit: string;
}

/**
 * The metric family of a series as transforms see it: what OpenTelemetry calls a metric. The series
 * of a histogram or a summary have its name with a suffix.
 */
export interface SeriesFamily {
  readonly name: string;
  readonly type: SeriesType;
  readonly unit: string;
  /** Whether samples of a counter or histogram are increases, each since the sample before. */
  readonly isDelta?: boolean | undefined;
  /** Whether a gauge is a sum of increases and decreases, as OpenTelemetry tells them apart. */
  readonly isSum?: boolean | undefined;
}

/** Where a series comes from, besides its labels. */
export interface SeriesOrigin {
  readonly family: SeriesFamily;
  /**
   * Attributes of what is observed, as OpenTelemetry has them, apart from the labels; empty in a
   * Prometheus configuration. Absent: those with which the appender was opened.
   */
  readonly resource?: LabelSet | undefined;
}

/** The origin of a series about which nothing is known but its name. */
export function originOf(name: string): SeriesOrigin {
  return { family: { name, type: 'unknown', unit: '' } };
}

export const SERIES_TYPES = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
] as const;
export type SeriesType = (typeof SERIES_TYPES)[number];

/** One observation behind a sample, mostly with the id of a trace. */
export interface Exemplar {
  readonly labels: LabelSet;
  readonly value: number;
  readonly tMs: number;
}

/**
 * Takes the samples of one target into a sink. A scrape is a transaction: what was appended goes
 * nowhere before `commit()`, and `rollback()` discards it. One appender belongs to one target and
 * is used by one loop.
 */
export interface Appender {
  /**
   * The ref of a label set, valid until `forget` or `close`. The caller asks once for each series
   * and remembers the ref. Returns DROPPED_REF for a series that is not wanted.
   *
   * @param origin  as far as it is known; what a series has already been given stays
   */
  refOf(labels: LabelSet, origin?: SeriesOrigin): SeriesRef;
  /**
   * Makes room for some hundreds of new series, in slices that may be given up: where there are
   * very many series, columns that grow are long work for one `refOf`. Nothing else is called
   * meanwhile.
   */
  prepare?(): Generator<undefined, void, undefined>;
  /**
   * Says how many bytes the first page has, whose series come next: what is as large at once leaves
   * nothing behind that was too small.
   */
  expect?(bytes: number): void;
  append(ref: SeriesRef, tMs: number, value: number): void;
  /** Appends the stale marker. */
  appendStale(ref: SeriesRef, tMs: number): void;
  appendHistogram(ref: SeriesRef, tMs: number, histogram: NativeHistogram): void;
  /**
   * Tells the least and the greatest observation of a classic histogram at that time, by the ref of
   * its sum, or of its count where it has no sum. Absent where they are not wanted, and in a
   * transform that makes other distributions of what it gets.
   */
  appendExtremes?(ref: SeriesRef, tMs: number, extremes: Extremes): void;
  /** Appends an exemplar of the series; the caller does not append the same exemplar twice. */
  appendExemplar(ref: SeriesRef, exemplar: Exemplar): void;
  /**
   * Tells the type, help and unit of the family that the series belongs to, at the first scrape of
   * the series and whenever they change; `family` is the name of the family.
   */
  setMetadata(ref: SeriesRef, family: string, metadata: SeriesMetadata): void;
  /**
   * Tells when the counter behind the series began, as the target states it: at the first scrape of
   * the series and whenever it changes.
   */
  setCreated(ref: SeriesRef, createdMs: number): void;
  forget(ref: SeriesRef): void;
  /**
   * Hands the samples on, durably where the sink has a queue. Does not throw when the disk is full:
   * that is counted.
   *
   * @param hasAnswered  whether the target answered, so that it has nothing but what was appended:
   *                     tells a scrape of which nothing was wanted from one that failed. Undefined
   *                     where the source does not know
   */
  commit(hasAnswered?: boolean): void;
  /**
   * The same as `commit` in slices, where there is much to hand on; absent where `commit` is always
   * short. Once begun it is run to its end (`commitInSlices`), so that all of the transaction goes
   * on or nothing; only other appenders are called meanwhile.
   */
  commitSlices?(hasAnswered?: boolean): Generator<undefined, void, undefined>;
  rollback(): void;
  close(): void;
}

/**
 * Commits in slices. What gives the work up half-way (`return` of the generator) makes it do the
 * rest at once: a transaction that has begun to be handed on is handed on whole.
 */
export function* commitInSlices(
  appender: Appender,
  hasAnswered?: boolean,
): Generator<undefined, void, undefined> {
  const slices = appender.commitSlices?.(hasAnswered);
  if (slices === undefined) {
    appender.commit(hasAnswered);
    return;
  }
  try {
    while (slices.next().done !== true) yield;
  } finally {
    // After the end, or an error, there is nothing left.
    while (slices.next().done !== true);
  }
}

/**
 * Opens an appender for a target. `key` is the same for a target at all times, so that its samples
 * always go through the same lane.
 */
export type OpenAppender = (key: string) => Appender;

/**
 * The appender of a source: it leads to the sinks of the source's routes. These may change while it
 * is open, but only between two transactions.
 */
export interface RoutedAppender extends Appender {
  /**
   * Grows when sinks are added or changed, never during a transaction. Every ref given out before
   * is then incomplete until `renew`, and metadata and creation times have to be told again after
   * it.
   */
  readonly generation: number;
  /**
   * Completes a ref that was given out under an earlier generation, DROPPED_REF too. The caller
   * uses the returned ref from then on, and the old one no more. Called at most once for a ref and
   * a generation. A ref that is not renewed keeps the sinks that it had.
   */
  renew(ref: SeriesRef, labels: LabelSet, origin?: SeriesOrigin): SeriesRef;
}

/**
 * Opens the appender for one target of a source.
 *
 * @param resource  attributes of the target, for the origin of its series
 */
export type OpenRoutedAppender = (
  source: string,
  key: string,
  resource?: LabelSet,
) => RoutedAppender;
