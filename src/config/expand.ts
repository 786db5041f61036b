/**
 * `${env:NAME}` and `${env:NAME:-default}` in the values of a configuration, and in those of the OpenTelemetry Collector
 * also `${NAME}` and `$$`. A value that is one reference as a whole is read as YAML afterwards, as the Collector does.
 * Not in a Prometheus configuration's own `$1` and `${1}`, which are relabelling's.
 * Source: https://opentelemetry.io/docs/collector/configuration/#environment-variables
 */
import { parse } from 'yaml';

type Env = Readonly<Record<string, string | undefined>>;

export interface Expansion {
  readonly value: unknown;
  /** Names that the environment lacks and that have no default. */
  readonly missing: readonly string[];
}

const NAME = '[A-Za-z_][A-Za-z0-9_]*';
const PROMETHEUS = new RegExp(`\\$\\{env:(${NAME})(?::-([^}]*))?\\}`, 'g');
const COLLECTOR = new RegExp(`\\$\\$|\\$\\{(?:env:)?(${NAME})(?::-([^}]*))?\\}`, 'g');

export function expand(value: unknown, env: Env, dialect: 'prometheus' | 'collector'): Expansion {
  const missing = new Set<string>();
  const pattern = dialect === 'collector' ? COLLECTOR : PROMETHEUS;
  const text = (given: string): unknown => {
    let isWhole = false;
    const expanded = given.replaceAll(
      pattern,
      (match: string, name: string | undefined, fallback: string | undefined) => {
        if (name === undefined) return '$';
        isWhole = match === given;
        const found = env[name] ?? fallback;
        if (found === undefined) missing.add(name);
        return found ?? '';
      },
    );
    // Numbers, durations and lists may come from the environment too.
    return isWhole ? readYaml(expanded) : expanded;
  };
  const walk = (one: unknown): unknown => {
    if (typeof one === 'string') return one.includes('$') ? text(one) : one;
    if (Array.isArray(one)) return one.map(walk);
    if (typeof one !== 'object' || one === null) return one;
    return Object.fromEntries(Object.entries(one).map(([key, inner]) => [key, walk(inner)]));
  };
  return { value: walk(value), missing: [...missing] };
}

function readYaml(text: string): unknown {
  try {
    return parse(text) as unknown;
  } catch {
    return text;
  }
}
