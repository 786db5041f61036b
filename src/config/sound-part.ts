/**
 * What is left of a mapping without what its schema refuses. The checks after the schema judge it,
 * so that one run tells all faults. Of a job and of `global` only the keys with a fault are left
 * out, of other lists the whole entry: a receiver without its credentials would be another one.
 */
import type * as z from 'zod';
import type { ConfigPath } from '../settings/finding.ts';
import { isMapping } from './mapping.ts';

/** Keys that are judged together: where the first is left out, so is the second. */
const TIED: readonly (readonly [string, string])[] = [
  ['scrape_interval', 'scrape_timeout'],
  ['otlp_receivers', 'otlp'],
];
/** Entries between two yields. */
const SLICE_ENTRIES = 20;

export interface SoundPart<Data> {
  readonly data: Data;
  /** The same before the transforms of the schema. */
  readonly raw: unknown;
  /** From a path in the part to the path in the whole. */
  readonly move: (path: ConfigPath) => ConfigPath;
}

/** @param schema  every key of it may be absent */
export function* findSoundPart<Schema extends z.ZodObject>(
  schema: Schema,
  whole: unknown,
): Generator<undefined, SoundPart<z.output<Schema>>, undefined> {
  const raw: Record<string, unknown> = {};
  const data: Record<string, unknown> = {};
  const lost = new Set<string>();
  const indices = new Map<string, readonly number[]>();
  for (const [key, value] of Object.entries(isMapping(whole) ? whole : {})) {
    if (!Array.isArray(value)) {
      const sound = trim(value, (one) => parseKey(schema, key, one), key === 'global');
      if (sound === undefined) lost.add(key);
      else [raw[key], data[key]] = [sound.raw, sound.data];
      continue;
    }
    const kept: (Sound & { readonly index: number })[] = [];
    for (const [index, entry] of value.entries()) {
      const parse = (one: unknown): Attempt => parseKey(schema, key, [one]);
      const sound = trim(entry, parse, key === 'scrape_configs');
      if (sound === undefined) lost.add(key);
      else kept.push({ ...sound, index });
      if (index % SLICE_ENTRIES === 0) yield;
    }
    raw[key] = kept.map((one) => one.raw);
    data[key] = kept.flatMap((one) => one.data);
    indices.set(
      key,
      kept.map(({ index }) => index),
    );
  }
  for (const [first, second] of TIED) if (lost.has(first)) delete data[second];
  return {
    raw,
    data: data as z.output<Schema>,
    move: ([key, index, ...rest]) => {
      const moved = typeof index === 'number' && indices.get(String(key))?.[index];
      return typeof moved === 'number'
        ? [key ?? '', moved, ...rest]
        : [key, index, ...rest].filter((step) => step !== undefined);
    },
  };
}

interface Sound {
  readonly raw: unknown;
  readonly data: unknown;
}

/** The data, or the paths of the faults below the key; for an entry of a list, below the entry. */
type Attempt = { readonly data: unknown } | { readonly faults: readonly PropertyKey[][] };

function parseKey(schema: z.ZodObject, key: string, value: unknown): Attempt {
  const parsed = schema.safeParse({ [key]: value });
  if (parsed.success) return { data: parsed.data[key] };
  const depth = Array.isArray(value) ? 2 : 1;
  return {
    faults: parsed.error.issues.flatMap(({ path, ...issue }) =>
      (issue.code === 'unrecognized_keys' ? issue.keys : [undefined]).map((unknown) =>
        [...path, unknown].filter((step) => step !== undefined).slice(depth),
      ),
    ),
  };
}

/** Without the keys that have faults. Undefined where that does not help, or may not be done. */
function trim(
  value: unknown,
  parse: (value: unknown) => Attempt,
  mayLoseKeys: boolean,
): Sound | undefined {
  const first = parse(value);
  if ('data' in first) return { raw: value, data: first.data };
  if (!mayLoseKeys || !isMapping(value)) return undefined;
  const rest = { ...value };
  for (const [key] of first.faults) if (key !== undefined) Reflect.deleteProperty(rest, key);
  for (const [one, other] of TIED)
    if (one in value && !(one in rest)) Reflect.deleteProperty(rest, other);
  const again = parse(rest);
  return 'data' in again ? { raw: rest, data: again.data } : undefined;
}
