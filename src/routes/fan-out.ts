/**
 * The appender of one target, which appends to every outlet of its source. A ref is the number of a
 * row, and the row holds the ref that the series has at each outlet. Transforms of series are
 * applied when the row is made, so a sample costs a look at its row; from the first transform of
 * samples on, the rest of an outlet's transforms stands behind it, in an appender of its own.
 *
 *     ref   outlet 0   outlet 1
 *     0     17         4
 *     1     18         -1          dropped by the transforms of outlet 1
 *     2     -2         5           outlet 0 is new, and the series has not been renewed yet
 */
import { copyInSlices, lengthenInSlices } from '../kernel/columns.ts';
import { runAtOnce } from '../kernel/giving-way.ts';
import { NumberList } from '../kernel/number-list.ts';
import { SpreadMap } from '../kernel/spread-map.ts';
import {
  type Extremes,
  type NativeHistogram,
  scaleExtremes,
  scaleHistogram,
} from '../model/histogram.ts';
import { type LabelSet, labelValue, METRIC_NAME } from '../model/labels.ts';
import {
  type Appender,
  commitInSlices,
  DROPPED_REF,
  type Exemplar,
  originOf,
  type RoutedAppender,
  type SeriesFamily,
  type SeriesMetadata,
  type SeriesOrigin,
  type SeriesRef,
} from '../model/sample.ts';
import { applyAll, type CountDropped, type SeriesTransform } from '../model/transform.ts';
import { leadingSeriesTransforms, openPath } from '../model/transformed-appender.ts';
import { isSameOutlet, type Outlet } from './outlet.ts';

/** In a row: the outlet has not been asked for a ref of the series yet. */
const UNASKED = -2;
const FIRST_ROWS = 16;
/** For how many rows `prepare` makes room: more than a slice of a body may have. */
const SOME_ROWS = 8_192;

interface Column {
  readonly outlet: Outlet;
  /** The transforms that are applied here; those behind them are in the appender. */
  readonly transforms: readonly SeriesTransform[];
  readonly appender: Appender;
}

export interface FanOutOptions {
  readonly key: string;
  readonly resource: LabelSet;
  readonly outlets: readonly Outlet[];
  /** Told of each sample that a transform drops by itself. */
  readonly countDropped?: CountDropped;
  readonly onClose?: () => void;
}

const COUNT_NOTHING: CountDropped = () => undefined;

export class FanOut implements RoutedAppender {
  generation = 0;
  readonly #key: string;
  readonly #resource: LabelSet;
  readonly #countDropped: CountDropped;
  readonly #onClose: (() => void) | undefined;
  #columns: readonly Column[];
  /** Row by row; a row is as long as there are columns. */
  #refs: Int32Array<ArrayBuffer>;
  /** For each ref, the factor of its samples; undefined while all factors are 1. */
  #scales: Float64Array | undefined;
  /** For each ref, the family that the transforms made, where it is another one. */
  #families = new SpreadMap<SeriesFamily>();
  #rows = 0;
  /** 1 for a row that no series has. */
  #isFree = new Uint8Array(FIRST_ROWS);
  readonly #free = new NumberList();
  /** Whether something was appended that is neither committed nor rolled back. */
  #isInTransaction = false;
  /** The outlets to go over to at the end of the transaction. */
  #next: { readonly outlets: readonly Outlet[]; readonly done: () => void } | undefined;

  constructor({ key, resource, outlets, onClose, countDropped }: FanOutOptions) {
    this.#key = key;
    this.#countDropped = countDropped ?? COUNT_NOTHING;
    this.#resource = resource;
    this.#onClose = onClose;
    this.#columns = outlets.map((outlet) => openColumn(outlet, key, this.#countDropped));
    this.#refs = new Int32Array(FIRST_ROWS * outlets.length);
  }

