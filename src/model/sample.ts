/**
 * Samples and the seam by which they leave a scrape: values and interfaces only.
 * A sample is (timestamp in integer milliseconds since 1970, float64).
 */
import type { NativeHistogram } from './histogram.ts';
import type { LabelSet } from './labels.ts';

/** A small integer that stands for one label set within one appender. */
export type SeriesRef = number;

/**
 * The ref of a series that the appender does not want (dropped by write_relabel_configs): appending
 * to it does nothing.
 */
export const DROPPED_REF: SeriesRef = -1;

/**
 * The stale marker, a signalling NaN whose bits say that a series ended. It travels as raw bits or
 * as a flag of its own, never as a number: JavaScript may canonicalise a NaN whenever it stores
 * one.
 * Source: https://prometheus.io/docs/specs/remote_write_spec/#stale-markers
 */
export const STALE_NAN_HIGH = 0x7ff00000;
export const STALE_NAN_LOW = 0x00000002;

/**
 * What a target says of a metric family. Types are those of OpenMetrics; `unknown` is the text
 * format's untyped.
 */
export interface SeriesMetadata {
  readonly type: SeriesType;
  readonly help: string;
  readonly unit: string;
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
 * Where the samples of one target go. A scrape is a transaction: what was appended is seen by
 * nobody before `commit()`, and after `rollback()` it never was. One appender belongs to one target
 * and is used by one loop.
 */
export interface Appender {
  /**
   * The ref of a label set, valid until `forget` or `close`. Called once per series and remembered
   * by the caller. Returns DROPPED_REF for a series that is not wanted.
   */
  refOf(labels: LabelSet): SeriesRef;
  append(ref: SeriesRef, tMs: number, value: number): void;
  /** Appends the stale marker. */
  appendStale(ref: SeriesRef, tMs: number): void;
  appendHistogram(ref: SeriesRef, tMs: number, histogram: NativeHistogram): void;
  /** Appends an exemplar of the series; the caller keeps out one that it has appended before. */
  appendExemplar(ref: SeriesRef, exemplar: Exemplar): void;
  /**
   * What the series' family is, at its first scrape and whenever it changes; `family` is the name
   * of the family.
   */
  setMetadata(ref: SeriesRef, family: string, metadata: SeriesMetadata): void;
  /**
   * When the counter behind the series began, as the target states it: at its first scrape and when
   * it changes.
   */
  setCreated(ref: SeriesRef, createdMs: number): void;
  forget(ref: SeriesRef): void;
  /**
   * Hands the samples on, durably where the receiver has a queue. Never throws for a full disk:
   * that is counted.
   */
  commit(): void;
  rollback(): void;
  close(): void;
}

/**
 * Opens an appender for a target; `key` is stable for a target, so its samples always take the same
 * lane.
 */
export type OpenAppender = (key: string) => Appender;

/**
 * What a source appends to: the sinks that its routes lead to, which may change while it is open,
 * but only between two transactions.
 */
export interface RoutedAppender extends Appender {
  /**
   * Grows when sinks came or changed, never while a transaction is under way: every ref given out
   * before is then incomplete until it is renewed. Metadata and creation times are told anew behind
   * it.
   */
  readonly generation: number;
  /**
   * Completes the ref of a series that was given out under an earlier generation, DROPPED_REF too;
   * the answer takes its place, and the old one, where it is another, is not used again. Called at
   * most once for a ref and a generation. What is not renewed goes on to the sinks that it had.
   */
  renew(ref: SeriesRef, labels: LabelSet): SeriesRef;
}

/** Opens the appender of one target of a source. */
export type OpenRoutedAppender = (source: string, key: string) => RoutedAppender;
