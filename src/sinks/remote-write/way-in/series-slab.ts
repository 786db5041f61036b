/**
 * The series of one target, encoded as in a message, in one slab of bytes. A scrape patches in only
 * values and times (wire/remote-write/one-sample.ts knows where). Series that were patched and lie
 * behind each other are one run, and the runs together are the message:
 *
 *     slab   │ labels of ref 0, value, time │ labels of ref 1, value, time │ hole │ labels of …
 *     runs   └─────────────────────────────────────────────────────────────┘      └────────────
 *
 * What is patched is valid until the next `seal`. A second sample of a series before that, and a
 * time that is not steady (before 1971, after 2109), can't be patched in: the caller encodes it
 * apart, behind the runs. Where many holes are, a new series goes into one of its length.
 */
import {
  copyInSlices,
  lengthen,
  lengthenInSlices,
  lengthenTogether,
} from '../../../kernel/columns.ts';
import { runAtOnce } from '../../../kernel/giving-way.ts';
import { NumberList } from '../../../kernel/number-list.ts';
import { type Borrowed, ownCopy } from '../../../model/borrowed.ts';
import {
  isSteadyTime,
  labelsOfOneSample,
  measureOneSample,
  putOneSample,
  putStaleMarker,
  putValue,
  SOME_STEADY_MS,
  START_FIELD_BYTES,
  SteadyTime,
  valueFromEnd,
} from '../../../wire/remote-write/one-sample.ts';
import type { SlabRun } from './plan-book.ts';

const FIRST_BYTES = 1_024;
const FIRST_REFS = 16;
/** A slab is large from this size on: it grows in slices (`prepare`), and by less. */
const LARGE_BYTES = 1024 * 1024;
/** Bytes that are copied between two yields. */
const SLICE_BYTES = 128 * 1024;
/** Bytes of a piece, in which series are sorted, as a power of two. */
const PIECE_SHIFT = 16;
/** Refs that are looked at, and pieces that are sorted, between two yields. */
const SLICE_REFS = 16_384;
const SLICE_PIECES = 16;
/** Columns of so many refs take long to grow. */
const LARGE_REFS = 65_536;
/** How many refs `prepare` makes room for: more than the labels of a slice of a body may have. */
const SOME_REFS = 8_192;
/** Spare room is given back where no series was added between so many seals. */
const SEALS_ALIKE = 3;

export class SeriesSlab {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  /** Offset behind the last series. */
  #end = 0;
  /** Bytes in holes. */
  #garbage = 0;
  /** Where holes begin, by their length. */
  readonly #holes = new Map<number, NumberList>();
  /** Where each ref's series begins and ends; the end is 0 for a ref that is free. */
  #starts = new Int32Array(FIRST_REFS);
  #ends = new Int32Array(FIRST_REFS);
  /** How many bytes are behind the time of a sample: the created timestamp, if there is one. */
  #startBytes = new Uint8Array(FIRST_REFS);
  /** In which turn, from one `seal` to the next, a ref was patched last. */
  #turns = new Int32Array(FIRST_REFS);
  #turn = 1;
  readonly #free = new NumberList();
  #refs = 0;
  /** Pairs of start and end offset. */
  #runs = new Int32Array(FIRST_REFS);
  #runCount = 0;
  readonly #time = new SteadyTime();
  /** The next series begins a run, even where it follows the last one in the slab. */
  #isBroken = true;
  /** How often it was sealed since a series was added. */
  #sealsAlike = 0;
  /** How often series were moved. */
  #epoch = 0;

