/**
 * Makes a CollectorPlan of a configuration's text, or findings with file, line and column.
 * `${env:X}` is expanded everywhere (expand.ts, otel/expand.ts); `$X` only in external_labels, as
 * Prometheus does.
 * Not here: what keys mean (prometheus.ts, and otel/ for the OpenTelemetry Collector's dialect);
 * where the text comes from (sources/); reload.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ConfigError } from '../kernel/errors.ts';
import { runGivingWay } from '../kernel/giving-way.ts';
import { describeFinding, type Finding } from '../settings/finding.ts';
import { isAgentConfig, reportAgentConfig } from './agent-config.ts';
import { isCollectorConfig } from './otel/sections.ts';
import { type CollectorPlan, routePushes } from './plan.ts';
import { prometheusSchema, resolvePrometheus } from './prometheus.ts';
import { reportEmptyKeys } from './empty-keys.ts';
import { reportQuoted } from './quoted-values.ts';
import {
  expandValue,
  openDocument,
  type OpenedDocument,
  parseLongList,
  type DocumentReading,
} from './reading.ts';
import { unreadable, withScrapeFiles } from './scrape-files.ts';

export interface ConfigLoadOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Whether parts that can't be done are left out with a warning; by default they are errors. */
  readonly allowPartial?: boolean;
  /** The id of a source that no configuration has: its metrics go where those of jobs go. */
  readonly pushes?: string | undefined;
  /** Reads `${s3:…}` of a collector configuration; without it such a reference is an error. */
  readonly readRemote?: (uri: string) => Promise<string>;
}

export interface CheckedConfig {
  /** Undefined when there is an error among the findings. */
  readonly plan: CollectorPlan | undefined;
  /** The errors, then the warnings, both in the order of the text. */
  readonly findings: readonly Finding[];
  /** A digest of all texts that were read. */
  readonly version: string;
  /** The text of the main file. */
  readonly text: string;
}

export interface LoadedConfig {
  readonly plan: CollectorPlan;
  readonly warnings: readonly Finding[];
  readonly version: string;
  readonly text: string;
}

/**
 * Reads a file and all it includes.
 *
 * @throws ConfigError for the first error, saying how many more there are
 */
export async function loadConfig(
  file: string,
  options: ConfigLoadOptions = {},
): Promise<LoadedConfig> {
  return keepGood(await checkConfigFile(file, options), file);
}

/** The same as `loadConfig`, for a text that the caller has. @throws ConfigError */
export async function loadConfigText(
  text: string,
  file: string,
  options: ConfigLoadOptions = {},
): Promise<LoadedConfig> {
  return keepGood(await checkConfigText(text, file, options), file);
}

function keepGood({ plan, findings, version, text }: CheckedConfig, file: string): LoadedConfig {
  const errors = findings.filter((finding) => finding.severity === 'error');
  const [first] = errors;
  if (first !== undefined) {
    const more =
      errors.length > 1 ? ` (and ${errors.length - 1} more; see "amperage check config")` : '';
    throw new ConfigError(first.code, `${describeFinding(first)}${more}`);
  }
  if (plan === undefined) throw new Error(`BUG: ${file} gave neither a configuration nor an error`);
  return { plan, warnings: findings, version, text };
}

/** Reads a file and all it includes. Never throws: faults are among the findings. */
export async function checkConfigFile(
  file: string,
  options: ConfigLoadOptions = {},
): Promise<CheckedConfig> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    return { plan: undefined, findings: [unreadable(file, error)], version: '', text: '' };
  }
  return checkConfigText(text, file, options);
}

/**
 * The same as `checkConfigFile`, for a text that the caller has.
 *
 * @param file  names the text in findings; relative paths start at its folder
 */
export async function checkConfigText(
  text: string,
  file: string,
  options: ConfigLoadOptions = {},
): Promise<CheckedConfig> {
  const reading: DocumentReading = {
    findings: [],
    texts: [text],
    env: options.env ?? process.env,
    allowsPartial: options.allowPartial ?? false,
    readRemote: options.readRemote,
  };
  const opened = await openDocument(text, file, reading);
  const baseDirectory = dirname(resolve(file));
  const plan =
    opened && (await makePlan(opened, { ...reading, baseDirectory, pushes: options.pushes }));
  const { findings, texts } = reading;
  findings.sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column);
  const errors = findings.filter((finding) => finding.severity === 'error');
  const warnings = findings.filter((finding) => finding.severity === 'warning');
  return {
    plan: errors.length > 0 ? undefined : plan,
    findings: [...errors, ...warnings],
    version: createHash('sha256').update(texts.join('\0')).digest('hex'),
    text,
  };
}

interface PlanContext extends DocumentReading, Pick<ConfigLoadOptions, 'pushes'> {
  readonly baseDirectory: string;
}

async function makePlan(
  { document, report }: OpenedDocument,
  { baseDirectory, pushes, ...reading }: PlanContext,
): Promise<CollectorPlan | undefined> {
  const { env, allowsPartial } = reading;
  const whole = await runGivingWay(document.convertWithNulls());
  if (isAgentConfig(whole)) {
    reportAgentConfig(whole, report);
    return undefined;
  }
  if (isCollectorConfig(whole)) {
    const { expandReferences, planCollector } = await import('./otel/collector.ts');
    const expanded = await expandReferences(whole, { ...reading, report });
    const { value } = expanded;
    const plan = await planCollector(value, { baseDirectory, reading, report: expanded.report });
    return plan && pushes !== undefined ? routePushes(plan, pushes) : plan;
  }
  await reportQuoted(prometheusSchema, document, report);
  await reportEmptyKeys(prometheusSchema, document, report);
  const value = await expandValue(document.value, reading, report);
  const context = { allowsPartial, report };
  const parsed = await parseLongList(prometheusSchema, 'scrape_configs', value, context);
  const { data: input, raw } = parsed;
  const common = { baseDirectory, report: parsed.report };
  const main = { inputs: input.scrape_configs ?? [], raw, ...common };
  const sources = await withScrapeFiles(main, input.scrape_config_files, reading);
  return resolvePrometheus({ input, sources, env, pushes, ...common });
}
