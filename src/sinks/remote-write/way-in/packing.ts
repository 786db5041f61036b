/**
 * Compresses a run of series by its plan (packing-plan.ts): the bytes that do not change are taken
 * from the plan, and only values and times are compared. A value is eight bytes with the exponent
 * last, so near numbers have the same last bytes:
 *
 *     value   │ same                │ differing │ alike               │ time │
 *             │ as at the source of │ a literal │ as in an earlier series, and its time, │
 *             │ the copy before it  │           │ which all series of a scrape share     │
 *
 * Neighbouring copies that reach back equally far become one, so a block is about as small as
 * snappy's own. This runs for every sample of every scrape, so the state is in local numbers: with
 * the open copy as an object, packing took a quarter longer.
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
/** Size of a copy element. */
const COPY_BYTES = 3;

/**
 * Compresses a run by its plan to a snappy block.
 *
 * @param output  with room for `maxCompressedLength(run.length)` bytes from `at` on
 * @returns       the offset behind the block
 */
export function pack(plan: PackingPlan, run: Uint8Array, output: Uint8Array, at: number): number {
  const { ends, headOffsets, headLengths, tailOffsets, tailLengths, middles, middleEnds } = plan;
  const view = new DataView(run.buffer, run.byteOffset, run.byteLength);
  let op = putVarint(output, at, run.length);
  // The open copy, which is not written yet because it may get longer. Length 0 means none.
  let offset = 0;
  let length = 0;
  let middle = 0;
  let valueBefore = -1;
  lastLike.fill(-1);
  const count = ends.length;
  for (let i = 0; i < count; i++) {
    // The labels: head, middle and tail of the plan.
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
    // The sample: the open copy goes on into it for as many bytes as are the same.
    const end = ends[i] as number;
    const value = end - CHANGING_BYTES;
    const same = length > 0 ? matchPrefix(view, value, value - offset) : 0;
    length += same;
    const isAllSame = same === VALUE_BYTES && isSameTime(view, value, value - offset);
    if (isAllSame) length += TIME_FIELD_BYTES;
    else {
      if (length > 0) op = putCopy(output, op, offset, length);
      // The differing bytes become a literal; the alike ones and the time, a copy.
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
 * Writes the differing bytes of a sample, at most fifteen, as a literal; nothing for no bytes. Most
 * literals are these, so this has a loop of its own instead of `putLiteral`.
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
 * From where the last bytes of a value and its time are copied, in one number: offset × 16 + how
 * many bytes of the value are alike.
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
 * The best source for the rest of a value. First choice is the offset of the next series' head,
 * since both become one copy then. The last value that is like this one is taken instead if it
 * saves more bytes than a copy of its own costs.
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

/** Offset of the last value by a hash of its upper three bytes. One table, reset by each call. */
const lastLike = new Int32Array(4_096);

/** The offset of the last value with the same hash as this one, -1 for none; notes this one. */
function recallLike(view: DataView, value: number): number {
  const upper = view.getInt32(value + 4, true);
  const slot = Math.imul(upper >>> 8, 0x9e3779b1) >>> 20;
  const last = lastLike[slot] as number;
  lastLike[slot] = value;
  return last;
}

/** How many bytes two values have in common from the beginning. */
function matchPrefix(view: DataView, a: number, b: number): number {
  const low = view.getInt32(a, true) ^ view.getInt32(b, true);
  if (low !== 0) return (31 - Math.clz32(low & -low)) >>> 3;
  const high = view.getInt32(a + 4, true) ^ view.getInt32(b + 4, true);
  return high === 0 ? 8 : 4 + ((31 - Math.clz32(high & -high)) >>> 3);
}

/** How many bytes two values have in common up to the end. */
function matchSuffix(view: DataView, a: number, b: number): number {
  const high = view.getInt32(a + 4, true) ^ view.getInt32(b + 4, true);
  if (high !== 0) return Math.clz32(high) >>> 3;
  const low = view.getInt32(a, true) ^ view.getInt32(b, true);
  return low === 0 ? 8 : 4 + (Math.clz32(low) >>> 3);
}
