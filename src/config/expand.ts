/**
 * Expands `${env:NAME}` and `${env:NAME:-default}` in the values of a configuration, and in the
 * OpenTelemetry Collector's dialect also `${NAME}` and `$$`. A value that consists of one reference
 * is then parsed as YAML, as the Collector does. `$1` and `${1}` in a Prometheus configuration
 * stay: they belong to relabelling.
 * Source: https://opentelemetry.io/docs/collector/configuration/#environment-variables
 */
import { parse } from 'yaml';
import type { ConfigPath } from '../settings/finding.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface Expansion {
  readonly value: unknown;
  /** Names that the environment lacks and that have no default, each with its first path. */
  readonly missing: readonly { readonly name: string; readonly path: ConfigPath }[];
}

const NAME = '[A-Za-z_][A-Za-z0-9_]*';
const PROMETHEUS = new RegExp(`\\$\\{env:(${NAME})(?::-([^}]*))?\\}`, 'g');
const COLLECTOR = new RegExp(`\\$\\$|\\$\\{(?:env:)?(${NAME})(?::-([^}]*))?\\}`, 'g');

export function expand(value: unknown, env: Env, dialect: 'prometheus' | 'collector'): Expansion {
  const missing = new Map<string, ConfigPath>();
  const pattern = dialect === 'collector' ? COLLECTOR : PROMETHEUS;
  const expandText = (given: string, path: ConfigPath): unknown => {
    let isWhole = false;
    const expanded = given.replaceAll(
      pattern,
      (match: string, name: string | undefined, fallback: string | undefined) => {
        if (name === undefined) return '$';
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
