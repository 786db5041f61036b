/**
 * Actions on attributes, as the processors `attributes` and `resource` have them. Attributes are
 * texts here: a scraped label is one, and a number or boolean becomes one in Prometheus.
 * Source: contrib's internal/coreinternal/attraction/attraction.go
 */
import { createHash } from 'node:crypto';
import { formatIdentity, type SeriesTransform } from '../model/transform.ts';
import type { SearchRegex } from '../relabel/search.ts';

export type AttributeAction =
  | {
      readonly action: 'insert' | 'update' | 'upsert';
      readonly key: string;
      /** Of these three the first that is there counts; without any, nothing is done. */
      readonly value?: string | undefined;
      readonly fromAttribute?: string | undefined;
      readonly defaultValue?: string | undefined;
    }
  | {
      readonly action: 'delete' | 'hash';
      /** '' where only the pattern names attributes. */
      readonly key: string;
      readonly pattern?: SearchRegex | undefined;
    }
  | {
      readonly action: 'extract';
      readonly key: string;
      /** Each of its groups has a name, which is that of an attribute. */
      readonly pattern: SearchRegex;
    }
  | {
      readonly action: 'convert';
      readonly key: string;
      readonly to: 'string' | 'int' | 'double';
    };

/** Which metrics the actions apply to. */
export interface MetricSelection {
  readonly includes: (metric: string) => boolean;
  /** Differs for selections that select differently. */
  readonly identity: string;
}

/** The transform of attributes of the metrics that are selected. */
export function attributeActions(
  actions: readonly AttributeAction[],
  selection: MetricSelection,
): SeriesTransform {
  return {
    identity: identify('attributes', actions, selection.identity),
    change: ({ point }) => {
      if (!selection.includes(point.name)) return 'unchanged';
      applyActions(actions, point.attributes);
      return 'changed';
    },
  };
}

/** The transform of the attributes of resources. */
export function resourceActions(actions: readonly AttributeAction[]): SeriesTransform {
  return {
    identity: identify('resource_actions', actions),
    change: ({ point }) => {
      applyActions(actions, point.resource);
      return 'changed';
    },
  };
}

function identify(
  kind: string,
  actions: readonly AttributeAction[],
  selection: string = '',
): string {
  const plain = actions.map((one) =>
    'pattern' in one ? { ...one, pattern: one.pattern?.source } : one,
  );
  return formatIdentity(kind, { actions: JSON.stringify(plain), selection });
}

function applyActions(actions: readonly AttributeAction[], attributes: Map<string, string>): void {
  for (const one of actions) applyAction(one, attributes);
}

function applyAction(one: AttributeAction, attributes: Map<string, string>): void {
  switch (one.action) {
    case 'insert':
    case 'update':
    case 'upsert': {
      const value = one.value ?? attributes.get(one.fromAttribute ?? '') ?? one.defaultValue;
      const mayChange =
        one.action === 'upsert' || attributes.has(one.key) === (one.action === 'update');
      if (value !== undefined && mayChange) attributes.set(one.key, value);
      return;
    }
    case 'delete':
      attributes.delete(one.key);
      for (const name of attributes.keys())
        if (one.pattern?.test(name) === true) attributes.delete(name);
      return;
    case 'hash': {
      hashAttribute(one.key, attributes);
      // A key that the pattern finds too is hashed twice, as in the Collector.
      for (const name of attributes.keys())
        if (one.pattern?.test(name) === true) hashAttribute(name, attributes);
      return;
    }
    case 'extract': {
      const found = one.pattern.match(attributes.get(one.key) ?? '');
      if (found === undefined || !attributes.has(one.key)) return;
      for (const [name, group] of one.pattern.groupNumbers)
        attributes.set(name, found[group] ?? '');
      return;
    }
    case 'convert': {
      const value = attributes.get(one.key);
      if (value !== undefined) attributes.set(one.key, convert(value, one.to));
    }
  }
}

function hashAttribute(name: string, attributes: Map<string, string>): void {
  const value = attributes.get(name);
  if (value !== undefined) attributes.set(name, createHash('sha256').update(value).digest('hex'));
}

const INT64_MAX = 2n ** 63n - 1n;

/** The text of the number that a text is; a text that is none stays. */
function convert(text: string, to: 'string' | 'int' | 'double'): string {
  if (to === 'int' && /^[+-]?\d{1,19}$/.test(text)) {
    const number = BigInt(text.replace(/^\+/, ''));
    return number <= INT64_MAX && number >= -INT64_MAX - 1n ? String(number) : text;
  }
  if (to === 'double' && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) {
    const number = Number(text);
    if (Number.isFinite(number)) return Object.is(number, -0) ? '-0' : String(number);
  }
  return text;
}
