/**
 * The Prometheus dialect: prometheus.yml as a collector understands it. What has no meaning for a collector is
 * accepted, what can't be honoured is refused with a sentence; nothing is ignored silently that would change samples.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/
 */
import { z } from 'zod';
import { type JobDiscovery } from '../discovery/manager.ts';
import {
  durationSchema,
  ignored,
  labelsSchema,
  listOf,
  textSchema,
  unsupported,
} from '../settings/values.ts';
import { isLegacyLabelName } from '../model/labels.ts';
import { type ScrapeConfig } from '../scrape/config.ts';
import { type RemoteWriteConfig } from '../sinks/remote-write/config.ts';
import { type Reporter } from '../settings/finding.ts';
import { remoteWriteSchema, resolveRemoteWrites } from './remote-write.ts';
import {
  resolveDiscovery,
  resolveGlobalTiming,
  resolveScrape,
  scrapeConfigSchema,
  type ScrapeInput,
  sharedShape,
} from './scrape.ts';

const globalSchema = z.strictObject({
  ...sharedShape,
  external_labels: labelsSchema.optional().describe('Added to samples that lack them.'),
  // These belong to rules and queries, which a collector does not run.
  evaluation_interval: durationSchema.optional(),
  rule_query_offset: durationSchema.optional(),
  query_log_file: ignored,
});

export const prometheusSchema = z.strictObject({
  global: globalSchema.optional(),
  scrape_configs: listOf(scrapeConfigSchema).optional(),
  scrape_config_files: listOf(textSchema).optional(),
  remote_write: listOf(remoteWriteSchema).optional(),
  // Go's garbage collector and Prometheus' own store: without meaning here.
  runtime: ignored,
  storage: ignored,
  alerting: unsupported('a collector sends no alerts; remove it and set up the alert manager of the workspace'),
  rule_files: unsupported('a collector evaluates no rules; remove it and load the rules into the workspace'),
  remote_read: unsupported('a collector answers no queries; remove it and query the workspace'),
  tracing: unsupported('traces of the collector itself are not supported; remove it'),
  otlp: unsupported('OTLP is not received by this dialect; remove it'),
}); // prettier-ignore

/** A file of scrape_config_files. */
export const scrapeFileSchema = z.strictObject({
  scrape_configs: listOf(scrapeConfigSchema).optional(),
});

/** What a collector runs by: plain, checked, with all defaults. */
export interface CollectorConfig {
  readonly global: {
    readonly scrapeIntervalMs: number;
    readonly scrapeTimeoutMs: number;
    readonly externalLabels: Readonly<Record<string, string>>;
  };
  /** One per job, unique names, in the order of the file. */
  readonly scrapeConfigs: readonly ScrapeConfig[];
  /** Of each job, in the same order. */
  readonly discovery: readonly JobDiscovery[];
  readonly remoteWrites: readonly RemoteWriteConfig[];
}

/** The jobs of one file, as parsed. */
export interface ScrapeSource {
  readonly inputs: readonly ScrapeInput[];
  /** What was parsed. */
  readonly raw: unknown;
  readonly baseDirectory: string;
  readonly report: Reporter;
}

export interface ResolveOptions {
  readonly input: z.output<typeof prometheusSchema>;
  /** The main file first, then those of scrape_config_files. */
  readonly sources: readonly ScrapeSource[];
  readonly baseDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly report: Reporter;
}

/** Checks what the schema can't (one value against another) and fills in the defaults. */
export function resolvePrometheus(options: ResolveOptions): CollectorConfig {
  const { input, sources, baseDirectory, env, report } = options;
  const global = input.global ?? {};
  const timing = resolveGlobalTiming(global, report);
  const externalLabels = resolveExternalLabels(options);
  const replica = JSON.stringify(externalLabels);
  const scrapeConfigs: ScrapeConfig[] = [];
  const discovery: JobDiscovery[] = [];
  const names = new Set<string>();
  for (const source of sources) {
    source.inputs.forEach((job, index) => {
      const path = ['scrape_configs', index];
      if (names.has(job.job_name))
        source.report.error(
          [...path, 'job_name'],
          'CONFIG_DUPLICATE',
          `job_name "${job.job_name}" is used by another scrape config already; names must be unique`,
        );
      names.add(job.job_name);
      const raw = (source.raw as { scrape_configs?: unknown[] }).scrape_configs?.[index];
      scrapeConfigs.push({ ...resolveScrape(job, global, path, source), replica });
      discovery.push(resolveDiscovery(job, raw, path, source));
    });
  }
  const remoteWrites = resolveRemoteWrites(input.remote_write ?? [], {
    baseDirectory,
    externalLabels,
    env,
    report,
  });
  return { global: { ...timing, externalLabels }, scrapeConfigs, discovery, remoteWrites };
}

function resolveExternalLabels(options: ResolveOptions): Readonly<Record<string, string>> {
  const { input, env, report } = options;
  const isLegacy = input.global?.metric_name_validation_scheme === 'legacy';
  const labels: Record<string, string> = {};
  for (const [name, text] of Object.entries(input.global?.external_labels ?? {})) {
    const path = ['global', 'external_labels', name];
    if (isLegacy && !isLegacyLabelName(name))
      report.error(path, 'CONFIG_VALUE', `${JSON.stringify(name)} is not a valid label name`);
    labels[name] = expandEnvironment(text, env, (variable) =>
      report.warn(path, `environment variable "${variable}" is not set and taken as empty`),
    );
  }
  return labels;
}

/** `$name`, `${name}` and `$$`, as Go's os.Expand reads them. */
export function expandEnvironment(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
  onMissing: (variable: string) => void,
): string {
  return text.replace(
    /\$(?:\$|\{([^}]*)\}|(\w+|[*#@!?-]))/g,
    (whole, braced: string | undefined, bare: string | undefined) => {
      const variable = braced ?? bare;
      if (whole === '$$' || variable === '$') return '$';
      const value = env[variable ?? ''] ?? '';
      if (value === '') onMissing(variable ?? '');
      return value;
    },
  );
}
