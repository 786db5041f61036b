/**
 * A configuration's text → a CollectorPlan, or findings with file, line and column. `${env:X}` is expanded everywhere,
 * `$X` in external_labels only, as Prometheus does. A configuration of the OpenTelemetry Collector is translated first.
 * Not here: what keys mean (prometheus.ts); where the text comes from (sources/); reload.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { type z } from 'zod';
import { filesMatching } from '../discovery/file.ts';
import { ConfigError, messageOf } from '../kernel/errors.ts';
import { isCollectorConfig, translateCollector } from './adot.ts';
import { type ConfigDocument, readDocument } from './document.ts';
import { expand } from './expand.ts';
import {
  type ConfigPath,
  describeFinding,
  type Finding,
  type Reporter,
} from '../settings/finding.ts';
import { reportIssues } from './issues.ts';
import type { CollectorPlan } from './plan.ts';
import {
  prometheusSchema,
  resolvePrometheus,
  scrapeFileSchema,
  type ScrapeSource,
} from './prometheus.ts';

export interface LoadOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface CheckedConfig {
  /** Undefined when there is an error among the findings. */
  readonly plan: CollectorPlan | undefined;
  /** Errors first, each in the order of the text. */
  readonly findings: readonly Finding[];
  /** A digest of all texts that were read: another for a configuration that is written otherwise. */
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
export async function loadConfig(file: string, options: LoadOptions = {}): Promise<LoadedConfig> {
  return goodOf(await checkConfigFile(file, options), file);
}

/** As `loadConfig`, for a text at hand. @throws ConfigError */
export async function loadConfigText(
  text: string,
  file: string,
  options: LoadOptions = {},
): Promise<LoadedConfig> {
  return goodOf(await checkConfigText(text, file, options), file);
}

function goodOf({ plan, findings, version, text }: CheckedConfig, file: string): LoadedConfig {
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

/** Reads a file and all it includes; never throws for what is in them. */
export async function checkConfigFile(
  file: string,
  options: LoadOptions = {},
): Promise<CheckedConfig> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    return { plan: undefined, findings: [unreadable(file, error)], version: '', text: '' };
  }
  return checkConfigText(text, file, options);
}

/** The same for a text at hand; `file` names it in findings, its folder is where relative paths start. */
export async function checkConfigText(
  text: string,
  file: string,
  options: LoadOptions = {},
): Promise<CheckedConfig> {
  const findings: Finding[] = [];
  const main = open(text, file, prometheusSchema, findings, options.env ?? process.env);
  const texts = [text];
  const versionNow = (): string => createHash('sha256').update(texts.join('\0')).digest('hex');
  if (main === undefined) return { plan: undefined, findings, version: versionNow(), text };
  const sources = await readSources(main, file, findings, texts, options.env ?? process.env);
  const plan = resolvePrometheus({
    input: main.data,
    sources,
    baseDirectory: dirname(resolve(file)),
    env: options.env ?? process.env,
    report: main.report,
  });
  findings.sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column);
  const errors = findings.filter((finding) => finding.severity === 'error');
  const warnings = findings.filter((finding) => finding.severity === 'warning');
  return {
    plan: errors.length > 0 ? undefined : plan,
    findings: [...errors, ...warnings],
    version: versionNow(),
    text,
  };
}

interface Opened<Data> {
  readonly data: Data;
  readonly raw: unknown;
  readonly report: Reporter;
}

/** Parses one file by its schema; undefined when it has faults, which are then among the findings. */
function open<Schema extends z.ZodType>(
  text: string,
  file: string,
  schema: Schema,
  findings: Finding[],
  env: NonNullable<LoadOptions['env']>,
): Opened<z.output<Schema>> | undefined {
  const document = readDocument(text, file);
  findings.push(...document.findings);
  if (document.findings.length > 0) return undefined;
  const report = reporterOf(document, file, findings);
  const raw = valueOf(document, report, env);
  const parsed = schema.safeParse(raw);
  if (parsed.success) return { data: parsed.data, raw, report };
  reportIssues(parsed.error, schema, raw, report);
  findings.sort((a, b) => a.line - b.line || a.column - b.column);
  return undefined;
}

