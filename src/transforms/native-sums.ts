/**
 * Adds up native histograms that are increases: the part of delta to cumulative that needs no other
 * series, since a native histogram is a sample by itself. The sum of a series is forgotten with its
 * ref, and changed by a commit alone.
 * Source: contrib's processor/deltatocumulativeprocessor/internal/data/{add.go,expo}
 */
import type { NativeHistogram } from '../model/histogram.ts';
import { type LabelSet, labelValue, METRIC_NAME } from '../model/labels.ts';
import { PassingAppender } from '../model/passing-appender.ts';
import {
  type Appender,
  DROPPED_REF,
  type Exemplar,
  type SeriesOrigin,
  type SeriesRef,
} from '../model/sample.ts';
import { addHistograms } from './histogram-sum.ts';

/** Increases that are added between two yields. */
const SLICE_POINTS = 512;

export interface NativeSumsOptions {
  /** A sum that got nothing for longer begins anew. */
  readonly stalenessMs: number;
  /** Told of each sample that is not handed on. */
  readonly countDropped: (reason: 'out_of_order', samples: number) => void;
}

interface Sum {
  histogram: NativeHistogram | undefined;
  lastMs: number;
}

interface Increase {
  readonly ref: SeriesRef;
  readonly tMs: number;
  readonly histogram: NativeHistogram;
}

export class NativeSumsAppender extends PassingAppender {
  readonly #options: NativeSumsOptions;
  readonly #sums = new Map<SeriesRef, Sum>();
  #open: Increase[] = [];
  #exemplars: { readonly ref: SeriesRef; readonly exemplar: Exemplar }[] = [];

  constructor(next: Appender, options: NativeSumsOptions) {
    super(next);
    this.#options = options;
  }

  override refOf(labels: LabelSet, origin?: SeriesOrigin): SeriesRef {
    const { family } = origin ?? {};
    const isNative =
      family?.isDelta === true &&
      family.type === 'histogram' &&
      labelValue(labels, METRIC_NAME) === family.name;
    if (!isNative) return this.next.refOf(labels, origin);
    const { isDelta: _isDelta, ...cumulative } = family;
    const ref = this.next.refOf(labels, { ...origin, family: cumulative });
    if (ref !== DROPPED_REF) this.#sums.set(ref, { histogram: undefined, lastMs: -Infinity });
    return ref;
  }

  override appendHistogram(ref: SeriesRef, tMs: number, histogram: NativeHistogram): void {
    if (this.#sums.has(ref)) this.#open.push({ ref, tMs, histogram });
    else this.next.appendHistogram(ref, tMs, histogram);
  }

  override appendExemplar(ref: SeriesRef, exemplar: Exemplar): void {
    if (this.#sums.has(ref)) this.#exemplars.push({ ref, exemplar });
    else this.next.appendExemplar(ref, exemplar);
  }

  /** The start of an increase is not that of the sum. */
  override setCreated(ref: SeriesRef, createdMs: number): void {
    if (!this.#sums.has(ref)) this.next.setCreated(ref, createdMs);
  }

  override forget(ref: SeriesRef): void {
    this.#sums.delete(ref);
    this.next.forget(ref);
  }

  protected override *settle(): Generator<undefined, void, undefined> {
    for (const [index, increase] of this.#open.entries()) {
      this.#add(increase);
      if (index % SLICE_POINTS === SLICE_POINTS - 1) yield;
    }
    for (const { ref, exemplar } of this.#exemplars) this.next.appendExemplar(ref, exemplar);
    this.#reset();
  }

  override rollback(): void {
    this.#reset();
    this.next.rollback();
  }

  override close(): void {
    this.#sums.clear();
    this.next.close();
  }

  #add({ ref, tMs, histogram }: Increase): void {
    const sum = this.#sums.get(ref);
    if (sum === undefined) return;
    if (tMs <= sum.lastMs) {
      this.#options.countDropped('out_of_order', 1);
      return;
    }
    const isNew = sum.histogram === undefined || tMs - sum.lastMs > this.#options.stalenessMs;
    const sums = isNew ? [] : addHistograms([sum.histogram as NativeHistogram, histogram]);
    // Custom buckets of other bounds cannot be added: the sum begins anew with them.
    sum.histogram = sums.length === 1 ? (sums[0] as NativeHistogram) : histogram;
    sum.lastMs = tMs;
    this.next.appendHistogram(ref, tMs, sum.histogram);
  }

  #reset(): void {
    this.#open = [];
    this.#exemplars = [];
  }
}
