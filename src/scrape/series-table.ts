/**
 * The series of one target, by slot: the ref of each in the appender, and the scrape in which it
 * was last seen. Staleness follows from the last two scrapes: a series of the last good one that is
 * not in this one has ended.
 *
 *     slot   ref  hash  hash2  now  before     now, before: the number of the attempt × 2,
 *     0      17   …     …      85   83         plus 1 when the series may get a stale marker;
 *                                              0: never seen; below 0: ended, and lingers since
 *                                              the attempt × -2
 */
import { type LabelSet, labelSetKey } from '../model/labels.ts';
import type { NativeHistogram } from '../model/histogram.ts';
import {
  DROPPED_REF,
  type Exemplar,
  type RoutedAppender,
  type SeriesMetadata,
  type SeriesOrigin,
} from '../model/sample.ts';
import { runAtOnce } from '../kernel/giving-way.ts';
import { lengthenInSlices, lengthenTogether, NO_ROWS } from '../kernel/columns.ts';
import { NumberList } from '../kernel/number-list.ts';
import { EndedSlots } from './ended-slots.ts';
import { hashText } from './hash-index.ts';
import { OwnTimes } from './own-times.ts';
import { SlotIndex } from './slot-index.ts';
import { runInRanges, type Steps } from './steps.ts';

/** Columns of so many series take milliseconds to grow. */
const LARGE_COLUMN = 65_536;

export class SeriesTable {
  readonly #appender: RoutedAppender;
  #refs = NO_ROWS;
  #hashes = NO_ROWS;
  #secondHashes = NO_ROWS;
  #now = NO_ROWS;
  #before = NO_ROWS;
  /** The times that the target gave; made when the first one is seen. */
  #times: OwnTimes | undefined;
  #size = 0;
  readonly #free = new NumberList();
  #created = new NumberList();
  /** Slots of series that this body lacks, until it is accepted. */
  #missing = new NumberList();
  /** They must be let go before the next body is read. */
  readonly #ended = new EndedSlots((slot) => (this.#now[slot] as number) / LINGERING);
  readonly #byLabels = new SlotIndex();
  /** How many series the first body may bring, until it is read. */
  #expected = 0;
  #attempt = 0;
  /** The appender's generation when the last body was begun. */
  #generation: number;
  /**
   * The generation under which the ref of each slot is complete; made only when it is not the same
   * for all.
   */
  #completeIn: Int32Array<ArrayBuffer> | undefined;

  constructor(appender: RoutedAppender) {
    this.#appender = appender;
    this.#generation = appender.generation;
  }

  /** How many series are known. */
  get count(): number {
    return this.#size - this.#free.length - this.#ended.count;
  }

  /** How many slots there are, with the free ones. */
  get size(): number {
    return this.#size;
  }

  /** How many series became known since `begin`. */
  get created(): number {
    return this.#created.length;
  }

