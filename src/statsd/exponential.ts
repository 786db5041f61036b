/**
 * Exponential buckets that grow coarser by themselves: they begin with schema 8 and halve their
 * resolution whenever either side of zero would have more buckets than allowed. Pure.
 * Limits: schema -4 is the coarsest, where all numbers have 132 buckets; fewer cannot be kept.
 * Source:
 * https://opentelemetry.io/docs/specs/otel/metrics/sdk/#base2-exponential-bucket-histogram-aggregation,
 * https://prometheus.io/docs/specs/native_histograms/#schema
 */
import type { BucketSpan, NativeHistogram } from '../model/histogram.ts';

const SCHEMA_FIRST = 8;
const SCHEMA_LAST = -4;

export class CoarseningBuckets {
  readonly #bucketsMax: number;
  #schema = SCHEMA_FIRST;
  #positive = new Map<number, number>();
  #negative = new Map<number, number>();
  #zeroCount = 0;
  #count = 0;
  #sum = 0;

  /** @param bucketsMax  on either side of zero */
  constructor(bucketsMax: number) {
    this.#bucketsMax = bucketsMax;
  }

  add(value: number, weight: number): void {
    this.#count += weight;
    this.#sum += value * weight;
    if (value === 0) {
      this.#zeroCount += weight;
      return;
    }
    const index = findBucket(Math.abs(value), this.#schema);
    const side = value > 0 ? this.#positive : this.#negative;
    const known = side.get(index);
    side.set(index, (known ?? 0) + weight);
    if (known !== undefined) return;
    while (this.#isTooWide(value > 0) && this.#schema > SCHEMA_LAST) this.#coarsen();
  }

  read(): NativeHistogram {
    const [positive, negative] = [packBuckets(this.#positive), packBuckets(this.#negative)];
    return {
      schema: this.#schema,
      zeroThreshold: 0,
      zeroCount: this.#zeroCount,
      count: this.#count,
      sum: this.#sum,
      isFloat: false,
      resetHint: 'unknown',
      positiveSpans: positive.spans,
      positiveCounts: positive.counts,
      negativeSpans: negative.spans,
      negativeCounts: negative.counts,
      customValues: [],
    };
  }

  #isTooWide(isPositive: boolean): boolean {
    const side = isPositive ? this.#positive : this.#negative;
    if (side.size <= 1) return false;
    let least = Infinity;
    let most = -Infinity;
    for (const index of side.keys()) {
      least = Math.min(least, index);
      most = Math.max(most, index);
    }
    return most - least + 1 > this.#bucketsMax;
  }

  #coarsen(): void {
    this.#schema -= 1;
    this.#positive = halve(this.#positive);
    this.#negative = halve(this.#negative);
  }
}

/** The bucket i with base^(i-1) < value ≤ base^i, whose base is 2^(2^-schema). */
function findBucket(value: number, schema: number): number {
  return Math.ceil(Math.log2(value) * 2 ** schema);
}

/** Two neighbours become one: buckets 1 and 2 are bucket 1 of the schema below. */
function halve(side: ReadonlyMap<number, number>): Map<number, number> {
  const halved = new Map<number, number>();
  for (const [index, count] of side) {
    const next = Math.ceil(index / 2);
    halved.set(next, (halved.get(next) ?? 0) + count);
  }
  return halved;
}

function packBuckets(side: ReadonlyMap<number, number>): {
  readonly spans: readonly BucketSpan[];
  readonly counts: readonly number[];
} {
  const spans: { offset: number; length: number }[] = [];
  const counts: number[] = [];
  let end = 0;
  for (const [index, count] of [...side].sort(([a], [b]) => a - b)) {
    const last = spans.at(-1);
    if (last !== undefined && index === end) last.length += 1;
    else spans.push({ offset: index - end, length: 1 });
    end = index + 1;
    counts.push(count);
  }
  return { spans, counts };
}
