/**
 * Turns the issues of a schema into findings, which name the path, the fault and the remedy.
 */
import type * as z from 'zod';
import type { FindingCode } from '../kernel/error-codes/catalogue.ts';
import { type ConfigPath, type Reporter } from '../settings/finding.ts';
import { sinkKinds } from '../sinks/sinks.ts';
import { nearest } from './nearest.ts';
import { listKnownKeys } from './schema-nodes.ts';

/** How many unknown keys are compared with the known ones; for more, nothing is suggested. */
const GUESSES_MAX = 100;
/** A key that is known in more places than that tells nothing of where it belongs. */
const HOMES_MAX = 3;

/**
 * Reports all issues of one parse.
 *
 * @param value  what was parsed; its job names appear in the messages
 * @param at     path of the value in the document; the paths of the issues are below it
 */
export function reportIssues(
  issues: readonly z.core.$ZodIssue[],
  schema: z.ZodType,
  value: unknown,
  report: Reporter,
  at: ConfigPath = [],
): void {
  const root = { value, at };
  let guesses = 0;
  for (const issue of issues) {
    const path = issue.path as ConfigPath;
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        const remedy = guesses++ < GUESSES_MAX ? suggestKey(key, path, schema, root) : '';
        const message = `unknown key "${key}" in ${describeWhere(path, root)}${remedy}`;
        report.error([...at, ...path, key], 'CONFIG_UNKNOWN_KEY', message);
      }
      continue;
    }
    if (issue.code === 'invalid_key') {
      const message = issue.issues[0]?.message ?? 'bad key';
      report.error(
        [...at, ...path],
        'CONFIG_VALUE',
        `${describeWhere(path.slice(0, -1), root)}: ${message}`,
      );
      continue;
    }
    const message = describe(issue, path, root) + suggestColon(issue, schema, value);
    if (isDroppable(issue)) report.lacks([...at, ...path], message);
    else report.error([...at, ...path], chooseCode(issue, value), message);
  }
}

function chooseCode(issue: z.core.$ZodIssue, value: unknown): FindingCode {
  if (isUnsupported(issue)) return 'CONFIG_UNSUPPORTED';
  if (issue.code === 'custom' && issue.params?.['code'] === 'CONFIG_UNKNOWN_KEY')
    return 'CONFIG_UNKNOWN_KEY';
  if (isMissing(issue, value)) return 'CONFIG_MISSING_KEY';
  const isOfType = issue.code === 'invalid_type' || issue.code === 'invalid_union';
  return isOfType ? 'CONFIG_TYPE' : 'CONFIG_VALUE';
}

function isUnsupported(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'custom' && issue.params?.['code'] === 'CONFIG_UNSUPPORTED';
}

/**
 * Whether a key that is not supported may be left out. In a sink's entry it may not: the sink could
 * then send without its credentials.
 */
export function isDroppable(issue: z.core.$ZodIssue): boolean {
  const isInSink = issue.path.length > 1 && sinkKinds.some(({ key }) => key === issue.path[0]);
  return isUnsupported(issue) && !isInSink;
}

/** What was parsed, and its path in the document. */
interface ParsedRoot {
  readonly value: unknown;
  readonly at: ConfigPath;
}

function describe(issue: z.core.$ZodIssue, path: ConfigPath, root: ParsedRoot): string {
  const key = path.at(-1);
  if (isMissing(issue, root.value))
    return `missing key "${String(key)}" in ${describeWhere(path.slice(0, -1), root)}`;
  const message = wordsOfIssue(issue.message);
  if (typeof key !== 'string') return `${describeWhere(path, root)}: ${message}`;
  return `"${key}" in ${describeWhere(path.slice(0, -1), root)}: ${message}`;
}

/**
 * Where a mapping should be and a text stands that begins with a key of that mapping, a colon is
 * missing, or the blank behind it. Nothing else of the text is told: it may be a password.
 */
function suggestColon(issue: z.core.$ZodIssue, schema: z.ZodType, value: unknown): string {
  if (issue.code !== 'invalid_type') return '';
  const path = issue.path as ConfigPath;
  const text = valueAt(value, path);
  const [, key = ''] = (typeof text === 'string' && /^(\w+)(?::|\s|$)/.exec(text)) || [];
  if (!listKnownKeys(schema, path).includes(key)) return '';
  return `; is ":" missing after "${key}", or the blank behind it?`;
}

/** What YAML calls the types that the schema library names. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
  null: 'nothing',
};

function wordsOfIssue(message: string): string {
  const types = /^Invalid input: expected (\w+), received (\w+)$/.exec(message);
  if (types !== null) {
    const [wanted = '', found = ''] = types.slice(1).map((type) => TYPE_NAMES[type] ?? type);
    return `expected ${wanted}, got ${found}`;
  }
  return /^Invalid (?:input|option): /.test(message)
    ? message.replace(/^Invalid \w+: /, '').replace(', received', ', got')
    : message;
}

/** Whether the issue is that a required key is absent. */
function isMissing({ code, path }: z.core.$ZodIssue, value: unknown): boolean {
  return (
    (code === 'invalid_type' || code === 'invalid_union') &&
    typeof path.at(-1) === 'string' &&
    valueAt(value, path as ConfigPath) === undefined
  );
}

/** A key that is known there and spelt nearly so, or where else a key of this name stands. */
function suggestKey(key: string, path: ConfigPath, schema: z.ZodType, root: ParsedRoot): string {
  const known = listKnownKeys(schema, path);
  const guess = nearest(key, known);
  if (guess !== undefined) return `; did you mean "${guess}"?`;
  const homes = listHomes(key, path, known, { schema, root });
  const isTold = homes.length > 0 && homes.length <= HOMES_MAX;
  return isTold ? `; it belongs into ${homes.join(' or ')}` : '';
}

/** Where the key is known: one level below, as for an indentation that is too small, or above. */
function listHomes(
  key: string,
  path: ConfigPath,
  siblings: readonly string[],
  { schema, root }: { readonly schema: z.ZodType; readonly root: ParsedRoot },
): string[] {
  const isKnownAt = (at: ConfigPath): boolean => listKnownKeys(schema, at).includes(key);
  const below = siblings.flatMap((sibling) => {
    if (isKnownAt([...path, sibling])) return [`"${sibling}"`];
    return isKnownAt([...path, sibling, 0]) ? [`an entry of "${sibling}"`] : [];
  });
  const parent = path.slice(
    0,
    path.findLastIndex((step) => typeof step === 'string'),
  );
  const isAbove = path.length > 0 && isKnownAt(parent);
  return isAbove ? [...below, describeWhere(parent, root)] : below;
}

/** A path for people, such as `scrape_configs[0] ("ecs")`, or `the top level` for an empty one. */
function describeWhere(path: ConfigPath, { value, at }: ParsedRoot): string {
  const whole = [...at, ...path];
  if (whole.length === 0) return 'the top level';
  const text = whole
    .map((step, index) =>
      typeof step === 'number' ? `[${step}]` : `${index > 0 ? '.' : ''}${step}`,
    )
    .join('');
  const entry = valueAt(value, path.slice(0, 2));
  const name =
    typeof entry === 'object' && entry !== null
      ? ((entry as Record<string, unknown>)['job_name'] ??
        (entry as Record<string, unknown>)['name'])
      : undefined;
  return typeof path[1] === 'number' && name !== undefined
    ? `${text} (${JSON.stringify(name)})`
    : text;
}

function valueAt(value: unknown, path: ConfigPath): unknown {
  let at = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Record<string | number, unknown>)[step];
  }
  return at;
}
