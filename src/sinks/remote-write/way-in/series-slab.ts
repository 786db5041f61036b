/**
 * The series of one target as they stand in a message, all but value and time, in one slab of bytes. A scrape patches these
 * two in place; series that follow each other there are one run, and runs are the message:
 *
 *     slab   │ TimeSeries of ref 0 … value t │ TimeSeries of ref 1 … value t │ hole │ TimeSeries of ref 3 …
 *     runs   └────────────────────────────────────────────────────────────────┘      └─────────────────
 *
 * What is patched holds until the next `seal`. A second sample of a series before that, and times whose varint is not of
 * six bytes (before 1971, after 2109), have no place here: the caller encodes them apart, behind the runs.
 */
import type { Borrowed } from '../../../model/borrowed.ts';
import { STALE_NAN_HIGH, STALE_NAN_LOW } from '../../../model/sample.ts';
import type { RunPlace } from './plan-book.ts';
import {
  BYTES,
  FIXED64,
  putVarint,
  tagOf,
  VARINT,
  varintLength,
} from '../../../wire/protobuf/cursor.ts';
import { SAMPLE_START_FIELD } from '../../../wire/remote-write/write-request.ts';

const MIN_PATCHED_MS = 2 ** 35;
const MAX_PATCHED_MS = 2 ** 42;
const TIME_BYTES = 6;
/** Tag and eight bytes of the value, tag and six bytes of the time. */
const SAMPLE_BYTES = 9 + 1 + TIME_BYTES;
/** Tag and time of when a counter began. */
const START_BYTES = 1 + TIME_BYTES;
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
  /** Bytes behind the time of a sample: those of when its counter began. */
  #tails = new Uint8Array(16);
  /** The turn in which a ref was patched last. */
  #turns = new Int32Array(16);
  #turn = 1;
  readonly #free: number[] = [];
  #refs = 0;
  /** Pairs of start and end. */
  #runs = new Int32Array(16);
  #runCount = 0;
  #timeMs = Number.NaN;
  #timeLow = 0;
  #timeHigh = 0;
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

  /** Other label bytes, or another beginning, for a series that there is. @param startMs  0 is unknown */
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
    let at = start + 1;
    while ((this.#bytes[at] as number) >= 0x80) at += 1;
    return this.#bytes.subarray(at + 1, end - (this.#tails[ref] as number) - SAMPLE_BYTES - 2);
  }

  /** Patches a sample in; false when it has no place here. */
  patch(ref: number, tMs: number, value: number): boolean {
    const at = this.#take(ref, tMs);
    if (at < 0) return false;
    this.#view.setFloat64(at, value, true);
    return true;
  }

  /** As `patch`, a stale marker. */
  patchStale(ref: number, tMs: number): boolean {
    const at = this.#take(ref, tMs);
    if (at < 0) return false;
    this.#view.setUint32(at, STALE_NAN_LOW, true);
    this.#view.setUint32(at + 4, STALE_NAN_HIGH, true);
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
  bytesOf(fromRun: number, toRun: number): number {
    let sum = 0;
    for (let i = fromRun * 2; i < toRun * 2; i += 2)
      sum += (this.#runs[i + 1] as number) - (this.#runs[i] as number);
    return sum;
  }

  /** Where a run lies, until series are moved. */
  placeOf(index: number): RunPlace {
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
    if (tMs !== this.#timeMs && !this.#setTime(tMs)) return -1;
    this.#turns[ref] = this.#turn;
    const [start, end] = [this.#starts[ref] as number, this.#ends[ref] as number];
    const last = this.#runCount * 2 - 1;
    if (!this.#isBroken && this.#runs[last] === start) this.#runs[last] = end;
    else this.#addRun(start, end);
    const at = end - (this.#tails[ref] as number) - TIME_BYTES;
    this.#view.setUint32(at, this.#timeLow, true);
    this.#view.setUint16(at + 4, this.#timeHigh, true);
    return at - 9;
  }

  /** The six bytes of a time; false where it has others. */
  #setTime(tMs: number): boolean {
    if (!(tMs >= MIN_PATCHED_MS && tMs < MAX_PATCHED_MS)) return false;
    this.#timeMs = tMs;
    [this.#timeLow, this.#timeHigh] = sixByteVarint(tMs);
    return true;
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
    const isStarted = startMs >= MIN_PATCHED_MS && startMs < MAX_PATCHED_MS;
    const tail = isStarted ? START_BYTES : 0;
    const seriesLength = labels.length + 2 + SAMPLE_BYTES + tail;
    const length = 1 + varintLength(seriesLength) + seriesLength;
    if (this.#end + length > this.#bytes.length) {
      this.#resize(Math.max(this.#end + length, this.#bytes.length + (this.#bytes.length >> 1)));
      this.#hasGrown = true;
    }
    const bytes = this.#bytes;
    const start = this.#end;
    bytes[start] = tagOf(1, BYTES);
    let op = putVarint(bytes, start + 1, seriesLength);
    bytes.set(labels, op);
    op += labels.length;
    bytes[op++] = tagOf(2, BYTES);
    bytes[op++] = SAMPLE_BYTES + tail;
    bytes[op] = tagOf(1, FIXED64);
    bytes[op + 9] = tagOf(2, VARINT);
    op += SAMPLE_BYTES;
    if (isStarted) {
      const [low, high] = sixByteVarint(startMs);
      bytes[op] = tagOf(SAMPLE_START_FIELD, VARINT);
      this.#view.setUint32(op + 1, low, true);
      this.#view.setUint16(op + 5, high, true);
    }
    this.#end = start + length;
    this.#starts[ref] = start;
    this.#ends[ref] = this.#end;
    this.#tails[ref] = tail;
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
    const tails = new Uint8Array(this.#starts.length);
    tails.set(this.#tails);
    this.#tails = tails;
  }
}

function doubled(old: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(old.length * 2);
  larger.set(old);
  return larger;
}

/** A number of 36 to 42 bits as a varint: its first four bytes and its last two, little-endian. */
function sixByteVarint(value: number): readonly [number, number] {
  const low = value % 2 ** 28;
  const high = Math.floor(value / 2 ** 28);
  return [
    (low & 0x7f) |
      ((low & 0x3f80) << 1) |
      ((low & 0x1fc000) << 2) |
      ((low & 0xfe00000) << 3) |
      (0x80808080 | 0),
    (high & 0x7f) | ((high & 0x3f80) << 1) | 0x80,
  ];
}
