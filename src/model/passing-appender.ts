/**
 * An appender that hands everything on to the next one, to be extended by transforms of samples;
 * everything but extremes, which hold only where a transform leaves distributions as they are. What
 * a transform does at a commit is `settle` and `settled`, so that it is the same at once and in
 * slices.
 */
import type { NativeHistogram } from './histogram.ts';
import type { LabelSet } from './labels.ts';
import {
  type Appender,
  commitInSlices,
  type Exemplar,
  type SeriesMetadata,
  type SeriesOrigin,
  type SeriesRef,
} from './sample.ts';

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

  *prepare(): Generator<undefined, void, undefined> {
    yield* this.next.prepare?.() ?? [];
  }

  expect(bytes: number): void {
    this.next.expect?.(bytes);
  }

  commit(hasAnswered?: boolean): void {
    const slices = this.settle(hasAnswered);
    while (slices.next().done !== true);
    this.next.commit(hasAnswered);
    this.settled();
  }

  *commitSlices(hasAnswered?: boolean): Generator<undefined, void, undefined> {
    yield* this.settle(hasAnswered);
    yield* commitInSlices(this.next, hasAnswered);
    this.settled();
  }

  /** What is to be done before the next one commits, in slices. */
  protected *settle(_hasAnswered?: boolean): Generator<undefined, void, undefined> {}

  /** What is to be done when the next one has committed. */
  protected settled(): void {}

  rollback(): void {
    this.next.rollback();
  }

  close(): void {
    this.next.close();
  }
}
