/**
 * Samples of one series as two columns, and how they are cut and joined. Values are copied as
 * columns or as words, never as JavaScript numbers, so the bits of stale markers survive. Pure.
 */

/** Equal lengths, times rising. */
export interface Samples {
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
}

const NONE: Samples = { timesMs: new Float64Array(0), values: new Float64Array(0) };

/**
 * How many of the first `count` times, which must rise, are at or before a time: also the index of
 * the first time after it.
 */
export function countUpTo(timesMs: Float64Array, count: number, tMs: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((timesMs[middle] ?? 0) <= tMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The samples fromMs < t <= toMs: copies, or the same object when all samples are inside. */
export function cutSamples(samples: Samples, fromMs: number, toMs: number): Samples {
  const { timesMs, values } = samples;
  const start = countUpTo(timesMs, timesMs.length, fromMs);
  const end = countUpTo(timesMs, timesMs.length, toMs);
  if (start === 0 && end === timesMs.length) return samples;
  return { timesMs: timesMs.slice(start, end), values: values.slice(start, end) };
}

/**
 * Joins pieces in time order. Pieces may overlap; of samples with the same time the one whose piece
 * begins first is kept.
 */
export function joinSamples(pieces: readonly Samples[]): Samples {
  const filled = pieces.filter(({ timesMs }) => timesMs.length > 0);
  if (filled.length <= 1) return filled[0] ?? NONE;
  const inOrder = filled.toSorted((a, b) => (a.timesMs[0] ?? 0) - (b.timesMs[0] ?? 0));
  const isApart = inOrder.every(
    ({ timesMs }, i) => i === 0 || (timesMs[0] ?? 0) > (inOrder[i - 1]?.timesMs.at(-1) ?? 0),
  );
  return isApart ? concatenate(inOrder) : inOrder.reduce(merge);
}

function concatenate(pieces: readonly Samples[]): Samples {
  const count = pieces.reduce((sum, { timesMs }) => sum + timesMs.length, 0);
  const timesMs = new Float64Array(count);
  const values = new Float64Array(count);
  let at = 0;
  for (const piece of pieces) {
    timesMs.set(piece.timesMs, at);
    values.set(piece.values, at);
    at += piece.timesMs.length;
  }
  return { timesMs, values };
}

function merge(a: Samples, b: Samples): Samples {
  const timesMs = new Float64Array(a.timesMs.length + b.timesMs.length);
  const values = new Float64Array(timesMs.length);
  const bits = viewWords(values);
  const aBits = viewWords(a.values);
  const bBits = viewWords(b.values);
  let i = 0;
  let j = 0;
  let count = 0;
  while (i < a.timesMs.length || j < b.timesMs.length) {
    const aTime = a.timesMs[i] ?? Infinity;
    const bTime = b.timesMs[j] ?? Infinity;
    const from = aTime <= bTime ? aBits : bBits;
    const at = aTime <= bTime ? i : j;
    timesMs[count] = Math.min(aTime, bTime);
    bits[count * 2] = from[at * 2] ?? 0;
    bits[count * 2 + 1] = from[at * 2 + 1] ?? 0;
    count += 1;
    if (aTime <= bTime) i += 1;
    if (bTime <= aTime) j += 1;
  }
  return { timesMs: timesMs.slice(0, count), values: values.slice(0, count) };
}

/** A view of the bits of values, two words each. */
export function viewWords(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
}
