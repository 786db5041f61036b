/**
 * Appends scanned points to the appender of their resource. A point that is known, complete and
 * unchanged costs its samples and nothing else; labels are made only where a ref is made or
 * renewed.
 */
import { isSound } from '../../model/histogram.ts';
import type { Label, LabelSet } from '../../model/labels.ts';
import type { SeriesRef } from '../../model/sample.ts';
import { hashLabelPairs } from '../../kernel/byte-keys.ts';
import { readExemplars } from './exemplars.ts';
import { type KnownMetric, type KnownPoint, NO_REF } from './known-metric.ts';
import { DELTA, type KnownResource, type KnownScope } from './known-resource.ts';
import { makeCustom, makeExponential, readExtremes, SCHEMA_MIN } from './native.ts';
import { formatBound, makeBase, makeSeriesLabels, readPointAttributes } from './point-labels.ts';
import type { PointScan } from './point-scan.ts';
import type { RejectReason } from './rejections.ts';

/** The refs of a distribution: these two, then its bounds. */
const COUNT = 0;
const SUM = 1;
const FIRST_BOUND = 2;

/** Of which metric the points are. */
export interface WriterPlace {
  readonly resource: KnownResource;
  readonly scope: KnownScope;
  readonly metric: KnownMetric;
}

/** Why there is no room. */
export type RoomRefusal = Extract<RejectReason, 'series_limit' | 'label_bytes_limit'>;

export interface WriterOptions {
  readonly scan: PointScan;
  readonly histograms: 'classic' | 'custom';
  /** The number of the request, and its time by our clock. */
  readonly request: number;
  readonly atMs: number;
  /** Makes room for that many new series and bytes of labels, or says what there is no room for. */
  readonly makeRoom: (series: number, labelBytes: number) => RoomRefusal | undefined;
}

export class PointWriter {
  readonly #options: WriterOptions;
  readonly #scan: PointScan;
  readonly #at: WriterPlace;
  readonly #isNative: boolean;

  constructor(options: WriterOptions, at: WriterPlace) {
    const { kind } = at.metric;
    this.#options = options;
    this.#scan = options.scan;
    this.#at = at;
    this.#isNative =
      kind === 'exponential' || (kind === 'histogram' && options.histograms === 'custom');
  }

  /**
   * Appends the scanned point.
   *
   * @param place  where it is expected among the metric's points
   * @returns      where the next one is expected, or why this one is refused
   */
  write(place: number): number | RejectReason {
    const scan = this.#scan;
    const { metric, resource } = this.#at;
    if (scan.tMs === 0) return 'no_time';
    if (metric.kind === 'exponential' && scan.scale < SCHEMA_MIN) return 'scale';
    if (metric.kind === 'histogram' && !this.#isNative) cutBounds(scan);
    const point = metric.find(scan, place) ?? this.#learn();
    if (point === 'unknown') return place;
    if (typeof point === 'string') return point;
    const isReset =
      point.startMs !== 0 && scan.startMs > point.startMs && metric.temporality !== DELTA;
    if (
      point.startMs !== scan.startMs ||
      point.stamp !== metric.stamp ||
      point.generation !== resource.appender.generation
    )
      this.#refresh(point);
    const refusal = this.#append(point, isReset);
    if (refusal !== undefined) return refusal;
    point.seenMs = this.#options.atMs;
    return point.position + 1;
  }

  #append(point: KnownPoint, isReset: boolean): RejectReason | undefined {
    const { scan } = this.#options;
    const { appender } = this.#at.resource;
    if (scan.isStale) {
      for (const ref of point.refs) if (ref >= 0) appender.appendStale(ref, scan.tMs);
      return undefined;
    }
    switch (this.#at.metric.kind) {
      case 'gauge':
        appender.append(point.refs[0] as SeriesRef, scan.tMs, scan.value);
        return undefined;
      case 'sum':
        appender.append(point.refs[0] as SeriesRef, scan.tMs, scan.value);
        if (scan.exemplars.length > 0) this.#appendExemplars(point, () => point.refs[0]);
        return undefined;
      case 'summary':
        return this.#appendSummary(point);
      default:
        return this.#isNative ? this.#appendNative(point, isReset) : this.#appendHistogram(point);
    }
  }

