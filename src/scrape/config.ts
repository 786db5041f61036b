/**
 * What a scrape job is told: resolved values, defaults filled in, rules compiled, secrets read. Making it from YAML is
 * config/'s work. Immutable; a changed job is a new value.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config
 */
import { type RelabelRule } from '../relabel/relabel.ts';

export interface ScrapeLimits {
  /** Bytes of a body after inflating. Prometheus has no limit by default; ours is BODY_SIZE_LIMIT_BYTES. */
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
}

export interface BasicAuth {
  readonly username: string;
  /** Asked for each scrape, so that a rotated secret is taken up. */
  readonly password: () => string;
}

export interface Authorization {
  /** `Bearer` unless set. */
  readonly type: string;
  readonly credentials: () => string;
}

/** One entry of scrape_configs. */
export interface ScrapeConfig {
  readonly jobName: string;
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
  /** Content-Type missing or unknown: read as text 0.0.4, or fail the scrape as Prometheus 3 does. */
  readonly fallbackToText: boolean;
  readonly relabelRules: readonly RelabelRule[];
  readonly metricRelabelRules: readonly RelabelRule[];
  readonly limits: ScrapeLimits;
  /** At most one of the two. */
  readonly basicAuth?: BasicAuth | undefined;
  readonly authorization?: Authorization | undefined;
  /** More request headers, as configured under http_headers. */
  readonly headers: Readonly<Record<string, string>>;
  /** Lets this job scrape the metadata and credential addresses of ECS and EC2, which is refused otherwise. */
  readonly allowMetadataAddresses: boolean;
}

/** The default body limit, 16 MiB: vmagent's; a hostile or broken target must not take all memory. */
export const BODY_SIZE_LIMIT_BYTES = 16 * 1024 * 1024;

/** The limits of a job that sets none. */
export const DEFAULT_LIMITS: ScrapeLimits = {
  bodySizeBytes: BODY_SIZE_LIMIT_BYTES,
  samples: 0,
  labels: 0,
  labelNameBytes: 0,
  labelValueBytes: 0,
  targets: 0,
};

/** A job with Prometheus' defaults, except for the body limit and the fallback to text, which are ours. */
export function scrapeConfigOf(
  set: Partial<ScrapeConfig> & Pick<ScrapeConfig, 'jobName'>,
): ScrapeConfig {
  const scrapeIntervalMs = set.scrapeIntervalMs ?? 60_000;
  return {
    metricsPath: '/metrics',
    scheme: 'http',
    params: {},
    honorLabels: false,
    honorTimestamps: true,
    trackTimestampsStaleness: false,
    enableCompression: true,
    fallbackToText: true,
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
