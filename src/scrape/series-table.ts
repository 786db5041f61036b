/**
 * The series of one target, by slot: which ref each has in the appender, and in which scrape it was
 * last seen. From the two last scrapes follows staleness: what was in the last good one and is not
 * in this one has ended.
 *
 *     slot   ref  hash  hash2  now  before        now, before: attempt × 2 + 1 when the series may get a marker,
 *     0      17   …     …      85   83                         attempt × 2 when not; 0: never
 */
import { type LabelSet, labelSetKey } from '../model/labels.ts';
import type { NativeHistogram } from '../model/histogram.ts';
import {
  DROPPED_REF,
  type Exemplar,
  type RoutedAppender,
  type SeriesMetadata,
} from '../model/sample.ts';
import { HashIndex, hashText } from './hash-index.ts';
import { inRanges, type Steps } from './steps.ts';

export class SeriesTable {
  readonly #appender: RoutedAppender;
  #refs = new Int32Array(0);
  #hashes = new Int32Array(0);
  #secondHashes = new Int32Array(0);
  #now = new Int32Array(0);
  #before = new Int32Array(0);
  /** Newest explicit timestamp by slot; made when the first one is seen. */
  #newestMs: Float64Array | undefined;
  /**
   * What this scrape changed in it, as pairs of slot and time before, to be undone when it fails.
   */
  #undo: number[] = [];
  #size = 0;
  readonly #free: number[] = [];
  #created: number[] = [];
  /** That this page lacks, until it is accepted. */
  #missing: number[] = [];
  /** To be forgotten; no page that is read after them may meet them. */
  #gone: number[] = [];
  /** By label hash; filled again when a slot was freed and a new label set is asked for. */
  readonly #byLabels = new HashIndex();
  #isIndexed = false;
  #attempt = 0;
  /** Of the appender, when the page before this one was begun. */
  #generation: number;
  /**
   * By slot, under which generation its ref is complete; made only when that is not the same for
   * all.
   */
  #completeIn: Int32Array | undefined;

  constructor(appender: RoutedAppender) {
    this.#appender = appender;
    this.#generation = appender.generation;
  }

  /** How many series are known. */
  get count(): number {
    return this.#size - this.#free.length - this.#gone.length;
  }

  /** How many slots there are, free ones too. */
  get size(): number {
    return this.#size;
  }

  /** How many became known since `begin`. */
  get created(): number {
    return this.#created.length;
  }

