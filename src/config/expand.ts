/**
 * `${env:NAME}` and `${env:NAME:-default}` in the values of a configuration, and in those of the
 * OpenTelemetry Collector also `${NAME}` and `$$`. A value that is one reference as a whole is read
 * as YAML afterwards, as the Collector does. Not in a Prometheus configuration's own `$1` and
 * `${1}`, which are relabelling's.
 * Source: https://opentelemetry.io/docs/collector/configuration/#environment-variables
 */
import { parse } from 'yaml';
import type { ConfigPath } from '../settings/finding.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface Expansion {
  readonly value: unknown;
  /** What the environment lacks and has no default, each name at its first place. */
  readonly missing: readonly { readonly name: string; readonly path: ConfigPath }[];
}

const NAME = '[A-Za-z_][A-Za-z0-9_]*';
const PROMETHEUS = new RegExp(`\\$\\{env:(${NAME})(?::-([^}]*))?\\}`, 'g');
const COLLECTOR = new RegExp(`\\$\\$|\\$\\{(?:env:)?(${NAME})(?::-([^}]*))?\\}`, 'g');

export function expand(value: unknown, env: Env, dialect: 'prometheus' | 'collector'): Expansion {
  const missing = new Map<string, ConfigPath>();
  const pattern = dialect === 'collector' ? COLLECTOR : PROMETHEUS;
  const text = (given: string, path: ConfigPath): unknown => {
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
    // Numbers, durations and lists may come from the environment too.
    return isWhole ? readYaml(expanded) : expanded;
  };
  const walk = (one: unknown, path: ConfigPath): unknown => {
    if (typeof one === 'string') return one.includes('$') ? text(one, path) : one;
    if (Array.isArray(one)) return one.map((inner, index) => walk(inner, [...path, index]));
    if (typeof one !== 'object' || one === null) return one;
    return Object.fromEntries(
      Object.entries(one).map(([key, inner]) => [key, walk(inner, [...path, key])]),
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
