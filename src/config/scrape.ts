/**
 * One scrape_config as plain values, with the defaults of `global` filled in. Its keys are in
 * scrape-schema.ts.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config
 */
import { resolve } from 'node:path';
import { type JobDiscovery } from '../discovery/manager.ts';
import {
  type DiscoveryEntry,
  type MechanismKey,
  mechanismOf,
  mechanisms,
} from '../discovery/mechanisms.ts';
import { formatDurationMs } from '../model/duration.ts';
import { BODY_SIZE_LIMIT_BYTES, type ScrapeConfig, makeScrapeConfig } from '../scrape/config.ts';
import { type ConfigPath, type Reporter } from '../settings/finding.ts';
import { resolveHttpClient } from '../settings/http-client.ts';
import { warnBareSeconds } from '../settings/refresh-interval.ts';
import { compileRules } from '../settings/relabel.ts';
import {
  DEFAULT_PROTOCOLS,
  kindOfProtocol,
  type ScrapeProtocol,
} from '../wire/exposition/negotiation.ts';
import type { SourcePlan } from './plan.ts';
import { type ScrapeInput, type SharedInput, sharedShape } from './scrape-schema.ts';

export interface ScrapeContext {
  readonly baseDirectory: string;
  readonly report: Reporter;
}

/** The interval and timeout of `global`; reports a timeout above the interval. */
export function resolveGlobalTiming(
  global: SharedInput,
  report: Reporter,
): { readonly scrapeIntervalMs: number; readonly scrapeTimeoutMs: number } {
  const scrapeIntervalMs = global.scrape_interval || 60_000;
  const scrapeTimeoutMs = global.scrape_timeout || Math.min(10_000, scrapeIntervalMs);
  if (scrapeTimeoutMs > scrapeIntervalMs)
    report.error(
      ['global', 'scrape_timeout'],
      'CONFIG_VALUE',
      `scrape_timeout ${formatDurationMs(scrapeTimeoutMs)} is more than scrape_interval ` +
        formatDurationMs(scrapeIntervalMs),
    );
  return { scrapeIntervalMs, scrapeTimeoutMs };
}

export interface SourceContext {
  /** Id of the source, unique in the plan; the job's name when absent. */
  readonly id?: string;
  readonly global: SharedInput;
  /** Path of the job in the document. */
  readonly path: ConfigPath;
  readonly source: ScrapeContext;
  /** They differ between replicas, which therefore scrape a target at different moments. */
  readonly externalLabels: Readonly<Record<string, string>>;
}

/** Makes a source of a job. @param raw  the job before it went through the schema */
export function resolveSource(
  input: ScrapeInput,
  raw: unknown,
  { id = input.job_name, global, path, source, externalLabels }: SourceContext,
): SourcePlan {
  const replica = JSON.stringify(externalLabels);
  return {
    id,
    scrape: { ...resolveScrape(input, global, path, source), id, replica },
    discovery: { ...resolveDiscovery(input, raw, path, source), job: id },
    position: source.report.positionOf(path),
  };
}

/** Fills in a job from its own keys, then from `global`, then from the defaults. */
function resolveScrape(
  input: ScrapeInput,
  global: SharedInput,
  path: ConfigPath,
  context: ScrapeContext,
): ScrapeConfig {
  const { report } = context;
  const merged: SharedInput = { ...global, ...pickDefined(input) };
  const nameScheme = merged.metric_name_validation_scheme ?? 'utf8';
  const rules = (key: 'relabel_configs' | 'metric_relabel_configs') =>
    compileRules(input[key], nameScheme, [...path, key], report);
  noteDifferences(merged, path, report);
  const http = resolveHttpClient(input, { ...context, path });
  return makeScrapeConfig({
    jobName: input.job_name,
    ...resolveTiming(input, global, path, report),
    ...definedValues({
      metricsPath: input.metrics_path,
      scheme: input.scheme,
      params: input.params,
      honorLabels: input.honor_labels,
      honorTimestamps: input.honor_timestamps,
      trackTimestampsStaleness: input.track_timestamps_staleness,
      enableCompression: input.enable_compression,
      allowMetadataAddresses: input.allow_metadata_addresses,
    }),
    limits: {
      bodySizeBytes: merged.body_size_limit || BODY_SIZE_LIMIT_BYTES,
      samples: merged.sample_limit ?? 0,
      labels: merged.label_limit ?? 0,
      labelNameBytes: merged.label_name_length_limit ?? 0,
      labelValueBytes: merged.label_value_length_limit ?? 0,
      targets: merged.target_limit ?? 0,
      keptDropped: merged.keep_dropped_targets ?? 0,
      histogramBuckets: input.native_histogram_bucket_limit ?? 0,
    },
    protocols: merged.scrape_protocols ?? defaultProtocols(merged),
    escaping:
      merged.metric_name_escaping_scheme ??
      (nameScheme === 'legacy' ? 'underscores' : 'allow-utf-8'),
    hasLegacyNames: nameScheme === 'legacy',
    fallback: kindOfProtocol(input.fallback_scrape_protocol ?? 'PrometheusText0.0.4'),
    histograms: {
      isNative: merged.scrape_native_histograms ?? false,
      alwaysClassic: merged.always_scrape_classic_histograms ?? false,
      convertsClassic: merged.convert_classic_histograms_to_nhcb ?? false,
      minBucketFactor: input.native_histogram_min_bucket_factor ?? 0,
    },
    hasExtraMetrics: merged.extra_scrape_metrics ?? false,
    followRedirects: input.follow_redirects ?? true,
    failureLogFile:
      (merged.scrape_failure_log_file ?? '') === ''
        ? undefined
        : resolve(context.baseDirectory, merged.scrape_failure_log_file ?? ''),
    connection: http.connection,
    relabelRules: rules('relabel_configs'),
    metricRelabelRules: rules('metric_relabel_configs'),
    basicAuth: http.basicAuth,
    authorization: http.authorization,
    headers: http.headers,
  });
}

