/**
 * Expands `${env:NAME}` and `${env:NAME:-default}` in the values of a Prometheus configuration. A
 * value that consists of one reference is then parsed as YAML. `$1` and `${1}` stay: they belong to
 * relabelling. Not here: the references of a collector configuration (otel/expand.ts).
 */
import { parseForeignYaml } from '../kernel/foreign-yaml.ts';
import type { ConfigPath } from '../settings/finding.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface Expansion {
  readonly value: unknown;
  /** Names that the environment lacks and that have no default, each with its first path. */
  readonly missing: readonly { readonly name: string; readonly path: ConfigPath }[];
}

const REFERENCE = /\$\{env:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/** Values between two yields. */
const SLICE_VALUES = 1_000;

/** Expands all of a value; between two steps other work may be done. */
export function* expand(value: unknown, env: Env): Generator<undefined, Expansion, undefined> {
  const missing = new Map<string, ConfigPath>();
  const expandText = (given: string, path: ConfigPath): unknown => {
    let isWhole = false;
    // Without a brace behind it, each beginning of a reference would be read to the text's end.
    const end = given.lastIndexOf('}') + 1;
    const replaced = given
      .slice(0, end)
      .replaceAll(REFERENCE, (match: string, name: string, fallback: string | undefined) => {
        isWhole = match === given;
        const found = env[name] ?? fallback;
        if (found === undefined && !missing.has(name)) missing.set(name, path);
        return found ?? '';
      });
    const expanded = replaced + given.slice(end);
    // This way numbers and lists may come from the environment too.
    return isWhole ? readYaml(expanded) : expanded;
  };
  let left = SLICE_VALUES;
  function* walk(node: unknown, path: ConfigPath): Generator<undefined, unknown, undefined> {
    if (typeof node === 'string') return node.includes('$') ? expandText(node, path) : node;
    if (typeof node !== 'object' || node === null) return node;
    const entries = Object.entries(node);
    left -= entries.length;
    if (left <= 0) {
      left = SLICE_VALUES;
      yield;
    }
    const isList = Array.isArray(node);
    const expanded: [string, unknown][] = [];
    for (const [key, inner] of entries)
      expanded.push([key, yield* walk(inner, [...path, isList ? Number(key) : key])]);
    return isList ? expanded.map(([, inner]) => inner) : Object.fromEntries(expanded);
  }
  const expanded = yield* walk(value, []);
  return { value: expanded, missing: [...missing].map(([name, path]) => ({ name, path })) };
}

function readYaml(text: string): unknown {
  try {
    return parseForeignYaml(text);
  } catch {
    return text;
  }
}
