/**
 * Actions on the attributes of spans, and of their resource, as the processors `attributes` and
 * `resource` have them. Values keep their types; those that are written in a configuration are
 * texts. Pure.
 * Source: contrib's internal/coreinternal/attraction/{attraction,hasher,type_converter}.go
 */
import { createHash } from 'node:crypto';
import { formatIdentity } from '../../model/transform.ts';
import type { AnyValue, KeyValue } from '../../wire/otlp/attribute-tables.ts';
import type { SpanTransform } from '../../wire/otlp/span-transform.ts';
import { readSpanAttributes, stringifyDocument } from '../../wire/segments/attributes.ts';
import type { AttributeAction } from '../attribute-actions.ts';
import { changeResource } from './resource.ts';

type Values = Map<string, AnyValue | undefined>;

/** The transform of the attributes of all spans. */
export function spanActions(name: string, actions: readonly AttributeAction[]): SpanTransform {
  return {
    name,
    identity: identify('span_actions', actions),
    change: (all) => ({
      ...all,
      scopeSpans: all.scopeSpans.map((scope) => ({
        ...scope,
        spans: scope.spans.map((span) => ({ ...span, attributes: apply(actions, span.attributes) })),
      })),
    }),
  };
} // prettier-ignore

/** The transform of the attributes of their resources. */
export function spanResourceActions(
  name: string,
  actions: readonly AttributeAction[],
): SpanTransform {
  return {
    name,
    identity: identify('span_resource_actions', actions),
    change: (all) => changeResource(all, (attributes) => apply(actions, attributes)),
  };
}

function identify(kind: string, actions: readonly AttributeAction[]): string {
  const plain = actions.map((one) =>
    'pattern' in one ? { ...one, pattern: one.pattern?.source } : one,
  );
  return formatIdentity(kind, { actions: JSON.stringify(plain) });
}

function apply(actions: readonly AttributeAction[], given: readonly KeyValue[]): KeyValue[] {
  const values: Values = new Map(given.map(({ key, value }) => [key, value]));
  for (const one of actions) applyAction(one, values);
  return [...values].map(([key, value]) => ({ key, value }));
}

function applyAction(one: AttributeAction, values: Values): void {
  switch (one.action) {
    case 'insert':
    case 'update':
    case 'upsert': {
      const mayChange =
        one.action === 'upsert' || values.has(one.key) === (one.action === 'update');
      if (mayChange) putValue(one, values);
      return;
    }
    case 'delete':
      values.delete(one.key);
      for (const name of values.keys()) if (one.pattern?.test(name) === true) values.delete(name);
      return;
    case 'hash':
      hashValue(one.key, values);
      // A key that the pattern finds too is hashed twice, as in the Collector.
      for (const name of values.keys())
        if (one.pattern?.test(name) === true) hashValue(name, values);
      return;
    case 'extract': {
      const value = values.get(one.key)?.value;
      const found = value?.is === 'text' ? one.pattern.match(value.value) : undefined;
      if (found === undefined) return;
      for (const [name, group] of one.pattern.groupNumbers)
        values.set(name, makeText(found[group] ?? ''));
      return;
    }
    case 'convert': {
      const value = values.get(one.key);
      if (value !== undefined) values.set(one.key, convert(value, one.to));
    }
  }
}

function putValue(
  one: Extract<AttributeAction, { action: 'insert' | 'update' | 'upsert' }>,
  values: Values,
): void {
  const { key, value, fromAttribute = '', defaultValue } = one;
  if (value !== undefined) values.set(key, makeText(value));
  else if (values.has(fromAttribute)) values.set(key, values.get(fromAttribute));
  else if (defaultValue !== undefined) values.set(key, makeText(defaultValue));
}

function makeText(value: string): AnyValue {
  return { value: { is: 'text', value } };
}

/** What is no text, number or boolean becomes an empty text, as in the Collector. */
function hashValue(name: string, values: Values): void {
  if (!values.has(name)) return;
  const bytes = readBytes(values.get(name));
  const hash = bytes && createHash('sha256').update(bytes).digest('hex');
  values.set(name, makeText(hash ?? ''));
}

function readBytes(any: AnyValue | undefined): Buffer | undefined {
  const value = any?.value;
  const bytes = Buffer.alloc(8);
  switch (value?.is) {
    case 'text':
      return Buffer.from(value.value);
    case 'boolean':
      return Buffer.from([value.value ? 1 : 0]);
    case 'whole':
      bytes.writeBigInt64LE(BigInt(value.value));
      return bytes;
    case 'double':
      bytes.writeDoubleLE(value.value);
      return bytes;
    default:
      return undefined;
  }
}

const INT64_MAX = 2n ** 63n - 1n;

/** A value that cannot become one of that type stays. */
function convert(any: AnyValue, to: 'string' | 'int' | 'double'): AnyValue {
  const { value } = any;
  if (value === undefined) return any;
  if (to === 'string') return value.is === 'text' ? any : makeText(describe(any));
  if (value.is === 'boolean') return makeNumber(value.value ? 1 : 0, to);
  if (value.is === 'whole' || value.is === 'double') return makeNumber(value.value, to);
  if (value.is !== 'text') return any;
  if (to === 'int') {
    if (!/^[+-]?\d{1,19}$/.test(value.value)) return any;
    const exact = BigInt(value.value.replace(/^\+/, ''));
    if (exact > INT64_MAX || exact < -INT64_MAX - 1n) return any;
    return makeNumber(Number.isSafeInteger(Number(exact)) ? Number(exact) : exact, to);
  }
  const isNumber = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(value.value);
  return isNumber ? makeNumber(Number(value.value), to) : any;
}

function makeNumber(number: number | bigint, to: 'int' | 'double'): AnyValue {
  if (to === 'double') return { value: { is: 'double', value: Number(number) } };
  const isWhole = typeof number === 'bigint' || Number.isFinite(number);
  if (!isWhole) return { value: { is: 'double', value: number } };
  const value = typeof number === 'bigint' ? number : Math.trunc(number);
  return { value: { is: 'whole', value } };
}

/** The text of a value: that of JSON for lists and maps. */
function describe(value: AnyValue): string {
  const plain = readSpanAttributes([{ key: '', value }]).get('');
  if (typeof plain === 'string' || typeof plain === 'boolean') return String(plain);
  if (typeof plain === 'number' || typeof plain === 'bigint') return String(plain);
  return stringifyDocument({ plain }).slice('{"plain":'.length, -1);
}
