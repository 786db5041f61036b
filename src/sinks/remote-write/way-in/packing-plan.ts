/**
 * The plan of a run of series: the snappy elements of all its bytes except values and times, which
 * alone change between two scrapes. It is made once and stays valid while the run's labels do;
 * packing.ts makes a block by it for each scrape:
 *
 *     series    │ tag, length, labels …                          │ value │ time │
 *     plan      │ head: a copy │ middle: elements │ tail: a copy │       │      │
 *
 * Heads and tails are not in the middle, because each may become one copy together with bytes of
 * the sample beside it.
 */
import { type Borrowed, ownCopy } from '../../../model/borrowed.ts';
import { CHANGING_BYTES, endOfSteadySeries } from '../../../wire/remote-write/one-sample.ts';
import {
  compress,
  forEachElement,
  maxCompressedLength,
  putCopy,
  putLiteral,
} from '../../../wire/snappy.ts';

export const OFFSET_MAX = 65_535;
/** The shortest copy that has all forms of the format. */
const COPY_MIN = 4;

export interface PackingPlan {
  /** Bytes of the run. */
  readonly length: number;
  /** Offset behind each series. */
  readonly ends: Int32Array;
  /** For each series, how far back its head and its tail reach and how long they are; 0 is none. */
  readonly headOffsets: Uint16Array;
  readonly headLengths: Int32Array;
  readonly tailOffsets: Uint16Array;
  readonly tailLengths: Int32Array;
  /** The encoded elements between head and tail, series by series, and where each series' end. */
  readonly middles: Uint8Array;
  readonly middleEnds: Int32Array;
}

/** Bytes of a run that are gone over between two yields: a fragment of snappy. */
const SLICE_BYTES = 65_536;

/** What a plan is made of. The run is a copy, which may be changed. */
interface Planned {
  readonly run: Uint8Array;
  readonly ends: Int32Array;
  /**
   * For each byte that does not change, how far back the copy reaches that snappy makes of it; 0
   * for a literal.
   */
  readonly offsets: Uint16Array;
}

/**
 * Plans a run, in slices. The result is undefined unless each of its series has one sample with a
 * steady time, and at most `OFFSET_MAX` bytes.
 */
export function* planPacking(
  borrowed: Borrowed<Uint8Array>,
): Generator<undefined, PackingPlan | undefined, undefined> {
  const run = ownCopy(borrowed);
  const ends = yield* findEnds(run);
  if (ends === undefined) return undefined;
  const offsets = yield* measureOffsets(run, ends);
  return yield* writePlan({ run, ends, offsets });
}

function* writePlan({ run, ends, offsets }: Planned): Generator<undefined, PackingPlan, undefined> {
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
  let stepAt = SLICE_BYTES;
  for (let i = 0; i < count; i++) {
    const end = ends[i] as number;
    const pieces = cutPieces(offsets, start, end - CHANGING_BYTES);
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
    if (start < stepAt) continue;
    stepAt = start + SLICE_BYTES;
    yield;
  }
  return { ...plan, middles: middles.slice(0, op) };
}

/** Where the series end; undefined when one can't be planned. */
function* findEnds(run: Uint8Array): Generator<undefined, Int32Array | undefined, undefined> {
  const ends: number[] = [];
  let stepAt = SLICE_BYTES;
  for (let start = 0; start < run.length;) {
    const end = endOfSteadySeries(run, start);
    if (end < 0 || end - start > OFFSET_MAX) return undefined;
    ends.push(end);
    start = end;
    if (start < stepAt) continue;
    stepAt = start + SLICE_BYTES;
    yield;
  }
  return Int32Array.from(ends);
}

/**
 * The offsets of a plan. In the run, values and times are replaced by noise, in which snappy finds
 * nothing to copy. A fragment of it is compressed as it would be within the whole.
 */
function* measureOffsets(
  run: Uint8Array,
  ends: Int32Array,
): Generator<undefined, Uint16Array, undefined> {
  const changes = new Uint8Array(run.length);
  let noise = 1;
  for (const end of ends)
    for (let k = end - CHANGING_BYTES; k < end; k++) {
      noise = (Math.imul(noise, 1_664_525) + 1_013_904_223) | 0;
      run[k] = noise >>> 24;
      changes[k] = 1;
    }
  yield;
  const offsets = new Uint16Array(run.length);
  for (let from = 0; from < run.length; from += SLICE_BYTES) {
    forEachElement(compress(run.subarray(from, from + SLICE_BYTES)), (at, length, offset) => {
      if (offset === 0) return;
      for (let k = from + at; k < from + at + length; k++)
        // Noise may match by accident; such a copy is not used.
        if (changes[k] === 0 && changes[k - offset] === 0) offsets[k] = offset;
    });
    yield;
  }
  return offsets;
}

interface Piece {
  /** 0 is a literal. */
  readonly offset: number;
  readonly start: number;
  readonly end: number;
}

/** The pieces of one offset each; copies that are too short become part of a literal. */
function cutPieces(offsets: Uint16Array, start: number, end: number): Piece[] {
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
