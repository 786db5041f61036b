/**
 * An appender behind transforms. Those of series are applied where a ref is made; those of samples
 * are appenders themselves. The refs are those of the appender to which it hands on.
 */
import { type Extremes, type NativeHistogram, scaleExtremes, scaleHistogram } from './histogram.ts';
import type { LabelSet } from './labels.ts';
import {
  type Appender,
  DROPPED_REF,
  type Exemplar,
  type SeriesFamily,
  type SeriesMetadata,
  type SeriesOrigin,
  type SeriesRef,
} from './sample.ts';
import {
  applyAll,
  type CountDropped,
  isStreamTransform,
  type SeriesTransform,
  type Transform,
} from './transform.ts';
import { PassingAppender } from './passing-appender.ts';
import { openedSeries } from './opened-series.ts';

/** Opens the way through the transforms, in order, to the appender at its end. */
export function openPath(
  transforms: readonly Transform[],
  end: Appender,
  countDropped: CountDropped,
): Appender {
  const [first, ...rest] = transforms;
  if (first === undefined) return end;
  if (isStreamTransform(first))
    return first.openAppender(openPath(rest, end, countDropped), countDropped);
  const own = leadingSeriesTransforms(transforms);
  const behind = openPath(transforms.slice(own.length), end, countDropped);
  return new TransformedAppender(behind, own);
}

/** The transforms of series before the first one of samples. */
export function leadingSeriesTransforms(
  transforms: readonly Transform[],
): readonly SeriesTransform[] {
  const stream = transforms.findIndex(isStreamTransform);
  const own = stream < 0 ? transforms : transforms.slice(0, stream);
  return own as readonly SeriesTransform[];
}

class TransformedAppender extends PassingAppender {
  readonly #transforms: readonly SeriesTransform[];
  /** By ref, what its samples are multiplied by, where that is not 1. */
  readonly #scales = new Map<SeriesRef, number>();
  /** By ref, the family that the transforms made, where it is another one. */
  readonly #families = new Map<SeriesRef, SeriesFamily>();

  constructor(next: Appender, transforms: readonly SeriesTransform[]) {
    super(next);
    this.#transforms = transforms;
  }

  override refOf(labels: LabelSet, origin?: SeriesOrigin): SeriesRef {
    const given = openedSeries(labels, origin);
    const series = applyAll(this.#transforms, given);
    if (series === undefined) return DROPPED_REF;
    const ref = this.next.refOf(series.labels, series);
    if (ref < 0) return ref;
    if (series.scale !== 1) this.#scales.set(ref, series.scale);
    if (series.family !== given.family) this.#families.set(ref, series.family);
    return ref;
  }

  override append(ref: SeriesRef, tMs: number, value: number): void {
    this.next.append(ref, tMs, this.#scales.size === 0 ? value : value * this.#scaleOf(ref));
  }

  override appendHistogram(ref: SeriesRef, tMs: number, histogram: NativeHistogram): void {
    this.next.appendHistogram(ref, tMs, scaleHistogram(histogram, this.#scaleOf(ref)));
  }

  appendExtremes(ref: SeriesRef, tMs: number, extremes: Extremes): void {
    this.next.appendExtremes?.(ref, tMs, scaleExtremes(extremes, this.#scaleOf(ref)));
  }

  override appendExemplar(ref: SeriesRef, exemplar: Exemplar): void {
    const scale = this.#scaleOf(ref);
    const scaled = scale === 1 ? exemplar : { ...exemplar, value: exemplar.value * scale };
    this.next.appendExemplar(ref, scaled);
  }

  override setMetadata(ref: SeriesRef, family: string, metadata: SeriesMetadata): void {
    const other = this.#families.get(ref);
    if (other === undefined) return this.next.setMetadata(ref, family, metadata);
    const { name, type, unit } = other;
    this.next.setMetadata(ref, name, { ...metadata, type, unit });
  }

  override forget(ref: SeriesRef): void {
    this.#scales.delete(ref);
    this.#families.delete(ref);
    this.next.forget(ref);
  }

  #scaleOf(ref: SeriesRef): number {
    return this.#scales.get(ref) ?? 1;
  }
}