  /**
   * Another attempt at a page begins.
   *
   * @returns whether refs are to be renewed, for which every series of the page must be asked for
   * by its labels
   */
  begin(): boolean {
    // Wraps after a billion attempts: centuries at one a second.
    this.#attempt += 1;
    const { generation } = this.#appender;
    if (generation === this.#generation) return false;
    this.#completeIn ??= new Int32Array(this.#refs.length).fill(this.#generation);
    this.#generation = generation;
    return true;
  }

  /** The slot of a label set; two expositions that come to the same labels share one. */
  slotOf(labels: LabelSet): number {
    const key = labelSetKey(labels);
    const hash = hashText(key, 1);
    const secondHash = hashText(key, 2);
    if (!this.#isIndexed || !this.#byLabels.hasRoom) this.#index();
    // 64 bits of seeded hash stand for the labels: keeping the labels would cost more than all else
    // here.
    const known = this.#byLabels.find(
      hash,
      (slot) => this.#hashes[slot] === hash && this.#secondHashes[slot] === secondHash,
    );
    if (known >= 0) {
      this.#renew(known, labels);
      return known;
    }
    const slot = this.#free.pop() ?? this.#size++;
    if (slot >= this.#refs.length) this.#grow();
    this.#refs[slot] = this.#appender.refOf(labels);
    this.#hashes[slot] = hash;
    this.#secondHashes[slot] = secondHash;
    this.#now[slot] = 0;
    this.#before[slot] = 0;
    if (this.#completeIn !== undefined) this.#completeIn[slot] = this.#generation;
    if (this.#newestMs !== undefined) this.#newestMs[slot] = -Infinity;
    this.#byLabels.add(hash, slot);
    this.#created.push(slot);
    return slot;
  }

  #renew(slot: number, labels: LabelSet): void {
    const complete = this.#completeIn;
    if (complete === undefined || complete[slot] === this.#generation) return;
    this.#refs[slot] = this.#appender.renew(this.#refs[slot] as number, labels);
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

  /** As `append`, of a native histogram. */
  appendHistogram(slot: number, tMs: number, histogram: NativeHistogram): boolean {
    const mark = this.#attempt * 2 + 1;
    if (((this.#now[slot] as number) | 1) === mark) return false;
    this.#now[slot] = mark;
    this.#appender.appendHistogram(this.#refs[slot] as number, tMs, histogram);
    return true;
  }

  /**
   * Appends a sample at the scrape's time; false when this series already had one in this scrape.
   */
  append(slot: number, tMs: number, value: number): boolean {
    const mark = this.#attempt * 2 + 1;
    if (((this.#now[slot] as number) | 1) === mark) return false;
    this.#now[slot] = mark;
    this.#appender.append(this.#refs[slot] as number, tMs, value);
    return true;
  }

  /** The series is there, but its sample is not wanted: it stays known. */
  touch(slot: number): void {
    this.#now[slot] = this.#attempt * 2;
  }

  /** Appends a sample at a time that the target gave. */
  appendAt(
    slot: number,
    sample: { readonly tMs: number; readonly value: number },
    isTracked: boolean,
  ): 'appended' | 'repeated' | 'out_of_order' {
    this.#now[slot] = this.#attempt * 2 + (isTracked ? 1 : 0);
    this.#newestMs ??= new Float64Array(this.#refs.length).fill(-Infinity);
    const newestMs = this.#newestMs[slot] as number;
    if (sample.tMs === newestMs) return 'repeated';
    if (sample.tMs < newestMs) return 'out_of_order';
    this.#undo.push(slot, newestMs);
    this.#newestMs[slot] = sample.tMs;
    this.#appender.append(this.#refs[slot] as number, sample.tMs, sample.value);
    return 'appended';
  }

  /**
   * Of a page that was read: series that it lacks get a stale marker, and `accept` forgets them.
   * Slots [from, to).
   */
  markMissing(tMs: number, from: number, to: number): void {
    const mark = this.#attempt * 2 + 1;
    for (let slot = from; slot < to; slot++) {
      if (this.#isFree(slot) || ((this.#now[slot] as number) | 1) === mark) continue;
      if (((this.#before[slot] as number) & 1) === 1)
        this.#appender.appendStale(this.#refs[slot] as number, tMs);
      this.#missing.push(slot);
    }
  }

  /** What was read is the state from now on. What the page lacked waits for `forgetGone`. */
  accept(): void {
    this.#undo = [];
    // They are known from now on: a failure that comes before the next page must not take them for
    // its own.
    this.#created = [];
    // All that is left was in the page, and so was renewed.
    this.#completeIn = undefined;
    this.#gone = this.#missing;
    this.#missing = [];
    [this.#now, this.#before] = [this.#before, this.#now];
  }

  /**
   * Lets go of series that `accept` found gone, or `undo` never to have been: as many as told, or
   * all.
   */
  forgetGone(most = Infinity): void {
    for (let left = Math.min(most, this.#gone.length); left > 0; left--)
      this.#release(this.#gone.pop() as number);
  }

  get hasGone(): boolean {
    return this.#gone.length > 0;
  }

  /**
   * What was read was rolled back: the state is that before it. What it brought waits for
   * `forgetGone`.
   */
  undo(): void {
    this.#undoTimes();
    this.#missing = [];
    this.#gone = this.#gone.concat(this.#created);
    this.#created = [];
  }

  /** Of a scrape that failed: series of the last good one get a stale marker. Slots [from, to). */
  markAll(tMs: number, from: number, to: number): void {
    for (let slot = from; slot < to; slot++)
      if (((this.#before[slot] as number) & 1) === 1)
        this.#appender.appendStale(this.#refs[slot] as number, tMs);
  }

  /** The markers of `markAll` hold: none of these series gets another one, and all stay known. */
  acceptEnd(tMs: number): void {
    for (let slot = 0; slot < this.#size; slot++) {
      const before = this.#before[slot] as number;
      if ((before & 1) === 0) continue;
      this.#before[slot] = before - 1;
      // After its marker a series does not go on from before it.
      if (this.#newestMs !== undefined && (this.#newestMs[slot] as number) > -Infinity)
        this.#newestMs[slot] = Math.max(this.#newestMs[slot] as number, tMs);
    }
  }

  /** What was appended in this scrape is not there: the same timestamps may come again. */
  #undoTimes(): void {
    const times = this.#newestMs;
    const undo = this.#undo;
    if (times === undefined) return;
    for (let i = undo.length - 2; i >= 0; i -= 2) times[undo[i] as number] = undo[i + 1] as number;
    this.#undo = [];
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
    this.#isIndexed = false;
  }

  /**
   * Makes room to look up and add so many series, which else is done in one go when one lacks it.
   */
  *prepare(more: number): Steps {
    if (this.#isIndexed && this.#byLabels.hasRoomFor(more)) return;
    this.#isIndexed = false;
    this.#byLabels.reset((this.#size - this.#free.length + more) * 2);
    yield* inRanges(this.#size, RANGE_SLOTS, (from, to) => this.#indexRange(from, to));
    this.#isIndexed = true;
  }

  #index(): void {
    this.#byLabels.reset((this.#size - this.#free.length + 16) * 2);
    this.#indexRange(0, this.#size);
    this.#isIndexed = true;
  }

  #indexRange(from: number, to: number): void {
    for (let slot = from; slot < to; slot++)
      if (!this.#isFree(slot)) this.#byLabels.add(this.#hashes[slot] as number, slot);
  }

  #grow(): void {
    const length = Math.max(64, this.#refs.length + (this.#refs.length >> 1));
    const grown = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const larger = new Int32Array(length);
      larger.set(old);
      return larger;
    };
    this.#refs = grown(this.#refs);
    this.#hashes = grown(this.#hashes);
    this.#secondHashes = grown(this.#secondHashes);
    this.#now = grown(this.#now);
    this.#before = grown(this.#before);
    if (this.#completeIn !== undefined) this.#completeIn = grown(this.#completeIn);
    if (this.#newestMs !== undefined) {
      const larger = new Float64Array(length).fill(-Infinity);
      larger.set(this.#newestMs);
      this.#newestMs = larger;
    }
  }
}

/** Slots that are done at a time where a large target's are. */
const RANGE_SLOTS = 8_192;
/** Stands as ref in a slot that is free. */
const FREE = -2;
