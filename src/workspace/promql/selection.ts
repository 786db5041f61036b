/**
 * From stored samples to columns: for instant selectors the newest sample within the lookback, for
 * range functions the samples of each window. Steps rise, so indices only move forward and each
 * series is walked once, for any number of steps.
 */
import { type LabelSet } from '../../model/labels.ts';
import { STALE_NAN_HIGH, STALE_NAN_LOW } from '../../model/sample.ts';
import type { VectorSelector } from './ast.ts';
import { type Evaluation, readSeries, computeReferenceTimes } from './evaluation.ts';
import type { SeriesData } from './queryable.ts';
import type { RangeFunction, Window } from './range-functions.ts';
import { type Column, createColumn } from './value.ts';

/** Which of the two words of a float64 has the high bits: 1 on little-endian machines. */
const HIGH_WORD = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;

/** Returns a predicate: is the value at an index a stale marker? It compares bits. */
function makeStaleCheck(values: Float64Array): (index: number) => boolean {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  return (index) =>
    words[index * 2 + HIGH_WORD] === STALE_NAN_HIGH &&
    words[index * 2 + (1 - HIGH_WORD)] === STALE_NAN_LOW;
}

/**
 * The columns of an instant selector. With `wantsTimes` they have the times of the samples, in
 * seconds, instead of their values.
 */
export function selectInstant(
  evaluation: Evaluation,
  node: VectorSelector,
  wantsTimes: boolean,
): Column[] {
  const { lookbackMs } = evaluation.options;
  const times = computeReferenceTimes(evaluation, node.at, node.offsetMs);
  return readSeries(evaluation, node, times, lookbackMs).map((series) =>
    fillInstantColumn(series, times, lookbackMs, wantsTimes),
  );
}

/**
 * The newest sample at or before each time, if it is less than the lookback old and no stale
 * marker.
 */
function fillInstantColumn(
  series: SeriesData,
  timesMs: Float64Array,
  lookbackMs: number,
  wantsTimes: boolean,
): Column {
  const { timestampsMs, values, labels } = series;
  const column = createColumn(labels, timesMs.length);
  const isStale = makeStaleCheck(values);
  let next = 0;
  for (let i = 0; i < timesMs.length; i++) {
    const at = timesMs[i] ?? 0;
    while (next < timestampsMs.length && (timestampsMs[next] ?? 0) <= at) next += 1;
    const newest = next - 1;
    if (newest < 0 || (timestampsMs[newest] ?? 0) <= at - lookbackMs || isStale(newest)) continue;
    column.present[i] = 1;
    column.values[i] = wantsTimes ? (timestampsMs[newest] ?? 0) / 1_000 : (values[newest] ?? 0);
  }
  return column;
}

export interface RangeWindows {
  readonly labels: LabelSet;
  /** The end of the window of each step, ms, never falling. */
  readonly endsMs: Float64Array;
  readonly stepsMs: Float64Array;
  readonly rangeMs: number;
  readonly apply: RangeFunction;
  /** The scalar parameter of the function, one number per step. */
  readonly parameter: Float64Array | undefined;
}

/** Applies a range function to the window (end - range, end] of each step. */
export function applyToWindows(series: SeriesData, windows: RangeWindows): Column {
  const { labels, endsMs, stepsMs, rangeMs, apply, parameter } = windows;
  const { times, values } = dropStale(series);
  const column = createColumn(labels, endsMs.length);
  const window: Window = {
    times,
    values,
    lo: 0,
    hi: 0,
    startMs: 0,
    endMs: 0,
    stepMs: 0,
    parameter: 0,
  };
  for (let i = 0; i < endsMs.length; i++) {
    window.endMs = endsMs[i] ?? 0;
    window.startMs = window.endMs - rangeMs;
    window.stepMs = stepsMs[i] ?? 0;
    window.parameter = parameter?.[i] ?? 0;
    while (window.hi < times.length && (times[window.hi] ?? 0) <= window.endMs) window.hi += 1;
    while (window.lo < window.hi && (times[window.lo] ?? 0) <= window.startMs) window.lo += 1;
    if (window.lo === window.hi) continue;
    const value = apply(window);
    if (value === undefined) continue;
    column.present[i] = 1;
    column.values[i] = value;
  }
  return column;
}

/** The samples of one series within a window, for a query whose result is a range vector. */
export function cutWindow(
  series: SeriesData,
  endMs: number,
  rangeMs: number,
): { times: Float64Array; values: Float64Array } {
  const { times, values } = dropStale(series);
  const lo = times.findIndex((time) => time > endMs - rangeMs);
  const beyond = times.findIndex((time) => time > endMs);
  const hi = beyond < 0 ? times.length : beyond;
  return lo < 0
    ? { times: times.slice(0, 0), values: values.slice(0, 0) }
    : { times: times.slice(lo, hi), values: values.slice(lo, hi) };
}

function dropStale({ timestampsMs, values }: SeriesData): {
  times: Float64Array;
  values: Float64Array;
} {
  const isStale = makeStaleCheck(values);
  let kept = 0;
  while (kept < values.length && !isStale(kept)) kept += 1;
  if (kept === values.length) return { times: timestampsMs, values };
  const times = timestampsMs.slice();
  const numbers = values.slice();
  for (let i = kept + 1; i < values.length; i++) {
    if (isStale(i)) continue;
    times[kept] = timestampsMs[i] ?? 0;
    numbers[kept] = values[i] ?? 0;
    kept += 1;
  }
  return { times: times.subarray(0, kept), values: numbers.subarray(0, kept) };
}
