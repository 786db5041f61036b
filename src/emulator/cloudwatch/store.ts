/**
 * The metrics that an emulated CloudWatch keeps: for each one statistics by minute, or by second at
 * high resolution, and by unit. The metrics that got no value for the longest leave at a limit.
 * Percentiles need the values themselves, which are kept up to VALUES_MAX different ones of a
 * minute; beyond it, and for values that came as a statistic set, there are none, as in CloudWatch.
 * Limits: 20,000 metrics, 500,000 minutes of all metrics, 2,000,000 values.
 */

export interface Dimension {
  readonly name: string;
  readonly value: string;
}

/** What tells a metric from others. */
export interface MetricIdentity {
  readonly namespace: string;
  readonly name: string;
  /** In the order of their names. */
  readonly dimensions: readonly Dimension[];
}

/** Values of one metric at one time. */
export interface MetricDatum extends MetricIdentity {
  readonly timestampMs: number;
  readonly unit: string;
  readonly isHighResolution: boolean;
  /** Values with how often each was seen. */
  readonly values: readonly (readonly [value: number, count: number])[];
  /** Instead of values, or of what they add up to. */
  readonly statistics?: StatisticSet;
}

export interface StatisticSet {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

/** Statistics of a stretch of time and a unit. */
export interface Bucket {
  readonly atMs: number;
  readonly unit: string;
  count: number;
  sum: number;
  min: number;
  max: number;
  /** How often each value was seen; undefined where not all are known. */
  values: Map<number, number> | undefined;
}

export interface StoredMetric extends MetricIdentity {
  /** By time and unit. */
  readonly buckets: Map<string, Bucket>;
}

const METRICS_MAX = 20_000;
const BUCKETS_MAX = 500_000;
const VALUES_TOTAL_MAX = 2_000_000;
const VALUES_MAX = 1_000;
const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;

export class MetricStore {
  /** Those that got a value last stand last. */
  readonly #metrics = new Map<string, StoredMetric>();
  #bucketCount = 0;
  #valueCount = 0;
  /** Called for each metric that leaves at a limit. */
  onDrop: () => void = () => undefined;

  get size(): number {
    return this.#metrics.size;
  }

  /** In order of namespace, name and dimensions. */
  list(): StoredMetric[] {
    return [...this.#metrics.entries()]
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([, metric]) => metric);
  }

  find(identity: MetricIdentity): StoredMetric | undefined {
    return this.#metrics.get(keyOf(identity));
  }

  clear(): void {
    this.#metrics.clear();
    this.#bucketCount = 0;
    this.#valueCount = 0;
  }

  add(datum: MetricDatum): void {
    const key = keyOf(datum);
    const { namespace, name, dimensions } = datum;
    const metric = this.#metrics.get(key) ?? { namespace, name, dimensions, buckets: new Map() };
    this.#metrics.delete(key);
    this.#metrics.set(key, metric);
    const stepMs = datum.isHighResolution ? SECOND_MS : MINUTE_MS;
    const atMs = datum.timestampMs - (datum.timestampMs % stepMs);
    const bucket = this.#bucket(metric, atMs, datum.unit);
    const { statistics } = datum;
    if (statistics !== undefined) addTotals(bucket, statistics);
    if (statistics !== undefined && datum.values.length === 0) this.#forgetValues(bucket);
    for (const [value, count] of datum.values) {
      if (statistics === undefined)
        addTotals(bucket, { count, sum: value * count, min: value, max: value });
      this.#addValue(bucket, value, count);
    }
    this.#makeRoom();
  }

  #bucket(metric: StoredMetric, atMs: number, unit: string): Bucket {
    const key = `${atMs} ${unit}`;
    const found = metric.buckets.get(key);
    if (found !== undefined) return found;
    const totals = { count: 0, sum: 0, min: Infinity, max: -Infinity };
    const bucket: Bucket = { atMs, unit, ...totals, values: new Map() };
    metric.buckets.set(key, bucket);
    this.#bucketCount += 1;
    return bucket;
  }

  #addValue(bucket: Bucket, value: number, count: number): void {
    const { values } = bucket;
    if (values === undefined) return;
    const seen = values.get(value);
    if (seen === undefined) {
      if (values.size >= VALUES_MAX) return this.#forgetValues(bucket);
      this.#valueCount += 1;
    }
    values.set(value, (seen ?? 0) + count);
  }

  #forgetValues(bucket: Bucket): void {
    this.#valueCount -= bucket.values?.size ?? 0;
    bucket.values = undefined;
  }

  #makeRoom(): void {
    const isFull = (): boolean =>
      this.#metrics.size > METRICS_MAX ||
      this.#bucketCount > BUCKETS_MAX ||
      this.#valueCount > VALUES_TOTAL_MAX;
    while (isFull()) {
      const [oldest] = this.#metrics;
      if (oldest === undefined) return;
      const [key, { buckets }] = oldest;
      this.#metrics.delete(key);
      this.#bucketCount -= buckets.size;
      for (const { values } of buckets.values()) this.#valueCount -= values?.size ?? 0;
      this.onDrop();
    }
  }
}

/** Adds to the totals of a bucket or of an aggregate of buckets. */
export function addTotals(
  into: { count: number; sum: number; min: number; max: number },
  { count, sum, min, max }: StatisticSet,
): void {
  into.count += count;
  into.sum += sum;
  into.min = Math.min(into.min, min);
  into.max = Math.max(into.max, max);
}

export function sortDimensions(dimensions: readonly Dimension[]): Dimension[] {
  return dimensions.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function keyOf({ namespace, name, dimensions }: MetricIdentity): string {
  const parts = dimensions.flatMap((dimension) => [dimension.name, dimension.value]);
  return [namespace, name, ...parts].join('\u0000');
}
