/**
 * A series while OTTL works on it. Attributes may hold any value until the end; then they become
 * the texts that labels are. Pure.
 */
import { closePoint, openPoint, type Point } from '../point.ts';
import type { TransformedSeries } from '../../model/transform.ts';
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

/** Opens a series. Changes do not reach the series. */
export function openSubject(series: TransformedSeries): Subject {
  const point = openPoint(series);
  return {
    point,
    attributes: new Map(point.attributes),
    resource: new Map(point.resource),
    caches: openCaches(),
  };
}

export function openCaches(): Subject['caches'] {
  return { resource: new Map(), metric: new Map(), datapoint: new Map() };
}

export function closeSubject({ point, attributes, resource }: Subject): TransformedSeries {
  return closePoint({ ...point, attributes: toTexts(attributes), resource: toTexts(resource) });
}

function toTexts(values: ValueMap): Map<string, string> {
  return new Map([...values].map(([key, value]) => [key, textOfValue(value) ?? '']));
}
