/**
 * The totals of a cumulative point as a row of numbers, which can be kept and written to a file,
 * and what has been added between two such rows. Pure.
 *
 *     sum          value
 *     summary      count, sum
 *     histogram    count, sum, then the observations of each bucket
 *     exponential  count, sum, zero count, zero threshold, scale,
 *                  offset and length of the positive side, its buckets, the same of the negative
 *
 * A missing sum is 0 on both sides of a difference; the caller leaves it out of the point.
 */
import type {
  ExponentialBuckets,
  ExponentialPoint,
  HistogramPoint,
  NumberPoint,
  SummaryPoint,
} from '../../model/otel-metrics.ts';

export type Totals = readonly number[];

/** What was added since `before`; undefined where the counter has begun anew. */
export type Subtract = (now: Totals, before: Totals) => Totals | undefined;

export function totalsOfNumber({ value }: NumberPoint): Totals {
  return [value];
}

export function totalsOfSummary({ count, sum = 0 }: SummaryPoint): Totals {
  return [count, sum];
}

export function totalsOfHistogram({ count, sum = 0, counts }: HistogramPoint): Totals {
  return [count, sum, ...counts];
}

export function totalsOfExponential(point: ExponentialPoint): Totals {
  const { count, sum, zeroCount, zeroThreshold, scale, positive, negative } = point;
  const listSide = ({ offset, counts }: ExponentialBuckets): Totals => [
    offset,
    counts.length,
    ...counts,
  ];
  const sides = [...listSide(positive), ...listSide(negative)];
  return [count, sum, zeroCount, zeroThreshold, scale, ...sides];
}

export const subtractNumber: Subtract = ([now = 0], [before = 0]) =>
  now < before ? undefined : [now - before];

/** The sum, at index 1, may fall: an observation can be negative. */
export const subtractCounts: Subtract = (now, before) => {
  if (now.length !== before.length) return undefined;
  const added = now.map((value, index) => value - (before[index] ?? 0));
  return added.some((value, index) => index !== 1 && value < 0) ? undefined : added;
};

/**
 * The scale of an exponential histogram falls as its range grows, and its zero bucket may widen.
 * Both are undone by bringing the earlier totals to the form of the later ones.
 */
export const subtractExponential: Subtract = (nowTotals, beforeTotals) => {
  const scale = Math.min(readScale(nowTotals), readScale(beforeTotals));
  const now = coarsen(readExponential(nowTotals), scale);
  const before = widenZero(coarsen(readExponential(beforeTotals), scale), now.zeroThreshold);
  const count = now.count - before.count;
  const zeroCount = now.zeroCount - before.zeroCount;
  const positive = subtractSide(now.positive, before.positive);
  const negative = subtractSide(now.negative, before.negative);
  if (count < 0 || zeroCount < 0 || positive === undefined || negative === undefined)
    return undefined;
  return totalsOfExponential({
    ...now,
    count,
    sum: now.sum - before.sum,
    zeroCount,
    positive,
    negative,
  } as ExponentialPoint);
};

/** The figures of an exponential point. */
export type ExponentialFigures = Pick<
  ExponentialPoint,
  'count' | 'sum' | 'zeroCount' | 'zeroThreshold' | 'scale' | 'positive' | 'negative'
>;

export function readExponential(totals: Totals): ExponentialFigures {
  const [count = 0, sum = 0, zeroCount = 0, zeroThreshold = 0, scale = 0] = totals;
  const positive = readSide(totals, SIDES_AT);
  const negative = readSide(totals, SIDES_AT + 2 + positive.counts.length);
  return { count, sum, zeroCount, zeroThreshold, scale, positive, negative };
}

const SCALE_AT = 4;
const SIDES_AT = 5;

function readScale(totals: Totals): number {
  return totals[SCALE_AT] ?? 0;
}

function readSide(totals: Totals, at: number): ExponentialBuckets {
  const [offset = 0, length = 0] = totals.slice(at, at + 2);
  return { offset, counts: totals.slice(at + 2, at + 2 + length) };
}

/** Joins neighbours until the scale is that one. */
function coarsen(figures: ExponentialFigures, scale: number): ExponentialFigures {
  const steps = figures.scale - scale;
  if (steps === 0) return figures;
  const join = ({ offset, counts }: ExponentialBuckets): ExponentialBuckets => {
    const first = offset >> steps;
    const joined = new Array<number>(
      counts.length === 0 ? 0 : ((offset + counts.length - 1) >> steps) - first + 1,
    ).fill(0);
    for (const [index, count] of counts.entries()) {
      const at = ((offset + index) >> steps) - first;
      joined[at] = (joined[at] ?? 0) + count;
    }
    return { offset: first, counts: joined };
  };
  return { ...figures, scale, positive: join(figures.positive), negative: join(figures.negative) };
}

/** Moves the buckets that lie below the threshold to the zero bucket. */
function widenZero(figures: ExponentialFigures, zeroThreshold: number): ExponentialFigures {
  if (zeroThreshold <= figures.zeroThreshold) return figures;
  let { zeroCount } = figures;
  const trim = ({ offset, counts }: ExponentialBuckets): ExponentialBuckets => {
    let at = 0;
    for (; at < counts.length; at++) {
      const upper = 2 ** ((offset + at + 1) * 2 ** -figures.scale);
      // The threshold is the upper bound of a bucket, computed elsewhere: the last bits may differ.
      if (upper > zeroThreshold * (1 + 1e-9)) break;
      zeroCount += counts[at] ?? 0;
    }
    return { offset: offset + at, counts: counts.slice(at) };
  };
  const [positive, negative] = [trim(figures.positive), trim(figures.negative)];
  return { ...figures, zeroCount, zeroThreshold, positive, negative };
}

function subtractSide(
  now: ExponentialBuckets,
  before: ExponentialBuckets,
): ExponentialBuckets | undefined {
  const counts = [...now.counts];
  for (const [index, count] of before.counts.entries()) {
    if (count === 0) continue;
    const at = before.offset + index - now.offset;
    const left = (counts[at] ?? 0) - count;
    if (at < 0 || left < 0) return undefined;
    counts[at] = left;
  }
  return { offset: now.offset, counts };
}
