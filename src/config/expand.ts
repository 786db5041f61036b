/**
 * Expands `${env:NAME}` and `${env:NAME:-default}` in the values of a Prometheus configuration. A
 * value that consists of one reference is then parsed as YAML. `$1` and `${1}` stay: they belong to
 * relabelling. Not here: the references of a collector configuration (otel/expand.ts).
 */
import { parse } from 'yaml';
import type { ConfigPath } from '../settings/finding.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface Expansion {
  readonly value: unknown;
  /** Names that the environment lacks and that have no default, each with its first path. */
  readonly missing: readonly { readonly name: string; readonly path: ConfigPath }[];
}

const REFERENCE = /\$\{env:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

export function expand(value: unknown, env: Env): Expansion {
  const missing = new Map<string, ConfigPath>();
  const expandText = (given: string, path: ConfigPath): unknown => {
    let isWhole = false;
    const expanded = given.replaceAll(
      REFERENCE,
      (match: string, name: string, fallback: string | undefined) => {
        isWhole = match === given;
        const found = env[name] ?? fallback;
        if (found === undefined && !missing.has(name)) missing.set(name, path);
        return found ?? '';
      },
    );
    // This way numbers and lists may come from the environment too.
    return isWhole ? readYaml(expanded) : expanded;
  };
  const walk = (node: unknown, path: ConfigPath): unknown => {
    if (typeof node === 'string') return node.includes('$') ? expandText(node, path) : node;
    if (Array.isArray(node)) return node.map((inner, index) => walk(inner, [...path, index]));
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(
      Object.entries(node).map(([key, inner]) => [key, walk(inner, [...path, key])]),
    );
  };
  const expanded = walk(value, []);
  return { value: expanded, missing: [...missing].map(([name, path]) => ({ name, path })) };
}

function readYaml(text: string): unknown {
  try {
    return parse(text) as unknown;
  } catch {
    return text;
  }
}
