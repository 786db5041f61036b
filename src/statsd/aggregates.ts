/**
 * What the values of one series become between two intervals. Pure but for the rounding by chance,
 * whose source of numbers is handed in.
 *
 *     take ─► state ─► write: samples by the refs of the parts, then back to 0 (delta) or not
 */
import { createHash } from 'node:crypto';
import type { SeriesType, Appender, SeriesRef } from '../model/sample.ts';
import { formatSampleValue } from '../wire/exposition/writer.ts';
import { CoarseningBuckets } from './exponential.ts';
import type { StatsdValue } from './line.ts';
import type { CounterType } from './settings.ts';

/** One series of a metric: what follows its name, and the label that tells it from the others. */
export interface AggregatePart {
  readonly suffix: string;
  readonly label?: readonly [string, string];
}

export interface Aggregate {
  readonly type: SeriesType;
  readonly parts: readonly AggregatePart[];
  /** Whether its counts are increases, unless they are kept as totals. */
  readonly counts: boolean;
  /** How many observations it holds until the next write, besides a few numbers. */
  readonly heldCount: number;
  take(value: StatsdValue, rate: number, tMs: number): void;
  /** Appends what is to be told at `tMs`, by the refs of the parts. */
  write(appender: Appender, refs: readonly SeriesRef[], tMs: number): void;
}

const WHOLE: readonly AggregatePart[] = [{ suffix: '' }];

export interface CounterOptions {
  readonly type: CounterType;
  readonly isMonotonic: boolean;
  readonly isCumulative: boolean;
  /** From 0 to below 1. */
  readonly random: () => number;
}

export function countingAggregate(options: CounterOptions): Aggregate {
  const { isMonotonic, isCumulative, random } = options;
  let sum = 0;
  const round = (value: number): number => {
    if (options.type === 'float') return value;
    if (options.type === 'int') return Math.trunc(value);
    const floor = Math.floor(value);
    return random() < value - floor ? floor + 1 : floor;
  };
  return {
    type: isMonotonic ? 'counter' : 'gauge',
    parts: WHOLE,
    counts: true,
    heldCount: 0,
    take: ({ number }, rate) => void (sum += round(number / rate)),
    write: (appender, [ref], tMs) => {
      if (ref !== undefined) appender.append(ref, tMs, sum);
      if (!isCumulative) sum = 0;
    },
  };
}

/** The last value; one with a sign changes it, from 0 where there was none. */
export function gaugeAggregate(): Aggregate {
  let last = 0;
  return {
    type: 'gauge',
    parts: WHOLE,
    counts: false,
    heldCount: 0,
    take: ({ number, isRelative }) => void (last = isRelative ? last + number : number),
    write: (appender, [ref], tMs) => {
      if (ref !== undefined) appender.append(ref, tMs, last);
    },
  };
}

const MEMBER_CHARACTERS_MAX = 64;

/** A long member is told from others by its hash: a set of ten thousand would else be megabytes. */
function shortenMember(text: string): string {
  // Copied, since a part of a line holds the whole line.
  return text.length <= MEMBER_CHARACTERS_MAX
    ? Buffer.from(text).toString()
    : createHash('sha256').update(text).digest('base64');
}

/** How many different members came in an interval. */
export function setAggregate(): Aggregate {
  const members = new Set<string>();
  return {
    type: 'gauge',
    parts: WHOLE,
    counts: false,
    get heldCount() {
      return members.size;
    },
    take: ({ text }) => void members.add(shortenMember(text)),
    write: (appender, [ref], tMs) => {
      if (ref !== undefined) appender.append(ref, tMs, members.size);
      members.clear();
    },
  };
}

/**
 * Each observation a point at its own millisecond, in order; two of one are a millisecond apart.
 */
export function pointsAggregate(): Aggregate {
  let points: { readonly tMs: number; readonly value: number }[] = [];
  let lastMs = 0;
  return {
    type: 'gauge',
    parts: WHOLE,
    counts: false,
    get heldCount() {
      return points.length;
    },
    take: ({ number: value }, _rate, tMs) => {
      lastMs = Math.max(tMs, lastMs + 1);
      points.push({ tMs: lastMs, value });
    },
    write: (appender, [ref]) => {
      for (const { tMs, value } of points) if (ref !== undefined) appender.append(ref, tMs, value);
      points = [];
    },
  };
}

