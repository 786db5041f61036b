/**
 * A series while OTTL works on it. Attributes may hold any value until the end; then they become
 * the texts that labels are. Pure.
 */
import { compareUtf8 } from '../../model/labels.ts';
import type { Point } from '../../model/point.ts';
import { textOfValue, type ValueMap } from './value.ts';

/** The contexts of OTTL in which a series can be seen, from the whole to the part. */
export const CONTEXTS = ['resource', 'metric', 'datapoint'] as const;
export type Context = (typeof CONTEXTS)[number];

export interface Subject {
  readonly point: Point;
  readonly attributes: ValueMap;
  readonly resource: ValueMap;
  /** What statements keep for those behind them; one for each context. */
  readonly caches: Readonly<Record<Context, ValueMap>>;
}

/** Opens a point. Changes of attributes reach it when the subject is closed. */
export function openSubject(point: Point): Subject {
  return {
    point,
    attributes: copySorted(point.attributes),
    resource: copySorted(point.resource),
    caches: openCaches(),
  };
}

export function openCaches(): Subject['caches'] {
  return { resource: new Map(), metric: new Map(), datapoint: new Map() };
}

export function closeSubject({ point, attributes, resource }: Subject): void {
  writeTexts(attributes, point.attributes);
  writeTexts(resource, point.resource);
}

/** Some functions of OTTL depend on the order of attributes, so that it is always the same. */
function copySorted(texts: ReadonlyMap<string, string>): ValueMap {
  return new Map([...texts].sort(([a], [b]) => compareUtf8(a, b)));
}

function writeTexts(values: ValueMap, texts: Map<string, string>): void {
  texts.clear();
  for (const [key, value] of values) texts.set(key, textOfValue(value) ?? '');
}