  /**
   * Begins another attempt to read a body.
   *
   * @returns whether refs are to be renewed; then every series of the body must be looked up by
   * `slotOf`
   */
  begin(): boolean {
    // The int32 columns hold a billion attempts: 34 years at one a second.
    this.#attempt += 1;
    const { generation } = this.#appender;
    const isOther = generation !== this.#generation;
    if (isOther) {
      this.#completeIn ??= new Int32Array(this.#refs.length).fill(this.#generation);
      this.#generation = generation;
    }
    if (this.#completeIn !== undefined) this.#ended.renew(this.#attempt);
    return isOther;
  }

  /** Says how many bytes the first body has, for which room is made at once. */
  expect(bytes: number): void {
    const series = Math.min(Math.trunc(bytes / SERIES_BYTES), LARGE_COLUMN >> 1);
    this.#expected = this.#size > 0 ? 0 : series;
    if (this.#size === 0) this.#appender.expect?.(bytes);
  }

  /**
   * The slot of a label set, a new one where it is unknown. Two exposed series that get the same
   * labels share a slot.
   */
  slotOf(labels: LabelSet, origin?: SeriesOrigin): number {
    const key = labelSetKey(labels);
    const hash = hashText(key, 1);
    const secondHash = hashText(key, 2);
    if (!this.#byLabels.hasRoomFor(1))
      runAtOnce(this.#makeIndex(Math.max(this.#size >> 2, this.#expected, 16)));
    // 64 bits of seeded hash stand for the labels: keeping the labels would take more memory than
    // all the columns.
    const known = this.#byLabels.find(
      hash,
      (slot) => this.#hashes[slot] === hash && this.#secondHashes[slot] === secondHash,
    );
    if (known >= 0) {
      if ((this.#now[known] as number) < 0) this.#revive(known);
      this.#renew(known, labels, origin);
      return known;
    }
    const slot = this.#free.pop() ?? this.#size++;
    if (slot >= this.#refs.length) runAtOnce(this.#growInSlices(1));
    this.#refs[slot] = this.#appender.refOf(labels, origin);
    this.#hashes[slot] = hash;
    this.#secondHashes[slot] = secondHash;
    this.#now[slot] = 0;
    this.#before[slot] = 0;
    if (this.#completeIn !== undefined) this.#completeIn[slot] = this.#generation;
    this.#times?.reset(slot);
    this.#byLabels.add(hash, slot);
    this.#created.push(slot);
    return slot;
  }

  /** A series that has ended is back: it counts as a new one. */
  #revive(slot: number): void {
    this.#ended.remove();
    this.#now[slot] = 0;
    this.#before[slot] = 0;
    this.#times?.reset(slot);
    this.#created.push(slot);
  }

  #renew(slot: number, labels: LabelSet, origin: SeriesOrigin | undefined): void {
    const complete = this.#completeIn;
    if (complete === undefined || complete[slot] === this.#generation) return;
    this.#refs[slot] = this.#appender.renew(this.#refs[slot] as number, labels, origin);
    complete[slot] = this.#generation;
  }

  setMetadata(slot: number, family: string, metadata: SeriesMetadata): void {
    this.#appender.setMetadata(this.#refs[slot] as number, family, metadata);
  }

  setCreated(slot: number, createdMs: number): void {
    this.#appender.setCreated(this.#refs[slot] as number, createdMs);
  }

  appendExemplar(slot: number, exemplar: Exemplar): void {
    this.#appender.appendExemplar(this.#refs[slot] as number, exemplar);
  }

  /** The same as `append`, for a native histogram. */
  appendHistogram(slot: number, tMs: number, histogram: NativeHistogram): boolean {
    const mark = this.#attempt * 2 + 1;
    if (((this.#now[slot] as number) | 1) === mark) return false;
    this.#now[slot] = mark;
    this.#appender.appendHistogram(this.#refs[slot] as number, tMs, histogram);
    return true;
  }

  /**
   * Appends a sample at the scrape's time; false when this series already has one in this scrape.
   */
  append(slot: number, tMs: number, value: number): boolean {
    const mark = this.#attempt * 2 + 1;
    if (((this.#now[slot] as number) | 1) === mark) return false;
    this.#now[slot] = mark;
    this.#appender.append(this.#refs[slot] as number, tMs, value);
    return true;
  }

  /** Notes a series whose sample is not appended, so that it stays known. */
  touch(slot: number): void {
    this.#now[slot] = this.#attempt * 2;
  }

  /**
   * Appends a sample at a time that the target gave. `isTracked`: the series gets stale markers.
   */
  appendAt(
    slot: number,
    sample: { readonly tMs: number; readonly value: number },
    isTracked: boolean,
  ): 'appended' | 'repeated' | 'out_of_order' {
    this.#now[slot] = this.#attempt * 2 + (isTracked ? 1 : 0);
    if (this.#times === undefined) {
      this.#times = new OwnTimes();
      runAtOnce(this.#times.grow(this.#refs.length));
    }
    const taken = this.#times.take(slot, sample.tMs, this.#attempt);
    if (taken !== 'newer') return taken;
    this.#appender.append(this.#refs[slot] as number, sample.tMs, sample.value);
    return 'appended';
  }

  /**
   * Appends stale markers for the series that the body just read lacks; `accept` then marks them as
   * gone. Slots [from, to).
   */
  markMissing(tMs: number, from: number, to: number): void {
    const mark = this.#attempt * 2 + 1;
    for (let slot = from; slot < to; slot++) {
      const now = this.#now[slot] as number;
      if (now < 0 || (now | 1) === mark || this.#isFree(slot)) continue;
      if (((this.#before[slot] as number) & 1) === 1)
        this.#appender.appendStale(this.#refs[slot] as number, tMs);
      this.#missing.push(slot);
    }
  }

  /** Makes what was read the new state. Series that the body lacked wait for `forgetGone`. */
  accept(): void {
    // These series are known from now on: a failure before the next body must not remove them.
    this.#created.clear();
    // All remaining series were in the body, so all their refs have been renewed.
    this.#completeIn = undefined;
    if (this.#missing.length > 0) {
      this.#ended.end(this.#missing);
      this.#missing = new NumberList();
    }
    this.#byLabels.accept();
    [this.#now, this.#before] = [this.#before, this.#now];
  }

  /**
   * Lets go of series that `accept` found gone or `undo` took back, and releases the slots whose
   * time is over: so many steps at most.
   */
  forgetGone(limit = Infinity): void {
    for (let left = limit; left > 0; left--) {
      // First, so that few linger at any time.
      const due = this.#ended.takeDue(this.#attempt, this.#size);
      if (due !== undefined) {
        this.#release(due);
        continue;
      }
      const gone = this.#ended.takeGone(this.#attempt);
      if (gone === undefined) return;
      this.#now[gone] = this.#attempt * LINGERING;
      this.#before[gone] = this.#attempt * LINGERING;
    }
  }

  get hasGone(): boolean {
    return this.#ended.isWaiting(this.#attempt, this.#size);
  }

  /** Frees what is only needed to look series up; it is made again with the next new one. */
  rest(): void {
    this.#byLabels.clear();
  }

  /**
   * Goes back to the state before the body, which was rolled back. Series that it brought wait for
   * `forgetGone`.
   */
  undo(): void {
    this.#times?.undo(this.#attempt);
    this.#missing.clear();
    if (this.#created.length === 0) return;
    this.#ended.undo(this.#created);
    this.#created = new NumberList();
  }

  /**
   * Appends stale markers for the series of the last good scrape, after one that failed. Slots
   * [from, to).
   */
  markAll(tMs: number, from: number, to: number): void {
    for (let slot = from; slot < to; slot++)
      if (((this.#before[slot] as number) & 1) === 1)
        this.#appender.appendStale(this.#refs[slot] as number, tMs);
  }

  /**
   * Accepts the markers of `markAll`: none of these series gets another one, and all stay known.
   */
  acceptEnd(tMs: number): void {
    for (let slot = 0; slot < this.#size; slot++) {
      const before = this.#before[slot] as number;
      if ((before & 1) === 0) continue;
      this.#before[slot] = before - 1;
      // A series must not go on at a time before its stale marker.
      this.#times?.raise(slot, tMs);
    }
  }

  #isFree(slot: number): boolean {
    return this.#refs[slot] === FREE;
  }

  #release(slot: number): void {
    const ref = this.#refs[slot] as number;
    if (ref !== DROPPED_REF) this.#appender.forget(ref);
    this.#refs[slot] = FREE;
    this.#before[slot] = 0;
    this.#now[slot] = 0;
    this.#free.push(slot);
    this.#byLabels.spoil();
  }

  /**
   * Prepares the appender, the columns and the index for looking up and adding this many series,
   * in slices; without it `slotOf` does so at once.
   */
  *prepare(more: number): Steps {
    yield* this.#appender.prepare?.() ?? [];
    // Small columns grow at once when they are full, or each target would keep room for a slice.
    if (this.#refs.length >= LARGE_COLUMN) yield* this.#growInSlices(more);
    if (!this.#byLabels.hasRoomFor(more)) yield* this.#makeIndex(more * 2);
  }

  /** @param more  how many slots it is to have room for besides */
  *#makeIndex(more: number): Steps {
    yield* this.#byLabels.begin(this.#size - this.#free.length + more);
    yield* runInRanges(this.#size, RANGE_SLOTS, (from, to) => this.#indexRange(from, to));
    this.#byLabels.end();
  }

  #indexRange(from: number, to: number): void {
    for (let slot = from; slot < to; slot++)
      if (!this.#isFree(slot)) this.#byLabels.add(this.#hashes[slot] as number, slot);
  }

  /**
   * Makes room for that many series more. The length of `#refs` counts, so it grows last: what is
   * given up before has no effect, and the columns that have grown are not made longer again.
   */
  *#growInSlices(more: number): Steps {
    const { length: before } = this.#refs;
    if (this.#size + more <= before) return;
    const length = Math.max(FIRST_ROOM, this.#expected, this.#size + more, before + (before >> 1));
    let refs = this.#refs;
    if (length < LARGE_COLUMN) {
      const columns = [refs, this.#hashes, this.#secondHashes, this.#now, this.#before] as const;
      [refs, this.#hashes, this.#secondHashes, this.#now, this.#before] = lengthenTogether(
        columns,
        length,
      );
    } else {
      this.#hashes = yield* lengthenInSlices(this.#hashes, length);
      this.#secondHashes = yield* lengthenInSlices(this.#secondHashes, length);
      this.#now = yield* lengthenInSlices(this.#now, length);
      this.#before = yield* lengthenInSlices(this.#before, length);
    }
    if (this.#completeIn !== undefined)
      this.#completeIn = yield* lengthenInSlices(this.#completeIn, length);
    if (this.#times !== undefined) yield* this.#times.grow(length);
    this.#refs = yield* lengthenInSlices(refs, length);
  }
}

/** Rows of the first columns of a target that tells little. */
const FIRST_ROOM = 64;
/** Bytes of a series in a body, as pages of exporters have them. */
const SERIES_BYTES = 128;
/** Slots of a large target that are handled between two yields. */
const RANGE_SLOTS = 8_192;
/** The ref of a free slot. */
const FREE = -2;
/** The attempt since which a series lingers is multiplied by it. Even: it gets no stale marker. */
const LINGERING = -2;