  /**
   * Goes over to other outlets, at once or at the end of the transaction. Resolves when nothing
   * more goes to outlets that are not among them.
   */
  goOver(outlets: readonly Outlet[]): Promise<void> {
    if (!this.#isInTransaction) {
      this.#goOverNow(outlets);
      return Promise.resolve();
    }
    const before = this.#next;
    return new Promise((resolve) => {
      this.#next = {
        outlets,
        done: () => {
          before?.done();
          resolve();
        },
      };
    });
  }

  refOf(labels: LabelSet, origin?: SeriesOrigin): SeriesRef {
    const ref = this.#takeRow();
    if (this.#fill(ref, labels, origin)) return ref;
    this.#release(ref);
    return DROPPED_REF;
  }

  *prepare(): Generator<undefined, void, undefined> {
    const rows = this.#isFree.length;
    if (rows >= SOME_ROWS && this.#rows + SOME_ROWS > rows) yield* this.#growInSlices();
    for (const { appender } of this.#columns) yield* appender.prepare?.() ?? [];
  }

  expect(bytes: number): void {
    for (const { appender } of this.#columns) appender.expect?.(bytes);
  }

  renew(ref: SeriesRef, labels: LabelSet, origin?: SeriesOrigin): SeriesRef {
    if (ref === DROPPED_REF) return this.refOf(labels, origin);
    if (this.#fill(ref, labels, origin)) return ref;
    this.#release(ref);
    return DROPPED_REF;
  }

  append(ref: SeriesRef, tMs: number, value: number): void {
    this.#isInTransaction = true;
    const columns = this.#columns;
    const width = columns.length;
    let at = ref * width;
    if (at < 0) return;
    for (let i = 0; i < width; i++, at++) {
      const own = this.#refs[at] as number;
      if (own < 0) continue;
      const scaled = this.#scales === undefined ? value : value * (this.#scales[at] as number);
      (columns[i] as Column).appender.append(own, tMs, scaled);
    }
  }

  appendStale(ref: SeriesRef, tMs: number): void {
    this.#isInTransaction = true;
    this.#each(ref, (appender, own) => appender.appendStale(own, tMs));
  }

  appendHistogram(ref: SeriesRef, tMs: number, histogram: NativeHistogram): void {
    this.#isInTransaction = true;
    this.#each(ref, (appender, own, scale) =>
      appender.appendHistogram(own, tMs, scaleHistogram(histogram, scale)),
    );
  }

  appendExtremes(ref: SeriesRef, tMs: number, extremes: Extremes): void {
    this.#isInTransaction = true;
    this.#each(ref, (appender, own, scale) =>
      appender.appendExtremes?.(own, tMs, scaleExtremes(extremes, scale)),
    );
  }

  appendExemplar(ref: SeriesRef, exemplar: Exemplar): void {
    this.#isInTransaction = true;
    this.#each(ref, (appender, own, scale) =>
      appender.appendExemplar(
        own,
        scale === 1 ? exemplar : { ...exemplar, value: exemplar.value * scale },
      ),
    );
  }

  setMetadata(ref: SeriesRef, family: string, metadata: SeriesMetadata): void {
    this.#each(ref, (appender, own, _scale, at) => {
      const other = this.#families.get(at);
      if (other === undefined) appender.setMetadata(own, family, metadata);
      else
        appender.setMetadata(own, other.name, { ...metadata, type: other.type, unit: other.unit });
    });
  }

  setCreated(ref: SeriesRef, createdMs: number): void {
    this.#each(ref, (appender, own) => appender.setCreated(own, createdMs));
  }

  forget(ref: SeriesRef): void {
    if (ref < 0 || ref >= this.#rows || this.#isFree[ref] === 1) return;
    this.#each(ref, (appender, own) => appender.forget(own));
    this.#release(ref);
  }

  commit(hasAnswered?: boolean): void {
    for (const { appender } of this.#columns) appender.commit(hasAnswered);
    this.#endTransaction();
  }

  *commitSlices(hasAnswered?: boolean): Generator<undefined, void, undefined> {
    this.#isInTransaction = true;
    for (const { appender } of this.#columns) yield* commitInSlices(appender, hasAnswered);
    this.#endTransaction();
  }

  rollback(): void {
    for (const { appender } of this.#columns) appender.rollback();
    this.#endTransaction();
  }

  close(): void {
    for (const { appender } of this.#columns) appender.close();
    this.#columns = [];
    this.#refs = new Int32Array(0);
    this.#rows = 0;
    this.#endTransaction();
    this.#onClose?.();
  }

  /** Asks the outlets that have not been asked for a series yet; false when all of them drop it. */
  #fill(ref: SeriesRef, labels: LabelSet, origin: SeriesOrigin | undefined): boolean {
    const width = this.#columns.length;
    let isWanted = false;
    for (let i = 0; i < width; i++) {
      const at = ref * width + i;
      if (this.#refs[at] === UNASKED) this.#ask(i, at, labels, origin);
      isWanted ||= (this.#refs[at] as number) >= 0;
    }
    return isWanted;
  }

  #ask(column: number, at: number, labels: LabelSet, origin?: SeriesOrigin): void {
    const { transforms, appender } = this.#columns[column] as Column;
    const { family, resource = this.#resource } =
      origin ?? originOf(labelValue(labels, METRIC_NAME));
    const series = applyAll(transforms, { labels, family, resource, scale: 1 });
    this.#refs[at] = series === undefined ? DROPPED_REF : appender.refOf(series.labels, series);
    if (series === undefined) return;
    if (series.family !== family) this.#families.set(at, series.family);
    if (series.scale === 1 && this.#scales === undefined) return;
    this.#scales ??= new Float64Array(this.#refs.length).fill(1);
    this.#scales[at] = series.scale;
  }

  #each(
    ref: SeriesRef,
    act: (appender: Appender, own: SeriesRef, scale: number, at: number) => void,
  ): void {
    if (ref < 0) return;
    const width = this.#columns.length;
    for (let i = 0; i < width; i++) {
      const at = ref * width + i;
      const own = this.#refs[at] as number;
      if (own >= 0) act((this.#columns[i] as Column).appender, own, this.#scales?.[at] ?? 1, at);
    }
  }

  /** Takes a free row and marks all of its outlets as unasked. */
  #takeRow(): SeriesRef {
    const ref = this.#free.pop() ?? this.#rows++;
    if (ref >= this.#isFree.length) this.#grow();
    const width = this.#columns.length;
    this.#refs.fill(UNASKED, ref * width, (ref + 1) * width);
    this.#scales?.fill(1, ref * width, (ref + 1) * width);
    this.#isFree[ref] = 0;
    return ref;
  }

  #release(ref: SeriesRef): void {
    const width = this.#columns.length;
    this.#refs.fill(DROPPED_REF, ref * width, (ref + 1) * width);
    for (let i = 0; i < width; i++) this.#families.delete(ref * width + i);
    this.#isFree[ref] = 1;
    this.#free.push(ref);
  }

  #grow(): void {
    runAtOnce(this.#growInSlices());
  }

  /** The length of `#isFree` counts, so it grows last: what is given up before has no effect. */
  *#growInSlices(): Generator<undefined, void, undefined> {
    const rows = this.#isFree.length * 2;
    const cells = rows * this.#columns.length;
    this.#refs = yield* lengthenInSlices(this.#refs, cells);
    if (this.#scales !== undefined && this.#scales.length < cells) {
      const scales = new Float64Array(cells);
      yield* copyInSlices(scales, this.#scales, this.#scales.length);
      scales.fill(1, this.#scales.length);
      this.#scales = scales;
      yield;
    }
    const isFree = new Uint8Array(rows);
    yield* copyInSlices(isFree, this.#isFree, this.#isFree.length);
    this.#isFree = isFree;
  }

  #endTransaction(): void {
    this.#isInTransaction = false;
    const next = this.#next;
    if (next === undefined) return;
    this.#next = undefined;
    this.#goOverNow(next.outlets);
    next.done();
  }

  #goOverNow(outlets: readonly Outlet[]): void {
    const old = this.#columns;
    const kept = outlets.map((outlet) =>
      old.findIndex((column) => isSameOutlet(column.outlet, outlet)),
    );
    const isSame = outlets.length === old.length && kept.every((from, index) => from === index);
    if (isSame) return;
    const columns = outlets.map((outlet, index): Column => {
      const before = old[kept[index] as number];
      return before ?? openColumn(outlet, this.#key, this.#countDropped);
    });
    this.#moveRows(old.length, kept);
    this.#columns = columns;
    for (const column of old) if (!columns.includes(column)) column.appender.close();
    this.generation += 1;
  }

  /** Copies the rows into the new columns. @param kept  each one's old column, -1 if it is new */
  #moveRows(oldWidth: number, kept: readonly number[]): void {
    const width = kept.length;
    const refs = new Int32Array(this.#isFree.length * width);
    const scales = this.#scales && new Float64Array(refs.length).fill(1);
    const families = new SpreadMap<SeriesFamily>();
    for (let ref = 0; ref < this.#rows; ref++) {
      for (let i = 0; i < width; i++) {
        const from = kept[i] as number;
        const at = ref * width + i;
        const free = this.#isFree[ref] === 1;
        refs[at] =
          from < 0 ? (free ? DROPPED_REF : UNASKED) : (this.#refs[ref * oldWidth + from] as number);
        if (scales !== undefined && from >= 0)
          scales[at] = this.#scales?.[ref * oldWidth + from] ?? 1;
        const family = from < 0 ? undefined : this.#families.get(ref * oldWidth + from);
        if (family !== undefined) families.set(at, family);
      }
    }
    this.#refs = refs;
    this.#scales = scales;
    this.#families = families;
  }
}

/** Opens the way to an outlet, up to the first transform of samples and behind it. */
function openColumn(outlet: Outlet, key: string, countDropped: CountDropped): Column {
  const own = leadingSeriesTransforms(outlet.transforms);
  const behind = outlet.transforms.slice(own.length);
  const appender = openPath(behind, outlet.openAppender(key), countDropped);
  return { outlet, transforms: own, appender };
}