  #appendHistogram(point: KnownPoint): RejectReason | undefined {
    const scan = this.#scan;
    const { appender } = this.#at.resource;
    const { tMs, counts, count } = scan;
    const refusal = scan.bounds.isSame(point.bounds) ? undefined : this.#replaceBounds(point);
    if (refusal !== undefined) return refusal;
    const { refs } = point;
    this.#appendCountAndSum(point);
    let below = 0;
    const last = refs.length - 1;
    for (let i = FIRST_BOUND; i < last; i++) {
      below += counts.at(i - FIRST_BOUND);
      appender.append(refs[i] as SeriesRef, tMs, below);
    }
    appender.append(refs[last] as SeriesRef, tMs, count);
    const extremes = readExtremes(scan);
    if (extremes !== undefined)
      appender.appendExtremes?.(refs[scan.hasSum ? SUM : COUNT] as SeriesRef, tMs, extremes);
    if (scan.exemplars.length > 0)
      this.#appendExemplars(point, (value) => {
        const bucket = point.bounds.findIndex((bound) => value <= bound);
        return refs[bucket < 0 ? last : bucket + FIRST_BOUND];
      });
    return undefined;
  }

  #appendSummary(point: KnownPoint): RejectReason | undefined {
    const { bounds, values, tMs } = this.#scan;
    const { appender } = this.#at.resource;
    const refusal = bounds.isSame(point.bounds) ? undefined : this.#replaceBounds(point);
    if (refusal !== undefined) return refusal;
    this.#appendCountAndSum(point);
    for (let i = 0; i < values.length; i++)
      appender.append(point.refs[i + FIRST_BOUND] as SeriesRef, tMs, values.at(i));
    return undefined;
  }

  #appendCountAndSum(point: KnownPoint): void {
    const { tMs, count, sum, hasSum } = this.#scan;
    const { appender } = this.#at.resource;
    appender.append(point.refs[COUNT] as SeriesRef, tMs, count);
    if (!hasSum) return;
    if (point.refs[SUM] === NO_REF) this.#makeRef(point, SUM, this.#readBase());
    appender.append(point.refs[SUM] as SeriesRef, tMs, sum);
  }

  #appendNative(point: KnownPoint, isReset: boolean): RejectReason | undefined {
    const scan = this.#scan;
    const isExponential = this.#at.metric.kind === 'exponential';
    const histogram = isExponential ? makeExponential(scan, isReset) : makeCustom(scan, isReset);
    if (!isSound(histogram)) return 'histogram';
    this.#at.resource.appender.appendHistogram(point.refs[0] as SeriesRef, scan.tMs, histogram);
    if (scan.exemplars.length > 0) this.#appendExemplars(point, () => point.refs[0]);
    return undefined;
  }

  /** Appends those that are newer than all before: a sender may repeat what it keeps. */
  #appendExemplars(point: KnownPoint, refFor: (value: number) => SeriesRef | undefined): void {
    const before = point.exemplarMs;
    for (const exemplar of readExemplars(this.#scan)) {
      if (exemplar.tMs <= before) continue;
      this.#at.resource.appender.appendExemplar(refFor(exemplar.value) ?? -1, exemplar);
      point.exemplarMs = Math.max(point.exemplarMs, exemplar.tMs);
    }
  }

  /** The point whose bytes are not known: one in another order, or a new one. */
  #learn(): KnownPoint | RejectReason | 'unknown' {
    const { metric, resource } = this.#at;
    const base = this.#readBase();
    if (base === undefined) return 'attribute_name';
    const labelsHash = hashLabelPairs(base);
    const adopted = metric.adopt(this.#scan, labelsHash);
    if (adopted !== undefined) return adopted;
    // What nothing is known of has no series that could end.
    if (this.#scan.isStale) return 'unknown';
    const count = this.#countRefs();
    const { attributesAt, attributesEnd } = this.#scan;
    const labelBytes =
      attributesEnd - attributesAt + metric.head.name.length + this.#at.scope.labelBytes;
    const refusal = this.#options.makeRoom(count, count * labelBytes);
    if (refusal !== undefined) return refusal;
    const { generation } = resource.appender;
    const madeIn = this.#options.request;
    const added = { labelsHash, labelBytes, refs: count, generation, madeIn };
    const point = metric.add(this.#scan, added);
    for (let i = 0; i < count; i++)
      if (i !== SUM || this.#scan.hasSum || this.#isSingle) this.#makeRef(point, i, base);
    return point;
  }

  /** Whether a point of the metric is one series. */
  get #isSingle(): boolean {
    const { kind } = this.#at.metric;
    return this.#isNative || kind === 'gauge' || kind === 'sum';
  }

  #countRefs(): number {
    if (this.#isSingle) return 1;
    const hasInf = this.#at.metric.kind === 'histogram';
    return FIRST_BOUND + this.#scan.bounds.length + (hasInf ? 1 : 0);
  }

  /** Goes over to other bounds, or says why there is no room for their series. */
  #replaceBounds(point: KnownPoint): RoomRefusal | undefined {
    const { resource } = this.#at;
    const count = this.#countRefs();
    const refusal = this.#options.makeRoom(count, count * point.labelBytes);
    if (refusal !== undefined) return refusal;
    resource.release(point.refs.splice(FIRST_BOUND), point.labelBytes);
    point.bounds = this.#scan.bounds.copy();
    const base = this.#readBase();
    for (let i = FIRST_BOUND; i < count; i++) {
      point.refs.push(NO_REF);
      this.#makeRef(point, i, base);
    }
    return undefined;
  }

  /** Completes the refs, and tells what has changed since it was told. */
  #refresh(point: KnownPoint): void {
    const { resource, metric } = this.#at;
    const { appender } = resource;
    const { startMs } = this.#scan;
    if (point.generation !== appender.generation) {
      const base = this.#readBase();
      for (const [index, ref] of point.refs.entries())
        if (ref !== NO_REF)
          point.refs[index] = appender.renew(ref, this.#makeLabels(point, index, base), metric);
      point.generation = appender.generation;
      point.stamp = -1;
      point.startMs = 0;
    }
    if (point.stamp !== metric.stamp) for (const ref of point.refs) this.#tellMetadata(ref);
    point.stamp = metric.stamp;
    const isTold = startMs !== 0 && startMs !== point.startMs && metric.kind !== 'gauge';
    point.startMs = startMs;
    if (isTold) for (const ref of point.refs) if (ref >= 0) appender.setCreated(ref, startMs);
  }

  #makeRef(point: KnownPoint, index: number, base: LabelSet | undefined): void {
    const { resource, metric } = this.#at;
    const labels = this.#makeLabels(point, index, base);
    const ref = resource.makeRef(labels, metric, point.labelBytes);
    point.refs[index] = ref;
    // Of a point that is new, this is told by the refresh that follows.
    if (point.stamp < 0 || ref < 0) return;
    this.#tellMetadata(ref);
    if (point.startMs !== 0) resource.appender.setCreated(ref, point.startMs);
  }

  #tellMetadata(ref: SeriesRef): void {
    const { resource, metric } = this.#at;
    const { name, type, unit } = metric.family;
    if (ref >= 0) resource.appender.setMetadata(ref, name, { type, unit, help: metric.help });
  }

  #makeLabels(point: KnownPoint, index: number, base: LabelSet = []): LabelSet {
    const { name, kind } = this.#at.metric;
    if (this.#isSingle) return makeSeriesLabels(base, name);
    if (index === COUNT) return makeSeriesLabels(base, `${name}_count`);
    if (index === SUM) return makeSeriesLabels(base, `${name}_sum`);
    const value = formatBound(point.bounds[index - FIRST_BOUND] ?? Infinity);
    if (kind === 'summary') return makeSeriesLabels(base, name, { name: 'quantile', value });
    const le: Label = { name: 'le', value };
    return makeSeriesLabels(base, `${name}_bucket`, le);
  }

  /** The labels of the scanned point; undefined where an attribute has no name. */
  #readBase(): LabelSet | undefined {
    const { source, attributesAt, attributesEnd } = this.#scan;
    const attributes = readPointAttributes(source.bytes, attributesAt, attributesEnd);
    return attributes && makeBase(attributes, this.#at.scope.labels);
  }
}

/** Leaves out bounds without a bucket, and +Inf, which is always there. */
function cutBounds({ bounds, counts }: PointScan): void {
  if (bounds.length > counts.length) bounds.length = counts.length;
  while (bounds.length > 0 && bounds.at(bounds.length - 1) === Infinity) bounds.length -= 1;
}
