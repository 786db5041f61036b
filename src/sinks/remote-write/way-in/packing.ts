/**
 * Compresses a run of series by its plan (packing-plan.ts): what does not change is taken from
 * there, and only values and times are looked at. A value is eight bytes, its exponent last, so
 * numbers that are near each other end alike:
 *
 *     value   │ same                │ differing   │ alike               │ time │
 *             │ as where the copy   │ written out │ as in another series before, and its  │
 *             │ before it comes from│             │ time, which all of a scrape share     │
 *
 * Copies that lie next to each other and reach back equally far become one, so a block is about as
 * small as snappy's own. This is done for every sample of every scrape, so state is in plain local
 * numbers: the open copy as an object made packing a quarter slower.
 */
import {
  CHANGING_BYTES,
  isSameTime,
  TIME_FIELD_BYTES,
} from '../../../wire/remote-write/one-sample.ts';
import { putCopy } from '../../../wire/snappy.ts';
import { putVarint } from '../../../wire/varint.ts';
import { OFFSET_MAX, type PackingPlan } from './packing-plan.ts';

const VALUE_BYTES = 8;
/** What a copy costs. */
const COPY_BYTES = 3;

/**
 * Packs a run as its plan says into a snappy block. The room must be that for any block of the run.
 *
 * @returns the position behind the block
 */
export function pack(plan: PackingPlan, run: Uint8Array, output: Uint8Array, at: number): number {
  const { ends, headOffsets, headLengths, tailOffsets, tailLengths, middles, middleEnds } = plan;
  const view = new DataView(run.buffer, run.byteOffset, run.byteLength);
  let op = putVarint(output, at, run.length);
  // The open copy: not written yet, because more of it may come. None where its length is 0.
  let offset = 0;
  let length = 0;
  let middle = 0;
  let valueBefore = -1;
  lastLike.fill(-1);
  const count = ends.length;
  for (let i = 0; i < count; i++) {
    // The labels, by the plan.
    const headLength = headLengths[i] as number;
    if (headLength > 0) {
      if (headOffsets[i] !== offset && length > 0) {
        op = putCopy(output, op, offset, length);
        length = 0;
      }
      offset = headOffsets[i] as number;
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
      if (tailOffsets[i] !== offset && length > 0) {
        op = putCopy(output, op, offset, length);
        length = 0;
      }
      offset = tailOffsets[i] as number;
      length += tailLength;
    }
    // The sample's beginning: the open copy goes on into it as far as it can, maybe over all of it.
    const end = ends[i] as number;
    const value = end - CHANGING_BYTES;
    const same = length > 0 ? matchPrefix(view, value, value - offset) : 0;
    length += same;
    const isAllSame = same === VALUE_BYTES && isSameTime(view, value, value - offset);
    if (isAllSame) length += TIME_FIELD_BYTES;
    else {
      if (length > 0) op = putCopy(output, op, offset, length);
      // Its end: copied too, after the few bytes between that are written out.
      const next = i + 1 < count ? (headOffsets[i + 1] as number) : 0;
      const source = findSource(view, value, valueBefore, same, next);
      offset = offsetOf(source);
      const alike = Math.min(VALUE_BYTES - same, alikeOf(source));
      length = offset === 0 ? 0 : alike + TIME_FIELD_BYTES;
      op = putShort(run, value + same, end - length, output, op);
    }
    valueBefore = value;
  }
  return length > 0 ? putCopy(output, op, offset, length) : op;
}

/**
 * A literal of what differs in a sample, at most fifteen bytes; none for none. By hand: it is most
 * of all literals.
 */
function putShort(
  run: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
  at: number,
): number {
  if (start === end) return at;
  let op = at;
  output[op++] = (end - start - 1) << 2;
  for (let i = start; i < end; i++) output[op++] = run[i] as number;
  return op;
}

/**
 * Where a value's end and its time are copied from, in one number: offset × 16 + bytes of the value
 * that are alike.
 */
type Source = number;
const NO_SOURCE: Source = 0;

function makeSource(offset: number, alike: number): Source {
  return (offset << 4) | alike;
}

function offsetOf(source: Source): number {
  return source >>> 4;
}

function alikeOf(source: Source): number {
  return source & 15;
}

/**
 * Where the rest of a value is best copied from: as far back as what comes next, since both are one
 * copy then; or as in the last value like it, where that says more than a copy of its own costs.
 */
function findSource(
  view: DataView,
  value: number,
  valueBefore: number,
  same: number,
  next: number,
): Source {
  let best = NO_SOURCE;
  let alike = -1;
  if (next > 0 && next <= value && isSameTime(view, value, value - next)) {
    alike = matchSuffix(view, value, value - next);
    best = makeSource(next, alike);
  }
  const last = recallLike(view, value);
  const like = last < 0 ? valueBefore : last;
  const offset = value - like;
  const mayPay = like >= 0 && alike + COPY_BYTES < VALUE_BYTES - same && offset <= OFFSET_MAX;
  if (!mayPay || !isSameTime(view, value, like)) return best;
  const more = matchSuffix(view, value, like);
  return best === NO_SOURCE || more > alike + COPY_BYTES ? makeSource(offset, more) : best;
}

/**
 * Where the last value with such upper three bytes lies, by their hash; one table, used by every
 * call.
 */
const lastLike = new Int32Array(4_096);

/** The last value that seems like this one, -1 where there is none. Remembers this one. */
function recallLike(view: DataView, value: number): number {
  const upper = view.getInt32(value + 4, true);
  const slot = Math.imul(upper >>> 8, 0x9e3779b1) >>> 20;
  const last = lastLike[slot] as number;
  lastLike[slot] = value;
  return last;
}

/** How many bytes of two values are the same from their beginning. */
function matchPrefix(view: DataView, a: number, b: number): number {
  const low = view.getInt32(a, true) ^ view.getInt32(b, true);
  if (low !== 0) return (31 - Math.clz32(low & -low)) >>> 3;
  const high = view.getInt32(a + 4, true) ^ view.getInt32(b + 4, true);
  return high === 0 ? 8 : 4 + ((31 - Math.clz32(high & -high)) >>> 3);
}

/** How many are the same to their end. */
function matchSuffix(view: DataView, a: number, b: number): number {
  const high = view.getInt32(a + 4, true) ^ view.getInt32(b + 4, true);
  if (high !== 0) return Math.clz32(high) >>> 3;
  const low = view.getInt32(a, true) ^ view.getInt32(b, true);
  return low === 0 ? 8 : 4 + (Math.clz32(low) >>> 3);
}
