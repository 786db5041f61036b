/**
 * Limits how often AWS is called: a token bucket for each account, region and category of calls,
 * like AWS's own. Discovery takes only a share of AWS's rates, so that deployments and consoles
 * keep the rest. A throttled call halves the rate, which recovers with time. There is one instance
 * in a process, made in src/commands/: two would together take twice the share.
 * Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html,
 * https://docs.aws.amazon.com/cloud-map/latest/dg/throttling.html,
 * https://docs.aws.amazon.com/cloud-map/latest/dg/cloud-map-limits.html,
 * https://docs.aws.amazon.com/general/latest/gr/ssm.html
 */
import type { Clock } from '../kernel/clock.ts';
import type { Registry } from '../kernel/metrics.ts';

/** Category → calls at once (the size of the bucket), calls per second (its refill rate). */
export const CALL_BUCKETS = {
  cluster_read: [50, 20],
  task_definition_read: [50, 20],
  cluster_resource_read: [100, 20],
  service_read: [100, 20],
  ec2_read: [50, 10],
  /**
   * Lists and tags. This is an assumption, because AWS publishes no rates for these calls. The AWS
   * Cloud Map controller for Kubernetes stays below one ListNamespaces and two ListServices per
   * second; external-dns was given the figure of 50 ListInstances.
   */
  cloud_map: [20, 10],
  cloud_map_discovery: [2_000, 1_000],
  cloud_map_revisions: [3_000, 3_000],
  parameter_read: [40, 40],
  /** MSK, RDS and ElastiCache. Assumptions, because AWS publishes no rates for these calls. */
  kafka_read: [20, 10],
  rds_read: [20, 10],
  elasticache_read: [20, 10],
} as const;

export type CallCategory = keyof typeof CALL_BUCKETS;

/** Seconds without throttling after which a bucket is back at its full rate. */
const RECOVERY_SECONDS = 60;
const LEAST_RATE = 0.1;
/**
 * The part of the bucket that is used at once. Calls bunch up on their way, and AWS counts them
 * when they arrive.
 */
const AT_ONCE = 0.9;

interface Bucket {
  tokens: number;
  atMs: number;
  /** The part of the share that is in use, from 0 to 1; throttling lowers it. */
  pace: number;
}

export class CallLimits {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();
  readonly #waited;
  readonly #throttled;
  readonly #held;

  constructor(clock: Clock, metrics: Registry) {
    this.#clock = clock;
    this.#waited = metrics.counters(
      'amperage_sd_call_wait_seconds_total',
      'Time that calls to AWS waited for their turn, by category.',
    );
    this.#throttled = metrics.counters(
      'amperage_sd_calls_throttled_total',
      'Calls that AWS throttled, by category.',
    );
    this.#held = metrics.gauges(
      'amperage_sd_call_buckets',
      'Accounts and regions that calls are limited for, by category.',
    );
  }

  /**
   * Resolves when a call may be made; rejects when the signal aborts.
   *
   * @param account  identifies account and region
   * @param share    the part of AWS's rate that may be used, from 0 to 1
   */
  async take(
    account: string,
    category: CallCategory,
    share: number,
    signal: AbortSignal,
  ): Promise<void> {
    const startMs = this.#clock.elapsedMs();
    const [burst, perSecond] = CALL_BUCKETS[category];
    const atOnce = Math.max(1, burst * share * AT_ONCE);
    const bucket = this.#bucket(account, category, atOnce);
    for (;;) {
      const atMs = this.#clock.elapsedMs();
      const seconds = (atMs - bucket.atMs) / 1_000;
      bucket.pace = Math.min(1, bucket.pace + seconds / RECOVERY_SECONDS);
      const rate = Math.max(LEAST_RATE, perSecond * share * bucket.pace);
      bucket.tokens = Math.min(atOnce, bucket.tokens + seconds * rate);
      bucket.atMs = atMs;
      if (bucket.tokens >= 1) break;
      await this.#clock.sleep(Math.ceil(((1 - bucket.tokens) / rate) * 1_000), signal);
    }
    bucket.tokens -= 1;
    const waitedMs = this.#clock.elapsedMs() - startMs;
    if (waitedMs > 0) this.#waited.with({ category }).inc(waitedMs / 1_000);
  }

  /** Records that AWS throttled a call: halves the rate and empties the bucket. */
  noteThrottled(account: string, category: CallCategory): void {
    const bucket = this.#bucket(account, category, 1);
    bucket.pace /= 2;
    bucket.tokens = 0;
    this.#throttled.with({ category }).inc();
  }

  #bucket(account: string, category: CallCategory, tokens: number): Bucket {
    const key = `${account} ${category}`;
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    const fresh = { tokens, atMs: this.#clock.elapsedMs(), pace: 1 };
    this.#buckets.set(key, fresh);
    this.#held.with({ category }).inc();
    return fresh;
  }
}
