/**
 * Compresses a run of series whose labels were compressed before. Between two scrapes only values and times change; so a
 * plan, made once for a run, holds what snappy makes of everything else, and packing a scrape looks at values and times alone:
 *
 *     series    │ tag, length, labels …          │ value    │ time        │
 *     packed    │ copy │ bytes of the plan │ copy│ differing│ copy of the one before
 *
 * Copies that lie next to each other and reach back equally far become one, so a block is about as small as
 * snappy's own. Plans know nothing of values: they hold for as long as the run's labels do.
 */
import {
  CHANGING_BYTES,
  endOfSteadySeries,
  isSameTime,
  TIME_FIELD_BYTES,
} from '../../../wire/remote-write/one-sample.ts';
import {
  compress,
  forEachElement,
  maxCompressedLength,
  putCopy,
  putLiteral,
} from '../../../wire/snappy.ts';
import { putVarint } from '../../../wire/varint.ts';

const OFFSET_MAX = 65_535;
/** What a copy costs. */
const COPY_BYTES = 3;
/** A copy that snappy can write in each form. */
const COPY_MIN = 4;

/** Where the last value with such upper three bytes lies, by their hash; one table, used by every call. */
const lastOf = new Int32Array(4_096);

export interface PackingPlan {
  /** Of the run, bytes. */
  readonly length: number;
  /** Where each series ends. */
  readonly ends: Int32Array;
  /** Copies at the beginning and at the end of what does not change: how far back, how long; 0 where there is none. */
  readonly headOffsets: Uint16Array;
  readonly headLengths: Int32Array;
  readonly tailOffsets: Uint16Array;
  readonly tailLengths: Int32Array;
  /** Between them: elements as they are written, series by series. */
  readonly middles: Uint8Array;
  readonly middleEnds: Int32Array;
}

/** Undefined for a run that is not of series with one sample each, or with one that is too long. */
export function planOf(run: Uint8Array): PackingPlan | undefined {
  const ends = endsOf(run);
  if (ends === undefined) return undefined;
  const offsets = offsetsOf(run, ends);
  const count = ends.length;
  const plan = {
    length: run.length,
    ends,
    headOffsets: new Uint16Array(count),
    headLengths: new Int32Array(count),
    tailOffsets: new Uint16Array(count),
    tailLengths: new Int32Array(count),
    middleEnds: new Int32Array(count),
  };
  const middles = new Uint8Array(maxCompressedLength(run.length));
  let op = 0;
  let start = 0;
  for (let i = 0; i < count; i++) {
    const end = ends[i] as number;
    const pieces = piecesOf(offsets, start, end - CHANGING_BYTES);
    const head = pieces[0];
    if (head !== undefined && head.offset > 0) {
      plan.headOffsets[i] = head.offset;
      plan.headLengths[i] = head.end - head.start;
      pieces.shift();
    }
    const tail = pieces.at(-1);
    if (tail !== undefined && tail.offset > 0) {
      plan.tailOffsets[i] = tail.offset;
      plan.tailLengths[i] = tail.end - tail.start;
      pieces.pop();
    }
    for (const { offset, start: from, end: to } of pieces)
      op =
        offset === 0
          ? putLiteral(run, from, to, middles, op)
          : putCopy(middles, op, offset, to - from);
    plan.middleEnds[i] = op;
    start = end;
  }
  return { ...plan, middles: middles.slice(0, op) };
}

/**
 * Packs a run as its plan says into a snappy block. The room must be that for any block of the run.
 *
 * @returns the position behind the block
 */
