/**
 * The limits of AMP by name, with AMP's defaults. `--strict` turns them on, `--limit name=value`
 * sets one. The store enforces those of a sample or a series; this file enforces those of a
 * request: its size, the rate of samples, and which replica of an HA pair is stored.
 * Source: https://docs.aws.amazon.com/prometheus/latest/userguide/AMP_quotas.html
 */
import type { Clock } from '../../kernel/clock.ts';
import { ConfigError } from '../../kernel/errors.ts';
import { splitPair } from '../../settings/text.ts';
import type { HttpResponse } from '../../kernel/http-server.ts';
import { labelValue } from '../../model/labels.ts';
import type { WriteBatch } from '../storage/write-batch.ts';

/** Name → AMP's default, and what it limits, with the status of a refusal. 0 turns a limit off. */
export const AMP_LIMITS = {
  'request-bytes': [1_000_000, 'bytes of a write request, compressed and not; 413'],
  'labels-per-series': [150, 'labels of a series; 400'],
  'label-bytes': [7_168, 'bytes of a label, name and value together; 400'],
  series: [50_000_000, 'series at once; 429'],
  'series-per-metric': [7_000_000, 'series of one metric name; 400'],
  'samples-per-second': [1_666_666, 'samples a second, over time; 429'],
  'burst-samples': [1_000_000, 'samples at once; 429'],
  'sample-age-seconds': [3_600, 'how old a sample may be; 400'],
  'out-of-order-seconds': [60, 'how far behind its series a sample may come; 400'],
  'ha-clusters': [500, 'HA pairs, told by the labels cluster and __replica__; 429'],
} as const satisfies Record<string, readonly [number, string]>;

export type LimitName = keyof typeof AMP_LIMITS;
export type Limits = Readonly<Record<LimitName, number>>;

export const LIMIT_NAMES = Object.keys(AMP_LIMITS) as LimitName[];

/** A follower becomes the leader when the leader has sent nothing for longer than this. */
const FAILOVER_MS = 30_000;

/**
 * All limits of AMP with `isStrict`, else none; then those given as `name=number`.
 *
 * @throws ConfigError
 */
export function resolveLimits(isStrict: boolean, given: readonly string[]): Limits {
  const limits = Object.fromEntries(
    LIMIT_NAMES.map((name) => [name, isStrict ? AMP_LIMITS[name][0] : 0]),
  ) as Record<LimitName, number>;
  for (const text of given) {
    const [name, value] = splitPair(text) ?? [text, ''];
    if (!LIMIT_NAMES.includes(name as LimitName) || !/^\d+$/.test(value))
      throw new ConfigError(
        'FLAG_VALUE',
        `--limit "${text}" is not a limit; write name=number, with one of ` +
          LIMIT_NAMES.join(', '),
      );
    limits[name as LimitName] = Number(value);
  }
  return limits;
}

/** Refuses requests that are above a limit. */
export class RequestGate {
  readonly #limits: Limits;
  readonly #clock: Clock;
  /** A token bucket: how many samples may arrive now; refilled with time. */
  #tokens: number;
  #filledAtMs: number;
  /** `seenAtMs` and `#filledAtMs` are of elapsed time. */
  readonly #leaders = new Map<string, { replica: string; seenAtMs: number }>();

  constructor(limits: Limits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#tokens = limits['burst-samples'];
    this.#filledAtMs = clock.elapsedMs();
  }

  /** Refuses a request whose compressed or uncompressed size is above the limit. */
  refuseSize(compressedBytes: number, rawBytes: number): HttpResponse | undefined {
    const max = this.#limits['request-bytes'];
    if (max === 0 || Math.max(compressedBytes, rawBytes) <= max) return undefined;
    return {
      status: 413,
      body:
        `the request is too large: ${compressedBytes} bytes, ${rawBytes} uncompressed, limit ` +
        `${max}\n`,
    };
  }

  /** Answers a decoded request of an HA follower, or one above the rate of samples. */
  refuse(batch: WriteBatch): HttpResponse | undefined {
    return this.#refuseFollower(batch) ?? this.#refuseRate(batch.series.at(-1)?.end ?? 0);
  }

  #refuseRate(samples: number): HttpResponse | undefined {
    const rate = this.#limits['samples-per-second'];
    const burst = this.#limits['burst-samples'];
    if (rate === 0 || burst === 0) return undefined;
    const atMs = this.#clock.elapsedMs();
    this.#tokens = Math.min(burst, this.#tokens + ((atMs - this.#filledAtMs) / 1_000) * rate);
    this.#filledAtMs = atMs;
    if (samples <= this.#tokens) {
      this.#tokens -= samples;
      return undefined;
    }
    const waitSeconds = Math.ceil((samples - this.#tokens) / rate);
    return {
      status: 429,
      headers: { 'retry-after': String(Math.max(1, waitSeconds)) },
      body:
        `ingestion rate limit (${rate}) exceeded while adding ${samples} samples and 0 ` +
        `metadata\n`,
    };
  }

  /**
   * Of an HA pair the leader's samples are stored; the follower's are answered with 202 and not
   * stored. The labels of the first series stand for those of the whole request.
   */
  #refuseFollower(batch: WriteBatch): HttpResponse | undefined {
    const max = this.#limits['ha-clusters'];
    const labels = batch.series[0]?.labels;
    if (max === 0 || labels === undefined) return undefined;
    const cluster = labelValue(labels, 'cluster');
    const replica = labelValue(labels, '__replica__');
    if (cluster === '' || replica === '') return undefined;
    const atMs = this.#clock.elapsedMs();
    const leader = this.#leaders.get(cluster);
    if (leader === undefined && this.#leaders.size >= max)
      return { status: 429, body: `too many HA clusters (limit: ${max})\n` };
    const isFree = leader === undefined || atMs - leader.seenAtMs > FAILOVER_MS;
    if (!isFree && leader.replica !== replica) return { status: 202 };
    this.#leaders.set(cluster, { replica, seenAtMs: atMs });
    return undefined;
  }
}