/** Leaves out keys that are undefined, so that they don't hide defaults. */
function definedValues<Values extends object>(
  values: Values,
): { [Key in keyof Values]?: Exclude<Values[Key], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Values]?: Exclude<Values[Key], undefined>;
  };
}

/**
 * The discovery of a job, in the order of the table; says where a bare number was taken as seconds.
 */
function resolveDiscovery(
  input: ScrapeInput,
  raw: unknown,
  path: ConfigPath,
  context: ScrapeContext,
): Omit<JobDiscovery, 'job'> {
  const entries: DiscoveryEntry[] = [];
  for (const { key } of mechanisms) {
    (input[key] ?? []).forEach((config: unknown, index) => {
      mechanismOf(key).check?.(config, { ...context, path: [...path, key, index] });
      entries.push({ key, config } as DiscoveryEntry);
    });
    noteRefreshIntervals(key, raw, path, context.report);
  }
  return { entries, baseDirectory: context.baseDirectory };
}

function noteRefreshIntervals(
  key: MechanismKey,
  raw: unknown,
  path: ConfigPath,
  report: Reporter,
): void {
  const list = (raw as Record<string, unknown> | undefined)?.[key];
  if (!Array.isArray(list)) return;
  list.forEach((entry: unknown, index) => {
    const written = (entry as Record<string, unknown> | null)?.['refresh_interval'];
    warnBareSeconds(written, [...path, key, index, 'refresh_interval'], report);
  });
}

function resolveTiming(
  input: ScrapeInput,
  global: SharedInput,
  path: ConfigPath,
  report: Reporter,
): { scrapeIntervalMs: number; scrapeTimeoutMs: number } {
  const defaults = {
    intervalMs: global.scrape_interval || 60_000,
    timeoutMs: global.scrape_timeout || 10_000,
  };
  const scrapeIntervalMs = input.scrape_interval || defaults.intervalMs;
  const scrapeTimeoutMs = input.scrape_timeout || Math.min(defaults.timeoutMs, scrapeIntervalMs);
  if (scrapeTimeoutMs > scrapeIntervalMs)
    report.error(
      [...path, 'scrape_timeout'],
      'CONFIG_VALUE',
      `scrape_timeout ${formatDurationMs(scrapeTimeoutMs)} of job "${input.job_name}" is more ` +
        `than its scrape_interval ${formatDurationMs(scrapeIntervalMs)}`,
    );
  return { scrapeIntervalMs, scrapeTimeoutMs };
}

/** Reports keys that do not do here what they do in Prometheus. */
function noteDifferences(merged: SharedInput, path: ConfigPath, report: Reporter): void {
  const protocols = merged.scrape_protocols ?? [];
  const repeated = protocols.find((one, index) => protocols.indexOf(one) !== index);
  const at = [...path, 'scrape_protocols'];
  if (repeated !== undefined)
    report.error(at, 'CONFIG_DUPLICATE', `scrape_protocols names ${repeated} twice`);
  const isNative = merged.scrape_native_histograms === true;
  if (isNative && protocols.length > 0 && !protocols.includes('PrometheusProto'))
    report.warn(at, 'without PrometheusProto no target sends native histograms');
  const isLegacy = merged.metric_name_validation_scheme === 'legacy';
  if (isLegacy && merged.metric_name_escaping_scheme === 'allow-utf-8')
    report.error(
      [...path, 'metric_name_escaping_scheme'],
      'CONFIG_VALUE',
      'metric_name_escaping_scheme cannot be allow-utf-8 where metric_name_validation_scheme is ' +
        'legacy',
    );
  if (merged.body_size_limit === 0)
    report.warn(
      [...path, 'body_size_limit'],
      `a body is never unlimited: 0 is taken as ${BODY_SIZE_LIMIT_BYTES / 2 ** 20}MB`,
    );
}

/** Protobuf comes first where native histograms are wanted: no other format carries them. */
function defaultProtocols(merged: SharedInput): readonly ScrapeProtocol[] {
  return merged.scrape_native_histograms === true
    ? ['PrometheusProto', ...DEFAULT_PROTOCOLS]
    : DEFAULT_PROTOCOLS;
}

/** The shared keys that a job sets itself. */
function pickDefined(input: ScrapeInput): SharedInput {
  const keys = Object.keys(sharedShape) as (keyof SharedInput)[];
  return Object.fromEntries(
    keys.filter((key) => input[key] !== undefined).map((key) => [key, input[key]]),
  ) as SharedInput;
}