export function pack(plan: PackingPlan, run: Uint8Array, output: Uint8Array, at: number): number {
  const { ends, headOffsets, headLengths, tailOffsets, tailLengths, middles, middleEnds } = plan;
  const view = new DataView(run.buffer, run.byteOffset, run.byteLength);
  let op = putVarint(output, at, run.length);
  // The copy that is not written yet: more of it may come.
  let offset = 0;
  let length = 0;
  let start = 0;
  let middle = 0;
  lastOf.fill(-1);
  const count = ends.length;
  for (let i = 0; i < count; i++) {
    const end = ends[i] as number;
    const size = end - start;
    start = end;
    const headLength = headLengths[i] as number;
    if (headLength > 0) {
      const headOffset = headOffsets[i] as number;
      if (headOffset !== offset && length > 0) {
        op = putCopy(output, op, offset, length);
        length = 0;
      }
      offset = headOffset;
      length += headLength;
    }
    const middleEnd = middleEnds[i] as number;
    if (middle < middleEnd) {
      if (length > 0) op = putCopy(output, op, offset, length);
      length = 0;
      while (middle < middleEnd) output[op++] = middles[middle++] as number;
    }
    const tailLength = tailLengths[i] as number;
    if (tailLength > 0) {
      const tailOffset = tailOffsets[i] as number;
      if (tailOffset !== offset && length > 0) {
        op = putCopy(output, op, offset, length);
        length = 0;
      }
      offset = tailOffset;
      length += tailLength;
    }
    const value = end - CHANGING_BYTES;
    // The copy before the value may go on into it.
    let same = 0;
    if (length > 0) {
      same = prefixOf(view, value, value - offset);
      length += same;
      if (same === 8 && isSameTime(view, value, value - offset)) {
        length += TIME_FIELD_BYTES;
        continue;
      }
      op = putCopy(output, op, offset, length);
      length = 0;
    }
    // The rest of it, and the time, as far back as what comes next is copied from: both are one copy then.
    offset = 0;
    let alike = -1;
    const next = i + 1 < count ? (headOffsets[i + 1] as number) : 0;
    if (next > 0 && next <= value && isSameTime(view, value, value - next)) {
      offset = next;
      alike = suffixOf(view, value, value - next);
    }
    // Or as in the last series with such a value, where that says more than a copy of its own costs.
    const upper = view.getInt32(value + 4, true);
    const slot = Math.imul(upper >>> 8, 0x9e3779b1) >>> 20;
    const last = lastOf[slot] as number;
    lastOf[slot] = value;
    const known = last < 0 ? size : value - last;
    const mayPay = i > 0 && alike + COPY_BYTES < 8 - same && known <= OFFSET_MAX;
    if (mayPay && isSameTime(view, value, value - known)) {
      const more = suffixOf(view, value, value - known);
      if (offset === 0 || more > alike + COPY_BYTES) {
        alike = more;
        offset = known;
      }
    }
    if (offset === 0) {
      op = putLiteral(run, value + same, end, output, op);
      continue;
    }
    alike = Math.min(8 - same, alike);
    // By hand: a literal of up to eight bytes.
    const differing = 8 - alike - same;
    if (differing > 0) {
      output[op++] = (differing - 1) << 2;
      const from = value + same;
      for (let k = 0; k < differing; k++) output[op++] = run[from + k] as number;
    }
    length = alike + TIME_FIELD_BYTES;
  }
  return length > 0 ? putCopy(output, op, offset, length) : op;
}

/** How many bytes of two values are the same from their beginning. */
function prefixOf(view: DataView, a: number, b: number): number {
  const low = view.getInt32(a, true) ^ view.getInt32(b, true);
  if (low !== 0) return (31 - Math.clz32(low & -low)) >>> 3;
  const high = view.getInt32(a + 4, true) ^ view.getInt32(b + 4, true);
  return high === 0 ? 8 : 4 + ((31 - Math.clz32(high & -high)) >>> 3);
}

/** How many are the same to their end. */
function suffixOf(view: DataView, a: number, b: number): number {
  const high = view.getInt32(a + 4, true) ^ view.getInt32(b + 4, true);
  if (high !== 0) return Math.clz32(high) >>> 3;
  const low = view.getInt32(a, true) ^ view.getInt32(b, true);
  return low === 0 ? 8 : 4 + (Math.clz32(low) >>> 3);
}

/** Where the series end; undefined where one is not of one sample with a steady time. */
function endsOf(run: Uint8Array): Int32Array | undefined {
  const ends: number[] = [];
  for (let start = 0; start < run.length;) {
    const end = endOfSteadySeries(run, start);
    if (end < 0 || end - start > OFFSET_MAX) return undefined;
    ends.push(end);
    start = end;
  }
  return Int32Array.from(ends);
}

/** For each byte that does not change how far back the same one stands, by snappy's choice; 0 where it is written out. */
function offsetsOf(run: Uint8Array, ends: Int32Array): Uint16Array {
  const masked = run.slice();
  const changes = new Uint8Array(run.length);
  let noise = 1;
  for (const end of ends)
    for (let k = end - CHANGING_BYTES; k < end; k++) {
      // Nothing is to be found in it: a number of its own for each.
      noise = (Math.imul(noise, 1_664_525) + 1_013_904_223) | 0;
      masked[k] = noise >>> 24;
      changes[k] = 1;
    }
  const offsets = new Uint16Array(run.length);
  forEachElement(compress(masked), (at, length, offset) => {
    if (offset === 0) return;
    for (let k = at; k < at + length; k++)
      // Noise may look like something by accident.
      if (changes[k] === 0 && changes[k - offset] === 0) offsets[k] = offset;
  });
  return offsets;
}

interface Piece {
  /** 0 is a literal. */
  readonly offset: number;
  readonly start: number;
  readonly end: number;
}

/** Runs of one offset; copies that are too short become literals. */
function piecesOf(offsets: Uint16Array, start: number, end: number): Piece[] {
  const pieces: Piece[] = [];
  for (let at = start; at < end;) {
    const from = at;
    const offset = offsets[at] as number;
    while (at < end && offsets[at] === offset) at += 1;
    const isCopy = offset > 0 && at - from >= COPY_MIN;
    const last = pieces.at(-1);
    if (!isCopy && last?.offset === 0) pieces[pieces.length - 1] = { ...last, end: at };
    else pieces.push({ offset: isCopy ? offset : 0, start: from, end: at });
  }
  return pieces;
}
