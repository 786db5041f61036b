/** Which aggregate a series of StatsD is, by its type and the settings of the receiver. Pure. */
import {
  type Aggregate,
  bucketsAggregate,
  countingAggregate,
  exponentialAggregate,
  gaugeAggregate,
  pointsAggregate,
  setAggregate,
  summaryAggregate,
} from './aggregates.ts';
import type { StatsdLine } from './line.ts';
import type { StatsdReceiverSettings } from './settings.ts';

export interface Making {
  readonly settings: StatsdReceiverSettings;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/** Undefined for a type that has no observer. */
export function makeAggregate(
  { name, type }: Pick<StatsdLine, 'name' | 'type'>,
  { settings, random }: Making,
): Aggregate | undefined {
  const { isMonotonic, isCumulative, counterType } = settings;
  if (type === 'counter')
    return countingAggregate({ type: counterType, isMonotonic, isCumulative, random });
  if (type === 'gauge') return gaugeAggregate();
  if (type === 'set') return setAggregate();
  const observer = settings.observers[type];
  if (observer === undefined) return undefined;
  if (observer.is === 'gauge') return pointsAggregate();
  if (observer.is === 'summary') return summaryAggregate(observer.percentiles, isCumulative);
  const explicit = observer.explicit.find(({ pattern }) => pattern.test(name));
  return explicit === undefined
    ? exponentialAggregate(observer.bucketsMax, isCumulative)
    : bucketsAggregate(explicit.bounds, isCumulative);
}