  /** Adds a series. @param labels  as `encodeLabels` makes them @returns its ref */
  add(labels: Borrowed<Uint8Array>): number {
    const ref = this.#free.pop() ?? this.#refs++;
    if (ref >= this.#starts.length) this.#growRefs();
    this.#put(ref, labels, 0);
    return ref;
  }

  /**
   * Gives a series other label bytes or another created timestamp.
   *
   * @param startMs  when its counter began, ms since 1970; 0 for unknown
   */
  replace(ref: number, labels: Borrowed<Uint8Array>, startMs: number): void {
    // The labels may be a view of the slab itself, which may move.
    const copy = ownCopy(labels);
    this.#leave(ref);
    this.#put(ref, copy, startMs);
  }

  /**
   * Makes room for a megabyte of new series in slices, where the slab is large; otherwise `add`
   * does so at once.
   */
  *prepare(): Generator<undefined, void, undefined> {
    if (this.#end < LARGE_BYTES) return;
    if (this.#refs + SOME_REFS > this.#starts.length) yield* this.#growRefsInSlices();
    if (this.#end + LARGE_BYTES <= this.#bytes.length) return;
    yield* this.#resizeInSlices(this.#end + (this.#end >> 2) + 2 * LARGE_BYTES);
  }

  /** Makes room for so many bytes of series, where there is none yet; of many it is made later. */
  expect(bytes: number): void {
    if (this.#end === 0 && bytes > this.#bytes.length) this.#resize(Math.min(bytes, LARGE_BYTES));
  }

  /** Bytes of all series, and of the holes between them. */
  get length(): number {
    return this.#end;
  }

  has(ref: number): boolean {
    return ref >= 0 && ref < this.#refs && this.#ends[ref] !== 0;
  }

  remove(ref: number): void {
    this.#leave(ref);
    this.#ends[ref] = 0;
    this.#free.push(ref);
  }

  /** Bytes of the encoded series with its one sample. */
  lengthOf(ref: number): number {
    return (this.#ends[ref] as number) - (this.#starts[ref] as number);
  }

  /** The label bytes of a series, lent until the next change of the slab. */
  labelsOf(ref: number): Borrowed<Uint8Array> {
    const [start, end] = [this.#starts[ref] as number, this.#ends[ref] as number];
    return labelsOfOneSample(this.#bytes, start, end, this.#startBytes[ref] as number);
  }

  /** Patches a sample in; false when it must be encoded apart. */
  patch(ref: number, tMs: number, value: number): boolean {
    const at = this.#take(ref, tMs);
    if (at < 0) return false;
    putValue(this.#view, at, value);
    return true;
  }

  /** The same as `patch`, for a stale marker. */
  patchStale(ref: number, tMs: number): boolean {
    const at = this.#take(ref, tMs);
    if (at < 0) return false;
    putStaleMarker(this.#view, at);
    return true;
  }

  /** Until the next `seal`, `patch` is false for this series. */
  skip(ref: number): void {
    this.#turns[ref] = this.#turn;
  }

  /** Ends the present run; returns how many runs there are. */
  breakRun(): number {
    this.#isBroken = true;
    return this.#runCount;
  }

  /** Bytes of the runs from `fromRun` to before `toRun`. */
  measureRuns(fromRun: number, toRun: number): number {
    let sum = 0;
    for (let i = fromRun * 2; i < toRun * 2; i += 2)
      sum += (this.#runs[i + 1] as number) - (this.#runs[i] as number);
    return sum;
  }

  /** Where a run lies. */
  runAt(index: number): SlabRun {
    const [start, end] = [this.#runs[index * 2] as number, this.#runs[index * 2 + 1] as number];
    return { start, end, epoch: this.#epoch };
  }

  /** The bytes of one run, lent until the next change of the slab. */
  run(index: number): Borrowed<Uint8Array> {
    return this.#bytes.subarray(this.#runs[index * 2], this.#runs[index * 2 + 1]);
  }

  /** Forgets all runs; series may be patched again. */
  seal(): void {
    this.#turn += 1;
    this.#runCount = 0;
    this.#isBroken = true;
    this.#sealsAlike += 1;
  }

  /**
   * Gives back room, in slices that are not given up: closes holes, which moves the series. Call it
   * behind `seal`.
   */
  *tidy(): Generator<undefined, void, undefined> {
    if (this.#garbage > this.#end >> 1) yield* this.#compact();
    // Spare room is kept while series are still being added: more may follow.
    else if (this.#sealsAlike > SEALS_ALIKE) yield* this.#trim();
  }

  *#trim(): Generator<undefined, void, undefined> {
    if (this.#bytes.length - this.#end > this.#spareMax) yield* this.#resizeInSlices(this.#end);
    const refs = this.#refs;
    // Of many refs it would be long work.
    if (refs >= LARGE_REFS || this.#starts.length <= refs + (refs >> 2) + FIRST_REFS) return;
    const length = refs + (refs >> 3);
    const cut = (column: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> =>
      column.subarray(0, refs);
    const columns = [cut(this.#starts), cut(this.#ends), cut(this.#turns)] as const;
    [this.#starts, this.#ends, this.#turns] = lengthenTogether(columns, length);
    this.#startBytes = this.#startBytes.slice(0, length);
  }

  /**
   * By how much a slab that is full grows: by much while the first page is read. From then on a few
   * series come and go, and what it grows by stays below what `tidy` gives back, or it would be
   * copied twice for each of them.
   */
  get #growth(): number {
    return this.#turn === 1 ? this.#bytes.length >> 1 : (this.#end >> 3) + (FIRST_BYTES >> 1);
  }

  /** How much spare room is kept: a large slab keeps what it grew by, since copying it is long. */
  get #spareMax(): number {
    const isLarge = this.#end >= LARGE_BYTES;
    return (this.#end >> 2) + (isLarge ? 2 * LARGE_BYTES : FIRST_BYTES);
  }

  clear(): void {
    this.#bytes = new Uint8Array(0);
    this.#view = new DataView(this.#bytes.buffer);
    this.#end = 0;
    this.#refs = 0;
    this.#runCount = 0;
    this.#free.clear();
    this.#holes.clear();
  }

  /** Adds a series to the runs and writes its time; returns the offset of its value, or -1. */
  #take(ref: number, tMs: number): number {
    if (this.#turns[ref] === this.#turn) return -1;
    if (tMs !== this.#time.tMs && !this.#time.set(tMs)) return -1;
    this.#turns[ref] = this.#turn;
    const [start, end] = [this.#starts[ref] as number, this.#ends[ref] as number];
    const last = this.#runCount * 2 - 1;
    if (!this.#isBroken && this.#runs[last] === start) this.#runs[last] = end;
    else this.#addRun(start, end);
    const valueAt = valueFromEnd(end, this.#startBytes[ref] as number);
    this.#time.patch(this.#view, valueAt);
    return valueAt;
  }

  #addRun(start: number, end: number): void {
    if (this.#runCount * 2 === this.#runs.length)
      this.#runs = lengthen(this.#runs, this.#runs.length * 2);
    this.#runs[this.#runCount * 2] = start;
    this.#runs[this.#runCount * 2 + 1] = end;
    this.#runCount += 1;
    this.#isBroken = false;
  }

  /** Makes a hole where a series is; one that is in a run is not filled. */
  #leave(ref: number): void {
    const length = this.lengthOf(ref);
    this.#garbage += length;
    if (this.#turns[ref] === this.#turn) return;
    if (!this.#holes.has(length)) this.#holes.set(length, new NumberList());
    this.#holes.get(length)?.push(this.#starts[ref] as number);
  }

  /**
   * A hole for a series, where there are many. A few are left for `tidy`, as the plans of all runs
   * end with the filling of one.
   */
  #findHole(length: number): number | undefined {
    if (this.#garbage <= this.#end >> 3) return undefined;
    const at = this.#holes.get(length)?.pop();
    if (at === undefined) return at;
    this.#garbage -= length;
    this.#epoch += 1;
    return at;
  }

  /** Room at the end of the slab. */
  #extend(length: number): number {
    const at = this.#end;
    if (at + length > this.#bytes.length)
      this.#resize(Math.max(at + length, this.#bytes.length + this.#growth));
    this.#sealsAlike = 0;
    this.#end += length;
    return at;
  }

  /** Writes a series into a hole, or at the end of the slab. */
  #put(ref: number, labels: Borrowed<Uint8Array>, startMs: number): void {
    const start = isSteadyTime(startMs) ? startMs : 0;
    const length = measureOneSample(labels.length, SOME_STEADY_MS, start);
    const at = this.#findHole(length) ?? this.#extend(length);
    putOneSample(this.#bytes, at, labels, SOME_STEADY_MS, start);
    this.#starts[ref] = at;
    this.#ends[ref] = at + length;
    this.#startBytes[ref] = start === 0 ? 0 : START_FIELD_BYTES;
    this.#turns[ref] = 0;
  }

  /** Closes the holes in place; the series keep their order, and those side by side move as one. */
  *#compact(): Generator<undefined, void, undefined> {
    const bytes = this.#bytes;
    let end = 0;
    let [from, to] = [0, 0];
    let due = SLICE_BYTES;
    for (const refs of yield* this.#listInOrder())
      for (const ref of refs) {
        const start = this.#starts[ref] as number;
        const length = this.lengthOf(ref);
        if (start !== to) {
          bytes.copyWithin(end - (to - from), from, to);
          from = start;
        }
        to = start + length;
        this.#starts[ref] = end;
        end += length;
        this.#ends[ref] = end;
        if (end < due) continue;
        due = end + SLICE_BYTES;
        bytes.copyWithin(end - (to - from), from, to);
        from = to;
        yield;
      }
    bytes.copyWithin(end - (to - from), from, to);
    this.#garbage = 0;
    this.#holes.clear();
    this.#epoch += 1;
    this.#end = end;
  }

  /**
   * The refs in the order of their series, piece by piece: sorted as a whole, very many would be
   * long work.
   */
  *#listInOrder(): Generator<undefined, readonly (readonly number[])[], undefined> {
    const pieces = Array.from({ length: (this.#end >> PIECE_SHIFT) + 1 }, (): number[] => []);
    const starts = this.#starts;
    for (let ref = 0; ref < this.#refs; ref++) {
      if (this.#ends[ref] !== 0) pieces[(starts[ref] as number) >> PIECE_SHIFT]?.push(ref);
      if (ref % SLICE_REFS === SLICE_REFS - 1) yield;
    }
    for (const [index, piece] of pieces.entries()) {
      piece.sort((a, b) => (starts[a] as number) - (starts[b] as number));
      if (index % SLICE_PIECES === SLICE_PIECES - 1) yield;
    }
    return pieces;
  }

  #resize(length: number): void {
    runAtOnce(this.#resizeInSlices(length));
  }

  *#resizeInSlices(length: number): Generator<undefined, void, undefined> {
    const other = new Uint8Array(length);
    yield* copyInSlices(other, this.#bytes, this.#end);
    this.#bytes = other;
    this.#view = new DataView(other.buffer);
  }

  #growRefs(): void {
    runAtOnce(this.#growRefsInSlices());
  }

  /**
   * The length of `#starts` counts, so it grows last: what is given up before has no effect, and
   * the columns that have grown already are not made longer by the next try.
   */
  *#growRefsInSlices(): Generator<undefined, void, undefined> {
    const length = Math.max(this.#starts.length + (this.#starts.length >> 1), FIRST_REFS);
    let starts = this.#starts;
    if (length < LARGE_REFS) {
      const columns = [starts, this.#ends, this.#turns] as const;
      [starts, this.#ends, this.#turns] = lengthenTogether(columns, length);
    } else {
      this.#ends = yield* lengthenInSlices(this.#ends, length);
      this.#turns = yield* lengthenInSlices(this.#turns, length);
    }
    if (this.#startBytes.length < length) {
      const startBytes = new Uint8Array(length);
      yield* copyInSlices(startBytes, this.#startBytes, this.#startBytes.length);
      this.#startBytes = startBytes;
    }
    this.#starts = yield* lengthenInSlices(starts, length);
  }
}
