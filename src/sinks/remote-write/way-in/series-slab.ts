/**
 * The series of one target as they stand in a message, all but value and time, in one slab of
 * bytes. A scrape patches these two in place (wire/remote-write/one-sample.ts knows where); series
 * that follow each other there are one run, and runs are the message:
 *
 *     slab   │ TimeSeries of ref 0 … value t │ TimeSeries of ref 1 … value t │ hole │ TimeSeries of
 *            ref 3 …
 *     runs   └────────────────────────────────────────────────────────────────┘      └─────────────────
 *
 * What is patched holds until the next `seal`. A second sample of a series before that, and times
 * that are not steady (before 1971, after 2109), have no place here: the caller encodes them apart,
 * behind the runs.
 */
import type { Borrowed } from '../../../model/borrowed.ts';
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

export class SeriesSlab {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  /** Behind the last series. */
  #end = 0;
  #garbage = 0;
  #starts = new Int32Array(16);
  /** 0 where a ref is free. */
  #ends = new Int32Array(16);
  /** Bytes behind the time of a sample: those of when its counter began, or none. */
  #startBytes = new Uint8Array(16);
  /** The turn in which a ref was patched last. */
  #turns = new Int32Array(16);
  #turn = 1;
  readonly #free: number[] = [];
  #refs = 0;
  /** Pairs of start and end. */
  #runs = new Int32Array(16);
  #runCount = 0;
  readonly #time = new SteadyTime();
  /** A run that begins in a new piece does not go on from the one before. */
  #isBroken = true;
  #hasGrown = false;
  /** How often series were moved. */
  #epoch = 0;

  /** @param labels  those of `encodeLabels` */
  add(labels: Borrowed<Uint8Array>): number {
    const ref = this.#free.pop() ?? this.#refs++;
    if (ref >= this.#starts.length) this.#growRefs();
    this.#put(ref, labels, 0);
    return ref;
  }

  /**
   * Other label bytes, or another beginning, for a series that there is. @param startMs  0 is
   *                                                                                      unknown
   */
  replace(ref: number, labels: Uint8Array, startMs: number): void {
    // They may lie in the slab.
    const copy = new Uint8Array(labels);
    this.#garbage += this.lengthOf(ref);
    this.#put(ref, copy, startMs);
  }

  has(ref: number): boolean {
    return ref >= 0 && ref < this.#refs && this.#ends[ref] !== 0;
  }

  remove(ref: number): void {
    this.#garbage += this.lengthOf(ref);
    this.#ends[ref] = 0;
    this.#free.push(ref);
  }

  /** Of its TimeSeries with one sample, bytes. */
  lengthOf(ref: number): number {
    return (this.#ends[ref] as number) - (this.#starts[ref] as number);
  }

  /** The label bytes of a series: a view that holds until the next change of the slab. */
  labelsOf(ref: number): Uint8Array {
    const [start, end] = [this.#starts[ref] as number, this.#ends[ref] as number];
    return labelsOfOneSample(this.#bytes, start, end, this.#startBytes[ref] as number);
  }

  /** Patches a sample in; false when it has no place here. */
  patch(ref: number, tMs: number, value: number): boolean {
    const at = this.#take(ref, tMs);
    if (at < 0) return false;
    putValue(this.#view, at, value);
    return true;
  }

  /** As `patch`, a stale marker. */
  patchStale(ref: number, tMs: number): boolean {
    const at = this.#take(ref, tMs);
    if (at < 0) return false;
    putStaleMarker(this.#view, at);
    return true;
  }

  /** Its samples of this turn come apart from now on. */
  skip(ref: number): void {
    this.#turns[ref] = this.#turn;
  }

  /** How many runs there are; what is patched next begins another one. */
  breakRun(): number {
    this.#isBroken = true;
    return this.#runCount;
  }

  /** Sum of the bytes of some runs. */
  sliceRuns(fromRun: number, toRun: number): number {
    let sum = 0;
    for (let i = fromRun * 2; i < toRun * 2; i += 2)
      sum += (this.#runs[i + 1] as number) - (this.#runs[i] as number);
    return sum;
  }

  /** Where a run lies, until series are moved. */
  runAt(index: number): SlabRun {
    const [start, end] = [this.#runs[index * 2] as number, this.#runs[index * 2 + 1] as number];
    return { start, end, epoch: this.#epoch };
  }

  /** The bytes of one run: a view. */
  run(index: number): Uint8Array {
    return this.#bytes.subarray(this.#runs[index * 2], this.#runs[index * 2 + 1]);
  }

  /** Forgets all runs; series may be patched again. Here alone what lies in the slab may move. */
  seal(): void {
    this.#turn += 1;
    this.#runCount = 0;
    this.#isBroken = true;
    if (this.#garbage > this.#end >> 1) this.#compact();
    // Right after it has grown it may go on growing.
    else if (!this.#hasGrown && this.#bytes.length - this.#end > (this.#end >> 3) + FIRST_BYTES)
      this.#resize(this.#end);
    this.#hasGrown = false;
  }

  clear(): void {
    this.#bytes = new Uint8Array(0);
    this.#view = new DataView(this.#bytes.buffer);
    this.#end = 0;
    this.#refs = 0;
    this.#runCount = 0;
    this.#free.length = 0;
  }

  /** Counts a series into the runs and writes its time; where the value goes, or -1. */
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
    if (this.#runCount * 2 === this.#runs.length) this.#runs = doubled(this.#runs);
    this.#runs[this.#runCount * 2] = start;
    this.#runs[this.#runCount * 2 + 1] = end;
    this.#runCount += 1;
    this.#isBroken = false;
  }

  /** Writes a series behind the others. */
  #put(ref: number, labels: Borrowed<Uint8Array>, startMs: number): void {
    const start = isSteadyTime(startMs) ? startMs : 0;
    const length = measureOneSample(labels.length, SOME_STEADY_MS, start);
    if (this.#end + length > this.#bytes.length) {
      this.#resize(Math.max(this.#end + length, this.#bytes.length + (this.#bytes.length >> 1)));
      this.#hasGrown = true;
    }
    putOneSample(this.#bytes, this.#end, labels, SOME_STEADY_MS, start);
    this.#starts[ref] = this.#end;
    this.#end += length;
    this.#ends[ref] = this.#end;
    this.#startBytes[ref] = start === 0 ? 0 : START_FIELD_BYTES;
    this.#turns[ref] = 0;
  }

  /** Closes the holes; series keep the order in which they lie. */
  #compact(): void {
    const used: number[] = [];
    for (let ref = 0; ref < this.#refs; ref++) if (this.#ends[ref] !== 0) used.push(ref);
    used.sort((a, b) => (this.#starts[a] as number) - (this.#starts[b] as number));
    let end = 0;
    for (const ref of used) {
      const length = this.lengthOf(ref);
      this.#bytes.copyWithin(end, this.#starts[ref] as number, this.#ends[ref]);
      this.#starts[ref] = end;
      end += length;
      this.#ends[ref] = end;
    }
    this.#garbage = 0;
    this.#epoch += 1;
    this.#end = end;
    this.#resize(end);
  }

  #resize(length: number): void {
    const other = new Uint8Array(length);
    other.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = other;
    this.#view = new DataView(other.buffer);
  }

  #growRefs(): void {
    this.#starts = doubled(this.#starts);
    this.#ends = doubled(this.#ends);
    this.#turns = doubled(this.#turns);
    const startBytes = new Uint8Array(this.#starts.length);
    startBytes.set(this.#startBytes);
    this.#startBytes = startBytes;
  }
}

function doubled(old: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(old.length * 2);
  larger.set(old);
  return larger;
}