/** Quantiles of an interval; count and sum of it, or in total. */
export function summaryAggregate(percentiles: readonly number[], isCumulative: boolean): Aggregate {
  let observations: { readonly value: number; readonly weight: number }[] = [];
  let count = 0;
  let sum = 0;
  const weigh = newWeigher();
  const quantiles = percentiles.map((one) => one / 100);
  return {
    type: 'summary',
    parts: [
      ...quantiles.map((one) => ({
        suffix: '',
        label: ['quantile', formatSampleValue(one)] as const,
      })),
      { suffix: '_sum' },
      { suffix: '_count' },
    ],
    // Count and sum are of an interval or totals, without a temporality of their own.
    counts: false,
    get heldCount() {
      return observations.length;
    },
    take: ({ number: value }, rate) => {
      const weight = weigh(rate);
      observations.push({ value, weight });
      count += weight;
      sum += value * weight;
    },
    write: (appender, refs, tMs) => {
      const values = findQuantiles(observations, quantiles);
      for (const [index, value] of [...values, sum, count].entries()) {
        const ref = refs[index];
        // An interval without observations has no quantiles.
        if (ref !== undefined && !Number.isNaN(value)) appender.append(ref, tMs, value);
      }
      observations = [];
      if (!isCumulative) count = sum = 0;
    },
  };
}

/** The smallest value below which is at least the quantile of all weight. */
function findQuantiles(
  observations: readonly { readonly value: number; readonly weight: number }[],
  quantiles: readonly number[],
): readonly number[] {
  const sorted = observations.toSorted((a, b) => a.value - b.value);
  const total = sorted.reduce((sum, { weight }) => sum + weight, 0);
  return quantiles.map((quantile) => {
    let below = 0;
    for (const { value, weight } of sorted) {
      below += weight;
      if (below >= quantile * total) return value;
    }
    return sorted.at(-1)?.value ?? NaN;
  });
}

/** Counts in explicit buckets, as a classic histogram has them. */
export function bucketsAggregate(bounds: readonly number[], isCumulative: boolean): Aggregate {
  const counts = new Array<number>(bounds.length + 1).fill(0);
  let sum = 0;
  const weigh = newWeigher();
  return {
    type: 'histogram',
    parts: [
      ...[...bounds, Infinity].map((bound) => ({
        suffix: '_bucket',
        label: ['le', formatSampleValue(bound)] as const,
      })),
      { suffix: '_sum' },
      { suffix: '_count' },
    ],
    counts: true,
    heldCount: 0,
    take: ({ number: value }, rate) => {
      const weight = weigh(rate);
      const index = bounds.findIndex((bound) => value <= bound);
      const bucket = index < 0 ? bounds.length : index;
      counts[bucket] = (counts[bucket] ?? 0) + weight;
      sum += value * weight;
    },
    write: (appender, refs, tMs) => {
      let below = 0;
      const values = counts.map((count) => (below += count));
      for (const [index, value] of [...values, sum, below].entries()) {
        const ref = refs[index];
        if (ref !== undefined) appender.append(ref, tMs, value);
      }
      if (isCumulative) return;
      counts.fill(0);
      sum = 0;
    },
  };
}

/** Counts in exponential buckets: a native histogram. */
export function exponentialAggregate(bucketsMax: number, isCumulative: boolean): Aggregate {
  let buckets = new CoarseningBuckets(bucketsMax);
  const weigh = newWeigher();
  return {
    type: 'histogram',
    parts: WHOLE,
    counts: true,
    heldCount: 0,
    take: ({ number }, rate) => buckets.add(number, weigh(rate)),
    write: (appender, [ref], tMs) => {
      if (ref !== undefined) appender.appendHistogram(ref, tMs, buckets.read());
      if (!isCumulative) buckets = new CoarseningBuckets(bucketsMax);
    },
  };
}

/**
 * For how many observations one stands: whole numbers, since histograms count whole ones. What is
 * left of a fraction is added to the next, so that none is lost over time.
 */
function newWeigher(): (rate: number) => number {
  let left = 0;
  return (rate) => {
    const exact = 1 / rate + left;
    // 1 / 0.1 and its like are a whole number but for the last bits.
    const weight = Math.max(1, Math.floor(exact + 1e-9));
    left = Math.max(0, exact - weight);
    return weight;
  };
}