/** What the text means: references expanded, and the Collector's form brought to Prometheus'. */
function valueOf(
  { value }: ConfigDocument,
  report: Reporter,
  env: NonNullable<LoadOptions['env']>,
): unknown {
  const isCollector = isCollectorConfig(value);
  const expanded = expand(value ?? {}, env, isCollector ? 'collector' : 'prometheus');
  for (const name of expanded.missing)
    report.error(
      [],
      'CONFIG_VALUE',
      `the environment has no ${name}; set it, or write \${env:${name}:-default}`,
    );
  if (!isCollector) return expanded.value;
  const translated = translateCollector(expanded.value);
  for (const note of translated.notes) report.warn([], `${note} is not taken over`);
  return translated.value;
}

function reporterOf(document: ConfigDocument, file: string, findings: Finding[]): Reporter {
  const place = (path: ConfigPath, code: Finding['code']) =>
    document.locate(
      path,
      code === 'CONFIG_UNKNOWN_KEY' || code === 'CONFIG_UNSUPPORTED' ? 'key' : 'value',
    );
  return {
    error: (path, code, message) =>
      void findings.push({ severity: 'error', code, file, message, ...place(path, code) }),
    warn: (path, message) =>
      void findings.push({
        severity: 'warning',
        code: 'CONFIG_NOTE',
        file,
        message,
        ...place(path, 'CONFIG_NOTE'),
      }),
  };
}

const FILES_MAX = 1_000;

/** The scrape configs of the main file and of the files it includes. */
async function readSources(
  main: Opened<z.output<typeof prometheusSchema>>,
  file: string,
  findings: Finding[],
  texts: string[],
  env: NonNullable<LoadOptions['env']>,
): Promise<readonly ScrapeSource[]> {
  const baseDirectory = dirname(resolve(file));
  const { data, raw, report } = main;
  const sources: ScrapeSource[] = [
    { inputs: data.scrape_configs ?? [], raw, baseDirectory, report },
  ];
  const seen = new Set<string>();
  for (const [index, pattern] of (data.scrape_config_files ?? []).entries()) {
    const path = ['scrape_config_files', index];
    if (/[*?[]/.test(dirname(pattern)) || /[?[]/.test(basename(pattern))) {
      const message = `path ${JSON.stringify(pattern)} may hold "*" only in its last part`;
      report.error(path, 'CONFIG_VALUE', message);
      continue;
    }
    if (seen.has(pattern))
      report.error(path, 'CONFIG_DUPLICATE', `${JSON.stringify(pattern)} is listed twice`);
    seen.add(pattern);
    const files = await filesMatching([pattern], baseDirectory);
    if (files.length === 0) report.warn(path, `${JSON.stringify(pattern)} matches no file`);
    for (const included of files.slice(0, FILES_MAX)) {
      const source = await readSource(included, findings, texts, env);
      if (source !== undefined) sources.push(source);
    }
  }
  return sources;
}

async function readSource(
  file: string,
  findings: Finding[],
  texts: string[],
  env: NonNullable<LoadOptions['env']>,
): Promise<ScrapeSource | undefined> {
  try {
    const text = await readFile(file, 'utf8');
    texts.push(text);
    const opened = open(text, file, scrapeFileSchema, findings, env);
    if (opened === undefined) return undefined;
    const { data, raw, report } = opened;
    return { inputs: data.scrape_configs ?? [], raw, baseDirectory: dirname(file), report };
  } catch (error) {
    findings.push(unreadable(file, error));
    return undefined;
  }
}

function unreadable(file: string, error: unknown): Finding {
  const { code } = error as NodeJS.ErrnoException;
  const message =
    code === 'ENOENT'
      ? 'the file does not exist; check the path'
      : `the file can't be read: ${messageOf(error)}`;
  return { severity: 'error', code: 'CONFIG_FILE', file, line: 1, column: 1, message };
}
