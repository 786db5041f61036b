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
import { type Borrowed, peek } from '../../../model/borrowed.ts';
import { CHANGING_BYTES, endOfSteadySeries } from '../../../wire/remote-write/one-sample.ts';
import {
  compressInto,
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

/** The memory in which a plan is made: seven times as much as a run has bytes. */
interface Bench {
  /** A copy, which may be changed. */
  readonly run: Uint8Array;
  /** 1 for a byte of a value or time. */
  readonly changes: Uint8Array;
  /**
   * For each byte that does not change, how far back the copy reaches that snappy makes of it; 0
   * for a literal.
   */
  readonly offsets: Uint16Array;
  readonly middles: Uint8Array;
}

/**
 * The bench of the plan before, for the next one: most plans are made at one time, of all targets.
 * The garbage collector may have it as soon as none is made.
 */
let spare: WeakRef<Bench> | undefined;
/** A fragment that is compressed; all plans share it, since that is synchronous. */
const fragment = new Uint8Array(maxCompressedLength(SLICE_BYTES));

/**
 * Plans a run, in slices. The result is undefined unless each of its series has one sample with a
 * steady time, and at most `OFFSET_MAX` bytes.
 */
export function* planPacking(
  borrowed: Borrowed<Uint8Array>,
): Generator<undefined, PackingPlan | undefined, undefined> {
  const bench = takeBench(borrowed);
  try {
    const ends = yield* findEnds(bench.run);
    return ends === undefined ? undefined : yield* measureAndWrite(bench, ends);
  } finally {
    spare = new WeakRef(bench);
  }
}

/** A bench with a copy of the run on it. */
function takeBench(borrowed: Borrowed<Uint8Array>): Bench {
  const { length } = borrowed;
  const known = spare?.deref();
  spare = undefined;
  const { run, changes, offsets, middles } =
    known !== undefined && known.run.buffer.byteLength >= length ? known : makeBench(length);
  const bench = {
    run: new Uint8Array(run.buffer, 0, length),
    changes: new Uint8Array(changes.buffer, 0, length).fill(0),
    offsets: new Uint16Array(offsets.buffer, 0, length).fill(0),
    middles,
  };
  bench.run.set(peek(borrowed));
  return bench;
}

function makeBench(length: number): Bench {
  return {
    run: new Uint8Array(length),
    changes: new Uint8Array(length),
    offsets: new Uint16Array(length),
    middles: new Uint8Array(maxCompressedLength(length)),
  };
}

function* measureAndWrite(
  bench: Bench,
  ends: Int32Array,
): Generator<undefined, PackingPlan, undefined> {
  yield* measureOffsets(bench, ends);
  return yield* writePlan(bench, ends);
}

function* writePlan(
  { run, offsets, middles }: Bench,
  ends: Int32Array,
): Generator<undefined, PackingPlan, undefined> {
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
 * Notes the offsets of a plan. In the run, values and times are replaced by noise, in which snappy
 * finds nothing to copy. A fragment of it is compressed as it would be within the whole.
 */
function* measureOffsets(
  { run, changes, offsets }: Bench,
  ends: Int32Array,
): Generator<undefined, void, undefined> {
  let noise = 1;
  for (const end of ends)
    for (let k = end - CHANGING_BYTES; k < end; k++) {
      noise = (Math.imul(noise, 1_664_525) + 1_013_904_223) | 0;
      run[k] = noise >>> 24;
      changes[k] = 1;
    }
  yield;
  for (let from = 0; from < run.length; from += SLICE_BYTES) {
    const end = compressInto(run.subarray(from, from + SLICE_BYTES), fragment, 0);
    forEachElement(fragment.subarray(0, end), (at, length, offset) => {
      if (offset === 0) return;
      for (let k = from + at; k < from + at + length; k++)
        // Noise may match by accident; such a copy is not used.
        if (changes[k] === 0 && changes[k - offset] === 0) offsets[k] = offset;
    });
    yield;
  }
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
