/**
 * What a scrape job is told: resolved values, defaults filled in, rules compiled, secrets read.
 * Making it from YAML is config/'s work. Immutable; a changed job is a new value.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config
 */
import type { HttpConnection } from '../kernel/http-connection.ts';
import type { HttpCredentials } from '../kernel/http-credentials.ts';
import type { RelabelRule } from '../relabel/relabel.ts';
import {
  DEFAULT_PROTOCOLS,
  type EscapingScheme,
  type ExpositionKind,
  type ScrapeProtocol,
} from '../wire/exposition/negotiation.ts';

export interface ScrapeLimits {
  /**
   * Bytes of a body after inflating. Prometheus has no limit by default; ours is
   * BODY_SIZE_LIMIT_BYTES.
   */
  readonly bodySizeBytes: number;
  /** Samples of one scrape after metric relabelling; 0 means no limit. */
  readonly samples: number;
  /** Labels of one series, `__name__` among them; 0 means no limit. */
  readonly labels: number;
  /** Bytes of a label's name, and of its value; 0 means no limit. */
  readonly labelNameBytes: number;
  readonly labelValueBytes: number;
  /** Targets of the job after relabelling; above it all fail. 0 means no limit. */
  readonly targets: number;
  /** Dropped targets that are kept to be looked at; 0 means DROPPED_KEPT_MAX. */
  readonly keptDropped: number;
  /** Buckets of a native histogram; 0 means no limit. */
  readonly histogramBuckets: number;
}

export interface HistogramConfig {
  /** Native histograms are asked for and kept; else their classic buckets. */
  readonly isNative: boolean;
  /** Classic buckets too, of histograms that are native. */
  readonly alwaysClassic: boolean;
  /**
   * Buckets are merged until each is at least this much wider than the one before; 0 leaves them.
   */
  readonly minBucketFactor: number;
}

/** One entry of scrape_configs. */
export interface ScrapeConfig extends HttpCredentials {
  /** Unique among all jobs; the job's name where only one configuration has jobs. */
  readonly id: string;
  /** The label `job`. */
  readonly jobName: string;
  /**
   * Text that differs between replicas, such as external labels: they are not to scrape at the same
   * moments.
   */
  readonly replica: string;
  readonly scrapeIntervalMs: number;
  /** At most the interval. */
  readonly scrapeTimeoutMs: number;
  readonly metricsPath: string;
  readonly scheme: 'http' | 'https';
  readonly params: Readonly<Record<string, readonly string[]>>;
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  /** Whether series that carry their own timestamps get stale markers too. */
  readonly trackTimestampsStaleness: boolean;
  readonly enableCompression: boolean;
  /** In order of preference. */
  readonly protocols: readonly ScrapeProtocol[];
  readonly escaping: EscapingScheme;
  /**
   * What a page without a known Content-Type is read as; undefined fails the scrape, as Prometheus
   * 3 does.
   */
  readonly fallback: ExpositionKind | undefined;
  /** Names from before UTF-8 was allowed, and no others. */
  readonly hasLegacyNames: boolean;
  readonly histograms: HistogramConfig;
  /**
   * The synthetic series scrape_timeout_seconds, scrape_sample_limit and scrape_body_size_bytes.
   */
  readonly hasExtraMetrics: boolean;
  readonly followRedirects: boolean;
  readonly relabelRules: readonly RelabelRule[];
  readonly metricRelabelRules: readonly RelabelRule[];
  readonly limits: ScrapeLimits;
  /** More request headers, as configured under http_headers. */
  readonly headers: Readonly<Record<string, string>>;
  /** TLS and proxy; undefined connects with what everybody has. */
  readonly connection?: HttpConnection | undefined;
  /**
   * Lets this job scrape the metadata and credential addresses of ECS and EC2, which is refused
   * otherwise.
   */
  readonly allowMetadataAddresses: boolean;
}

/**
 * The default body limit, 16 MiB: vmagent's; a hostile or broken target must not take all memory.
 */
export const BODY_SIZE_LIMIT_BYTES = 16 * 1024 * 1024;

/** The limits of a job that sets none. */
export const DEFAULT_LIMITS: ScrapeLimits = {
  bodySizeBytes: BODY_SIZE_LIMIT_BYTES,
  samples: 0,
  labels: 0,
  labelNameBytes: 0,
  labelValueBytes: 0,
  targets: 0,
  keptDropped: 0,
  histogramBuckets: 0,
};

/** A job as people are told of it. */
export function describeJob({ id, jobName }: ScrapeConfig): string {
  return id === jobName ? jobName : `${jobName} (${id})`;
}

/**
 * A job with Prometheus' defaults, except for the body limit and the fallback to text, which are
 * ours.
 */
export function makeScrapeConfig(
  set: Partial<ScrapeConfig> & Pick<ScrapeConfig, 'jobName'>,
): ScrapeConfig {
  const scrapeIntervalMs = set.scrapeIntervalMs ?? 60_000;
  return {
    id: set.jobName,
    replica: '',
    metricsPath: '/metrics',
    scheme: 'http',
    params: {},
    honorLabels: false,
    honorTimestamps: true,
    trackTimestampsStaleness: false,
    enableCompression: true,
    protocols: DEFAULT_PROTOCOLS,
    escaping: 'allow-utf-8',
    fallback: 'text',
    hasLegacyNames: false,
    histograms: { isNative: false, alwaysClassic: false, minBucketFactor: 0 },
    hasExtraMetrics: false,
    followRedirects: true,
    relabelRules: [],
    metricRelabelRules: [],
    limits: DEFAULT_LIMITS,
    headers: {},
    allowMetadataAddresses: false,
    ...set,
    scrapeIntervalMs,
    scrapeTimeoutMs: set.scrapeTimeoutMs ?? Math.min(10_000, scrapeIntervalMs),
  };
}
