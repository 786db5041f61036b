/**
 * An estimate of what CloudWatch charges for what is sent: how many different metrics there are, in
 * a sketch of fixed size, and how many bytes of events. Pure.
 *
 *     month ≈ price of the metrics, in tiers + bytes × 30 days / time × price of a gigabyte
 *
 * A metric is charged for the hours in which it is sent; here each counts as if it were sent all
 * month, so the estimate is rather high for tasks that come and go.
 * Source: https://aws.amazon.com/cloudwatch/pricing/, list prices of us-east-1 in dollars
 */
const MONTH_MS = 30 * 86_400_000;
const GIGABYTE = 1e9;

/** What a price holds for, as the estimate says it. */
export const PRICES = 'list prices of us-east-1, November 2026, without free tier';
/** Dollars a month for each metric, up to so many. */
const METRIC_TIERS: readonly (readonly [upTo: number, dollars: number])[] = [
  [10_000, 0.3],
  [250_000, 0.1],
  [1_000_000, 0.05],
  [Infinity, 0.02],
];
const INGESTED_GIGABYTE_DOLLARS = 0.5;

export interface CostEstimate {
  readonly metrics: number;
  readonly bytes: number;
  readonly hours: number;
  readonly metricDollarsPerMonth: number;
  readonly logDollarsPerMonth: number;
}

/** Counts since the last estimate. */
export class CostMeter {
  #sketch = new DistinctSketch();
  #bytes = 0;
  #sinceMs: number;

  constructor(atMs: number) {
    this.#sinceMs = atMs;
  }

  get sinceMs(): number {
    return this.#sinceMs;
  }

  countMetric(key: string): void {
    this.#sketch.add(key);
  }

  countBytes(bytes: number): void {
    this.#bytes += bytes;
  }

  /** About how many different metrics there are. */
  get metrics(): number {
    return this.#sketch.estimate();
  }

  /** @returns undefined where nothing was counted */
  estimate(atMs: number): CostEstimate | undefined {
    const { metrics } = this;
    if (metrics === 0 && this.#bytes === 0) return undefined;
    const elapsedMs = Math.max(60_000, atMs - this.#sinceMs);
    const monthBytes = (this.#bytes * MONTH_MS) / elapsedMs;
    return {
      metrics,
      bytes: this.#bytes,
      hours: roundTo(elapsedMs / 3_600_000, 2),
      metricDollarsPerMonth: roundTo(priceMetrics(metrics), 2),
      logDollarsPerMonth: roundTo((monthBytes / GIGABYTE) * INGESTED_GIGABYTE_DOLLARS, 2),
    };
  }

  /** Begins anew. */
  reset(atMs: number): void {
    this.#sketch = new DistinctSketch();
    this.#bytes = 0;
    this.#sinceMs = atMs;
  }
}

function priceMetrics(metrics: number): number {
  let dollars = 0;
  let from = 0;
  for (const [upTo, price] of METRIC_TIERS) {
    if (metrics <= from) break;
    dollars += (Math.min(metrics, upTo) - from) * price;
    from = upTo;
  }
  return dollars;
}

function roundTo(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** Bits of a hash that choose a register: 4,096 registers tell a number within about 2 %. */
const REGISTER_BITS = 12;
const REGISTERS = 2 ** REGISTER_BITS;

/**
 * How many different texts there were, in a fixed size.
 * Source: https://algo.inria.fr/flajolet/Publications/FlFuGaMe07.pdf (HyperLogLog)
 */
class DistinctSketch {
  readonly #registers = new Uint8Array(REGISTERS);

  add(text: string): void {
    const hash = hashText(text);
    const register = hash >>> (32 - REGISTER_BITS);
    const rank = Math.clz32((hash << REGISTER_BITS) | (1 << (REGISTER_BITS - 1))) + 1;
    if (rank > (this.#registers[register] ?? 0)) this.#registers[register] = rank;
  }

  estimate(): number {
    let sum = 0;
    let empty = 0;
    for (const rank of this.#registers) {
      sum += 2 ** -rank;
      if (rank === 0) empty += 1;
    }
    const raw = ((0.7213 / (1 + 1.079 / REGISTERS)) * REGISTERS ** 2) / sum;
    const isFew = raw <= 2.5 * REGISTERS && empty > 0;
    return Math.round(isFew ? REGISTERS * Math.log(REGISTERS / empty) : raw);
  }
}

/** FNV-1a, and the end of MurmurHash3, which spreads its bits. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
