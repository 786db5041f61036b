/**
 * Leaves out series whose samples are increases: remote write has no notion of them, and a receiver
 * would take each for a total. What makes increases in a configuration is refused when that is
 * checked (config/otel/temporality.ts); what a sender makes is known only when it comes, so each of
 * its samples is counted.
 *
 * It stands behind the transforms of series, next to target_info, so that these need no table of
 * refs of their own. A sample costs one comparison.
 * Source: contrib's pkg/translator/prometheusremotewrite/helper.go (isValidAggregationTemporality)
 */
import type { NativeHistogram } from '../model/histogram.ts';
import type { LabelSet } from '../model/labels.ts';
import { PassingAppender } from '../model/passing-appender.ts';
import type {
  Appender,
  Exemplar,
  SeriesMetadata,
  SeriesOrigin,
  SeriesRef,
} from '../model/sample.ts';
import type { CountDropped, StreamTransform } from '../model/transform.ts';

export const cumulativeOnly: StreamTransform = {
  identity: 'cumulative_only',
  openAppender: (next, countDropped) => new CumulativeAppender(next, countDropped),
};

/** The ref of every series of increases, above all refs of the next appender. */
const INCREASES = 0x3fff_ffff;

class CumulativeAppender extends PassingAppender {
  readonly #countDropped: CountDropped;

  constructor(next: Appender, countDropped: CountDropped) {
    super(next);
    this.#countDropped = countDropped;
  }

  override refOf(labels: LabelSet, origin?: SeriesOrigin): SeriesRef {
    return origin?.family.isDelta === true ? INCREASES : this.next.refOf(labels, origin);
  }

  override append(ref: SeriesRef, tMs: number, value: number): void {
    if (ref === INCREASES) this.#count();
    else this.next.append(ref, tMs, value);
  }

  override appendHistogram(ref: SeriesRef, tMs: number, histogram: NativeHistogram): void {
    if (ref === INCREASES) this.#count();
    else this.next.appendHistogram(ref, tMs, histogram);
  }

  override appendStale(ref: SeriesRef, tMs: number): void {
    if (ref !== INCREASES) this.next.appendStale(ref, tMs);
  }

  override appendExemplar(ref: SeriesRef, exemplar: Exemplar): void {
    if (ref !== INCREASES) this.next.appendExemplar(ref, exemplar);
  }

  override setMetadata(ref: SeriesRef, family: string, metadata: SeriesMetadata): void {
    if (ref !== INCREASES) this.next.setMetadata(ref, family, metadata);
  }

  override setCreated(ref: SeriesRef, createdMs: number): void {
    if (ref !== INCREASES) this.next.setCreated(ref, createdMs);
  }

  override forget(ref: SeriesRef): void {
    if (ref !== INCREASES) this.next.forget(ref);
  }

  #count(): void {
    this.#countDropped('cumulative_only', 'delta', 1);
  }
}
