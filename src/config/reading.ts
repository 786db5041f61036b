/**
 * One reading of a configuration, of its main file and of those it includes: what all of them
 * share, how a text becomes a value with its references expanded, and how a value goes through a
 * schema.
 * Not here: which files there are (load.ts, scrape-files.ts), what keys mean.
 */
import type { z } from 'zod';
import type { ConfigPath, Finding, Reporter } from '../settings/finding.ts';
import { type ConfigDocument, readDocument } from './document.ts';
import { expand } from './expand.ts';
import { isDroppable, reportIssues } from './issues.ts';

export interface DocumentReading {
  /** Found so far, in all files. */
  readonly findings: Finding[];
  /** All that was read. */
  readonly texts: string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether what can't be done is left out with a warning. */
  readonly allowsPartial: boolean;
}

export interface OpenedDocument {
  readonly document: ConfigDocument;
  readonly report: Reporter;
}

/** Undefined for a text that is no YAML; why is then among the findings. */
export function openDocument(
  text: string,
  file: string,
  reading: DocumentReading,
): OpenedDocument | undefined {
  const document = readDocument(text, file);
  reading.findings.push(...document.findings);
  if (document.findings.length > 0) return undefined;
  return { document, report: makeReporter(document, file, reading) };
}

/** With `${env:…}` replaced; a name that the environment lacks is reported where it stands. */
export function expandValue(
  value: unknown,
  dialect: 'prometheus' | 'collector',
  { env }: DocumentReading,
  report: Reporter,
): unknown {
  const expanded = expand(value ?? {}, env, dialect);
  for (const { name, path } of expanded.missing)
    report.error(
      path,
      'CONFIG_VALUE',
      `the environment has no ${name}; set it, or write \${env:${name}:-default}`,
    );
  return expanded.value;
}

export interface Parsed<Data> {
  readonly data: Data;
  /** What went through the schema. */
  readonly raw: unknown;
}

/**
 * A value by its schema; undefined when it has faults, which are then reported. Where a part will
 * do, keys that are not supported are left out.
 *
 * @param at  where the value lies in the document
 */
export function parseValue<Schema extends z.ZodType>(
  schema: Schema,
  raw: unknown,
  { allowsPartial, report, at = [] }: ParseContext,
): Parsed<z.output<Schema>> | undefined {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return { data: parsed.data, raw };
  reportIssues(parsed.error, schema, raw, report, at);
  const { issues } = parsed.error;
  if (!allowsPartial || !issues.every(isDroppable)) return undefined;
  const rest = structuredClone(raw);
  for (const { path } of issues) remove(rest, path);
  const again = schema.safeParse(rest);
  if (again.success) return { data: again.data, raw: rest };
  reportIssues(again.error, schema, rest, report, at);
  return undefined;
}

export interface ParseContext {
  readonly allowsPartial: boolean;
  readonly report: Reporter;
  readonly at?: ConfigPath;
}

function remove(value: unknown, path: readonly PropertyKey[]): void {
  let owner = value;
  for (const step of path.slice(0, -1)) owner = (owner as Record<PropertyKey, unknown>)[step];
  Reflect.deleteProperty(owner as object, path.at(-1) ?? '');
}

function makeReporter(
  document: ConfigDocument,
  file: string,
  { findings, allowsPartial }: DocumentReading,
): Reporter {
  const add = (
    severity: Finding['severity'],
    code: Finding['code'],
    message: string,
    place: { readonly line: number; readonly column: number },
  ): void => void findings.push({ severity, code, file, message, ...place });
  return {
    error: (path, code, message) => {
      const isOfKey = code === 'CONFIG_UNKNOWN_KEY' || code === 'CONFIG_UNSUPPORTED';
      add('error', code, message, document.locate(path, isOfKey ? 'key' : 'value'));
    },
    warn: (path, message, at = 'value') =>
      add('warning', 'CONFIG_NOTE', message, document.locate(path, at)),
    lacks: (path, message) => {
      const place = document.locate(path, 'key');
      if (allowsPartial) add('warning', 'CONFIG_UNSUPPORTED', `left out: ${message}`, place);
      else add('error', 'CONFIG_UNSUPPORTED', `${message}; --allow-partial leaves it out`, place);
    },
  };
}
