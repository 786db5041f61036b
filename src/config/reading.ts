/**
 * The steps in which a configuration is read, the main file as well as the files it includes: parse
 * the text, expand references, check the value by a schema. All files share one `DocumentReading`.
 * Not here: which files there are (load.ts, scrape-files.ts), what keys mean.
 */
import type * as z from 'zod';
import { type ConfigPath, type Finding, relocated, type Reporter } from '../settings/finding.ts';
import { runGivingWay } from '../kernel/giving-way.ts';
import { type ConfigDocument, readDocumentInSteps } from './document.ts';
import { expand } from './expand.ts';
import { isDroppable, reportIssues } from './issues.ts';
import { findSoundPart } from './sound-part.ts';

export interface DocumentReading {
  /** The findings so far, of all files. */
  readonly findings: Finding[];
  /** The texts of all files so far. */
  readonly texts: string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether parts that can't be done are left out with a warning. */
  readonly allowsPartial: boolean;
  /** Reads `s3:…`, where the caller can. @throws Error for what can't be read */
  readonly readRemote?: ((uri: string) => Promise<string>) | undefined;
}

export interface OpenedDocument {
  readonly document: ConfigDocument;
  readonly report: Reporter;
}

/** Parses a text. Undefined for a text that is not valid YAML; the findings then say why. */
export async function openDocument(
  text: string,
  file: string,
  reading: DocumentReading,
): Promise<OpenedDocument | undefined> {
  const document = await runGivingWay(readDocumentInSteps(text, file));
  reading.findings.push(...document.findings);
  const isFaulty = document.findings.some(({ severity }) => severity === 'error');
  if (document.value === undefined && isFaulty) return undefined;
  return { document, report: makeReporter(document, file, reading) };
}

/** Expands `${env:…}` in a value; a name that the environment lacks is reported at its position. */
export async function expandValue(
  value: unknown,
  { env }: DocumentReading,
  report: Reporter,
): Promise<unknown> {
  const expanded = await runGivingWay(expand(value ?? {}, env));
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
  /** The value that the schema accepted, before its transforms. */
  readonly raw: unknown;
}

/**
 * Checks a value by its schema. Undefined when it has faults, which are then reported. With
 * `allowsPartial`, keys that are not supported are left out.
 *
 * @param at  path of the value in the document
 */
export function parseValue<Schema extends z.ZodType>(
  schema: Schema,
  raw: unknown,
  context: ParseContext,
): Parsed<z.output<Schema>> | undefined {
  return parsePart(schema, raw, context, { issues: (issues) => issues, whole: raw });
}

interface Part {
  /** The issues of the part as those of the whole value. */
  readonly issues: (ofPart: readonly z.core.$ZodIssue[]) => readonly z.core.$ZodIssue[];
  readonly whole: unknown;
}

function parsePart<Schema extends z.ZodType>(
  schema: Schema,
  raw: unknown,
  { allowsPartial, report, at = [] }: ParseContext,
  { issues: move, whole }: Part,
): Parsed<z.output<Schema>> | undefined {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return { data: parsed.data, raw };
  const { issues } = parsed.error;
  reportIssues(move(issues), schema, whole, report, at);
  if (!allowsPartial || !issues.every(isDroppable)) return undefined;
  const rest = structuredClone(raw);
  for (const { path } of issues) remove(rest, path);
  const again = schema.safeParse(rest);
  if (again.success) return { data: again.data, raw: rest };
  reportIssues(move(again.error.issues), schema, whole, report, at);
  return undefined;
}

/** Entries of a long list that are checked between two yields. */
const SLICE_ENTRIES = 20;

/** What a schema accepts of a mapping. */
export interface ParsedMapping<Data> extends Parsed<Data> {
  /** False where the schema refuses a part of it. */
  readonly isWhole: boolean;
  /** For paths in the data. */
  readonly report: Reporter;
}

/**
 * Checks a mapping with one long list, by slices of the list: checking thousands of entries takes
 * seconds. Where it has faults, which are then reported, the data is what is sound (sound-part.ts),
 * so that checks after the schema find what else there is to mend.
 *
 * @param key  of the list; every other key of the schema may be absent
 */
export async function parseLongList<Schema extends z.ZodObject>(
  schema: Schema,
  key: string & keyof z.input<Schema>,
  raw: unknown,
  context: ParseContext,
): Promise<ParsedMapping<z.output<Schema>>> {
  const { report, at = [] } = context;
  const parsed = await runGivingWay(parseSlices(schema, key, raw, context));
  const isWhole = parsed !== undefined;
  const { move, ...part } = isWhole
    ? { ...parsed, move: (path: ConfigPath) => path }
    : await runGivingWay(findSoundPart(schema, raw));
  return { ...part, isWhole, report: relocated(report, (path) => [...at, ...move(path)]) };
}

function* parseSlices<Schema extends z.ZodObject>(
  schema: Schema,
  key: string & keyof z.input<Schema>,
  raw: unknown,
  context: ParseContext,
): Generator<undefined, Parsed<z.output<Schema>> | undefined, undefined> {
  const list = (raw as Readonly<Record<string, unknown>> | null)?.[key];
  if (!Array.isArray(list) || list.length <= SLICE_ENTRIES) return parseValue(schema, raw, context);
  const parts: (Parsed<Record<string, unknown>> | undefined)[] = [];
  for (let from = 0; from < list.length; from += SLICE_ENTRIES) {
    // Other keys are checked with the first slice.
    const others = from === 0 ? (raw as object) : {};
    const part = { ...others, [key]: list.slice(from, from + SLICE_ENTRIES) };
    const issues: Part['issues'] = (ofPart) => ofPart.map((issue) => moveIssue(issue, key, from));
    parts.push(parsePart(schema, part, context, { issues, whole: raw }));
    yield;
  }
  const good = parts.filter((part) => part !== undefined);
  const [first] = good;
  if (good.length < parts.length || first === undefined) return undefined;
  const join = (of: (part: Parsed<Record<string, unknown>>) => unknown): unknown[] =>
    good.flatMap((part) => (of(part) as Readonly<Record<string, unknown[]>>)[key] ?? []);
  return {
    data: { ...first.data, [key]: join(({ data }) => data) } as z.output<Schema>,
    raw: { ...(first.raw as object), [key]: join((part) => part.raw) },
  };
}

/** @param from  the index in the whole list at which the list of the part begins */
function moveIssue(issue: z.core.$ZodIssue, key: string, from: number): z.core.$ZodIssue {
  const [first, index, ...rest] = issue.path;
  return first === key && typeof index === 'number'
    ? { ...issue, path: [first, index + from, ...rest] }
    : issue;
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
    position: { readonly line: number; readonly column: number },
  ): void => void findings.push({ severity, code, file, message, ...position });
  return {
    error: (path, code, message) => {
      const isOfKey = code === 'CONFIG_UNKNOWN_KEY' || code === 'CONFIG_UNSUPPORTED';
      add('error', code, message, document.locate(path, isOfKey ? 'key' : 'value'));
    },
    warn: (path, message, at = 'value') =>
      add('warning', 'CONFIG_NOTE', message, document.locate(path, at)),
    lacks: (path, message) => {
      const at = document.locate(path, 'key');
      if (allowsPartial) add('warning', 'CONFIG_UNSUPPORTED', `left out: ${message}`, at);
      else add('error', 'CONFIG_UNSUPPORTED', `${message}; --allow-partial leaves it out`, at);
    },
    positionOf: (path) => {
      const { line, column } = document.locate(path, 'key');
      return `${file}:${line}:${column}`;
    },
  };
}
