/**
 * Turns what the schema complains about into findings that name the place, the thing at fault and
 * the remedy.
 * The keys that would have been right come from the schema itself, by way of its JSON Schema.
 */
import { z } from 'zod';
import type { FindingCode } from '../kernel/error-codes/catalogue.ts';
import { type ConfigPath, type Reporter } from '../settings/finding.ts';
import { sinkKinds } from '../sinks/sinks.ts';

/**
 * Reports all issues of one parse.
 *
 * @param value  what was parsed, for the names of jobs
 * @param at     where it lies in the document; the paths of the issues are below it
 */
export function reportIssues(
  error: z.ZodError,
  schema: z.ZodType,
  value: unknown,
  report: Reporter,
  at: ConfigPath = [],
): void {
  const place = { value, at };
  for (const issue of error.issues) {
    const path = issue.path as ConfigPath;
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) reportUnknownKey([...path, key], schema, place, report);
      continue;
    }
    if (issue.code === 'invalid_key') {
      const message = issue.issues[0]?.message ?? 'bad key';
      report.error(
        [...at, ...path],
        'CONFIG_VALUE',
        `${describeWhere(path.slice(0, -1), place)}: ${message}`,
      );
      continue;
    }
    const message = describe(issue, path, place);
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
 * Whether a key that is not supported may be left out; not in a sink's entry, which would then send
 * without its credentials.
 */
export function isDroppable(issue: z.core.$ZodIssue): boolean {
  const isInSink = issue.path.length > 1 && sinkKinds.some(({ key }) => key === issue.path[0]);
  return isUnsupported(issue) && !isInSink;
}

/** What was parsed, and where it lies in the document. */
interface IssuePosition {
  readonly value: unknown;
  readonly at: ConfigPath;
}

function describe(issue: z.core.$ZodIssue, path: ConfigPath, place: IssuePosition): string {
  const key = path.at(-1);
  if (isMissing(issue, place.value))
    return `missing key "${String(key)}" in ${describeWhere(path.slice(0, -1), place)}`;
  const message = issue.message.startsWith('Invalid input: ')
    ? issue.message.slice('Invalid input: '.length).replace(', received', ', got')
    : issue.message;
  if (typeof key !== 'string') return `${describeWhere(path, place)}: ${message}`;
  return `"${key}" in ${describeWhere(path.slice(0, -1), place)}: ${message}`;
}

/** Whether a key that must be there is absent from what was parsed. */
function isMissing({ code, path }: z.core.$ZodIssue, value: unknown): boolean {
  return (
    (code === 'invalid_type' || code === 'invalid_union') &&
    typeof path.at(-1) === 'string' &&
    valueAt(value, path as ConfigPath) === undefined
  );
}

function reportUnknownKey(
  path: ConfigPath,
  schema: z.ZodType,
  place: IssuePosition,
  report: Reporter,
): void {
  const key = String(path.at(-1));
  const parent = path.slice(0, -1);
  const known = knownKeys(schema, parent);
  const guess = nearest(key, known);
  const remedy = guess === undefined ? '' : `; did you mean "${guess}"?`;
  const message = `unknown key "${key}" in ${describeWhere(parent, place)}${remedy}`;
  report.error([...place.at, ...path], 'CONFIG_UNKNOWN_KEY', message);
}

/** `scrape_configs[0] ("ecs")`; the top of the file for no path. */
function describeWhere(path: ConfigPath, { value, at }: IssuePosition): string {
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

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
}

/** Made once for each schema: it is the dear part of telling an unknown key. */
const jsonSchemas = new WeakMap<z.ZodType, JsonSchema>();

function makeJsonSchema(schema: z.ZodType): JsonSchema {
  const made =
    jsonSchemas.get(schema) ??
    (z.toJSONSchema(schema, {
      io: 'input',
      unrepresentable: 'any',
      reused: 'inline',
    }) as JsonSchema);
  jsonSchemas.set(schema, made);
  return made;
}

function knownKeys(schema: z.ZodType, path: ConfigPath): string[] {
  let level: JsonSchema[] = flatten(makeJsonSchema(schema));
  for (const step of path) {
    level = level.flatMap((one) => {
      const next =
        typeof step === 'number'
          ? one.items
          : (one.properties?.[step] ??
            (typeof one.additionalProperties === 'object' ? one.additionalProperties : undefined));
      return next === undefined ? [] : flatten(next);
    });
  }
  return level.flatMap((one) => Object.keys(one.properties ?? {}));
}

function flatten(schema: JsonSchema): JsonSchema[] {
  return [schema, ...[...(schema.anyOf ?? []), ...(schema.allOf ?? [])].flatMap(flatten)];
}

/**
 * The known key that is so close that it must have been meant: at most a third of its letters
 * differ.
 */
export function nearest(key: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  const farthest = Math.max(1, Math.floor(key.length / 4));
  for (const one of known) {
    if (Math.abs(one.length - key.length) > farthest) continue;
    const distance = editDistance(key, one);
    if (distance < bestDistance) [best, bestDistance] = [one, distance];
  }
  return bestDistance <= farthest ? best : undefined;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
