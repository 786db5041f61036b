/**
 * An appender that hands everything on to the next one, to be extended by transforms of samples;
 * everything but extremes, which hold only where a transform leaves distributions as they are.
 */
import type { NativeHistogram } from './histogram.ts';
import type { LabelSet } from './labels.ts';
import type { Appender, Exemplar, SeriesMetadata, SeriesOrigin, SeriesRef } from './sample.ts';

export class PassingAppender implements Appender {
  protected readonly next: Appender;

  constructor(next: Appender) {
    this.next = next;
  }

  refOf(labels: LabelSet, origin?: SeriesOrigin): SeriesRef {
    return this.next.refOf(labels, origin);
  }

  append(ref: SeriesRef, tMs: number, value: number): void {
    this.next.append(ref, tMs, value);
  }

  appendStale(ref: SeriesRef, tMs: number): void {
    this.next.appendStale(ref, tMs);
  }

  appendHistogram(ref: SeriesRef, tMs: number, histogram: NativeHistogram): void {
    this.next.appendHistogram(ref, tMs, histogram);
  }

  appendExemplar(ref: SeriesRef, exemplar: Exemplar): void {
    this.next.appendExemplar(ref, exemplar);
  }

  setMetadata(ref: SeriesRef, family: string, metadata: SeriesMetadata): void {
    this.next.setMetadata(ref, family, metadata);
  }

  setCreated(ref: SeriesRef, createdMs: number): void {
    this.next.setCreated(ref, createdMs);
  }

  forget(ref: SeriesRef): void {
    this.next.forget(ref);
  }

  commit(hasAnswered?: boolean): void {
    this.next.commit(hasAnswered);
  }

  rollback(): void {
    this.next.rollback();
  }

  close(): void {
    this.next.close();
  }
}
