/**
 * A side road of some series: those that it takes pass transforms of their own before they go on
 * with the others. They are taken from the main road, or copied.
 *
 *     series ──┬──────────── not taken, or copied ────────────┬──► next
 *              └── taken ──► path: transforms one by one ─────┘
 */
import type { Extremes, NativeHistogram } from '../model/histogram.ts';
import type { LabelSet } from '../model/labels.ts';
import type { TransformedSeries } from '../model/open-series.ts';
import {
  type Appender,
  commitInSlices,
  DROPPED_REF,
  type Exemplar,
  type SeriesMetadata,
  type SeriesOrigin,
  type SeriesRef,
} from '../model/sample.ts';
import { type CountDropped, type StreamTransform, type Transform } from '../model/transform.ts';
import { openedSeries } from '../model/opened-series.ts';
import { PassingAppender } from '../model/passing-appender.ts';
import { openPath } from '../model/transformed-appender.ts';

export interface BranchOptions {
  readonly identity: string;
  readonly takes: (series: TransformedSeries) => boolean;
  /** Whether a series that is taken also goes on as it is. */
  readonly copies: boolean;
  readonly path: readonly Transform[];
  /**
   * What all series that are taken have in common: the first that lives decides, and others are
   * not taken. Absent: they need nothing in common.
   */
  readonly kindOf?: (series: TransformedSeries) => string;
}

export function branch(options: BranchOptions): StreamTransform {
  return {
    identity: options.identity,
    openAppender: (next, countDropped) => new BranchAppender(next, options, countDropped),
  };
}

/** The refs of one series on both roads. */
interface Row {
  readonly main: SeriesRef;
  readonly side: SeriesRef;
}

class BranchAppender extends PassingAppender {
  readonly #options: BranchOptions;
  readonly #side: Appender;
  readonly #rows: (Row | undefined)[] = [];
  readonly #free: SeriesRef[] = [];
  #kind: string | undefined;
  /** How many live series are of that kind. */
  #taken = 0;

  constructor(next: Appender, options: BranchOptions, countDropped: CountDropped) {
    super(next);
    this.#options = options;
    this.#side = openPath(options.path, new JoiningAppender(next), countDropped);
  }

  override refOf(labels: LabelSet, origin?: SeriesOrigin): SeriesRef {
    const isTaken = this.#takes(openedSeries(labels, origin));
    const side = isTaken ? this.#side.refOf(labels, origin) : DROPPED_REF;
    const isMain = !isTaken || this.#options.copies;
    const main = isMain ? this.next.refOf(labels, origin) : DROPPED_REF;
    if (main < 0 && side < 0) return DROPPED_REF;
    if (side >= 0) this.#taken += 1;
    const ref = this.#free.pop() ?? this.#rows.length;
    this.#rows[ref] = { main, side };
    return ref;
  }

  override append(ref: SeriesRef, tMs: number, value: number): void {
    const row = this.#rows[ref];
    if (row === undefined) return;
    if (row.main >= 0) this.next.append(row.main, tMs, value);
    if (row.side >= 0) this.#side.append(row.side, tMs, value);
  }

  override appendStale(ref: SeriesRef, tMs: number): void {
    this.#each(ref, (appender, own) => appender.appendStale(own, tMs));
  }

  override appendHistogram(ref: SeriesRef, tMs: number, histogram: NativeHistogram): void {
    this.#each(ref, (appender, own) => appender.appendHistogram(own, tMs, histogram));
  }

  appendExtremes(ref: SeriesRef, tMs: number, extremes: Extremes): void {
    this.#each(ref, (appender, own) => appender.appendExtremes?.(own, tMs, extremes));
  }

  override appendExemplar(ref: SeriesRef, exemplar: Exemplar): void {
    this.#each(ref, (appender, own) => appender.appendExemplar(own, exemplar));
  }

  override setMetadata(ref: SeriesRef, family: string, metadata: SeriesMetadata): void {
    this.#each(ref, (appender, own) => appender.setMetadata(own, family, metadata));
  }

  override setCreated(ref: SeriesRef, createdMs: number): void {
    this.#each(ref, (appender, own) => appender.setCreated(own, createdMs));
  }

  override forget(ref: SeriesRef): void {
    const row = this.#rows[ref];
    if (row === undefined) return;
    this.#each(ref, (appender, own) => appender.forget(own));
    if (row.side >= 0) this.#taken -= 1;
    this.#rows[ref] = undefined;
    this.#free.push(ref);
  }

  protected override settle(hasAnswered?: boolean): Generator<undefined, void, undefined> {
    return commitInSlices(this.#side, hasAnswered);
  }

  override rollback(): void {
    this.#side.rollback();
    this.next.rollback();
  }

  override close(): void {
    this.#side.close();
    this.next.close();
  }

  #takes(series: TransformedSeries): boolean {
    const { takes, kindOf } = this.#options;
    if (!takes(series)) return false;
    if (kindOf === undefined) return true;
    if (this.#taken === 0) this.#kind = kindOf(series);
    return this.#kind === kindOf(series);
  }

  #each(ref: SeriesRef, act: (appender: Appender, own: SeriesRef) => void): void {
    const row = this.#rows[ref];
    if (row === undefined) return;
    if (row.main >= 0) act(this.next, row.main);
    if (row.side >= 0) act(this.#side, row.side);
  }
}

/** The end of a side road: what ends a transaction or the appender comes by the main road. */
class JoiningAppender extends PassingAppender {
  appendExtremes(ref: SeriesRef, tMs: number, extremes: Extremes): void {
    this.next.appendExtremes?.(ref, tMs, extremes);
  }

  override commit(): void {
    // Comes by the main road.
  }

  override *commitSlices(): Generator<undefined, void, undefined> {
    // Comes by the main road.
  }

  override rollback(): void {
    // Comes by the main road.
  }

  override close(): void {
    // Comes by the main road.
  }
}
