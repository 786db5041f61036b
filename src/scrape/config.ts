/**
 * The configuration of a scrape job: values resolved, defaults filled in, rules compiled, secrets
 * read. config/ makes it from YAML. Immutable; a changed job is a new value.
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
  /**
   * Targets of the job after relabelling; with more than that, all of them fail. 0 means no limit.
   */
  readonly targets: number;
  /**
   * Dropped targets whose labels are kept for the API and the web page; 0 means DROPPED_KEPT_MAX.
   */
  readonly keptDropped: number;
  /** Buckets of a native histogram; 0 means no limit. */
  readonly histogramBuckets: number;
}

export interface HistogramConfig {
  /** Whether native histograms are requested and kept; else their classic buckets are. */
  readonly isNative: boolean;
  /** Whether the classic buckets of a native histogram are kept as well. */
  readonly alwaysClassic: boolean;
  /** Whether classic histograms become native ones with their bounds. */
  readonly convertsClassic: boolean;
  /**
   * Buckets are merged until each bound is at least this many times the one before; 0 leaves them.
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
   * Text that differs between replicas, such as external labels, so that they scrape at different
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
   * The format that a body without a known Content-Type is read in; undefined fails the scrape, as
   * Prometheus 3 does.
   */
  readonly fallback: ExpositionKind | undefined;
  /** Whether only names that were allowed before UTF-8 are accepted. */
  readonly hasLegacyNames: boolean;
  readonly histograms: HistogramConfig;
  /**
   * Whether the report has scrape_timeout_seconds, scrape_sample_limit and scrape_body_size_bytes.
   */
  readonly hasExtraMetrics: boolean;
  readonly followRedirects: boolean;
  /** An absolute path: where failed scrapes are written, a line each. */
  readonly failureLogFile?: string | undefined;
  readonly relabelRules: readonly RelabelRule[];
  readonly metricRelabelRules: readonly RelabelRule[];
  readonly limits: ScrapeLimits;
  /** More request headers, as configured under http_headers. */
  readonly headers: Readonly<Record<string, string>>;
  /** TLS and proxy; undefined connects with the defaults of the process. */
  readonly connection?: HttpConnection | undefined;
  /**
   * Lets this job scrape the metadata and credential addresses of ECS and EC2, which is refused
   * otherwise.
   */
  readonly allowMetadataAddresses: boolean;
}

/**
 * The default body limit, 16 MiB, as in vmagent: a hostile or broken target must not take all
 * memory.
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

/** A job's name in messages: with its id where that differs. */
export function describeJob({ id, jobName }: ScrapeConfig): string {
  return id === jobName ? jobName : `${jobName} (${id})`;
}

/**
 * Makes a job with Prometheus' defaults, except for the body limit and the fallback to text, which
 * are ours.
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
    histograms: {
      isNative: false,
      alwaysClassic: false,
      convertsClassic: false,
      minBucketFactor: 0,
    },
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
