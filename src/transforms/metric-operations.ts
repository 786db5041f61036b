/**
 * The operations of the processor `metricstransform` on one point. Pure.
 * Source: contrib's processor/metricstransformprocessor/operation_*.go
 */
import type { Point } from '../model/point.ts';
import type { SeriesTransform } from '../model/transform.ts';
import { compileTemplate, expandTemplate } from '../relabel/template.ts';
import { matchesLabels, type MetricMatch } from './metric-match.ts';

/** Changes a point; false drops it. */
export type Operation = (point: Point) => boolean;

/**
 * The transform that applies the operations to each series, or to those that are asked for.
 *
 * @param matches  whether a series is meant; every one by default
 */
export function applyOperations(
  identity: string,
  operations: readonly Operation[],
  matches: (point: Point) => boolean = () => true,
): SeriesTransform {
  return {
    identity,
    change: ({ point }) => {
      if (!matches(point)) return 'unchanged';
      return operations.every((operation) => operation(point)) ? 'changed' : 'dropped';
    },
  };
}

/** Sets the name, in which `$1` and `${name}` are groups of the pattern that found the metric. */
export function rename({ include }: MetricMatch, newName: string): Operation {
  if (typeof include === 'string')
    return (point) => {
      point.name = newName;
      return true;
    };
  const template = compileTemplate(newName, include);
  return (point) => {
    const found = include.match(point.name);
    const name = found === undefined ? '' : expandTemplate(template, found);
    point.name = name === '' ? newName : name;
    return true;
  };
}

export interface LabelUpdate {
  readonly label: string;
  readonly newLabel: string | undefined;
  /** New values by old ones. */
  readonly values: ReadonlyMap<string, string>;
}

/** Renames a label and its values, at points whose attributes still match. */
export function updateLabel(match: MetricMatch, update: LabelUpdate): Operation {
  const { label, newLabel = label, values } = update;
  return (point) => {
    const value = point.attributes.get(label);
    if (value === undefined || !matchesLabels(match, point)) return true;
    point.attributes.delete(label);
    point.attributes.set(newLabel, values.get(value) ?? value);
    return true;
  };
}

/** Adds a label to points that lack it. */
export function addLabel(label: string, value: string): Operation {
  return (point) => {
    if (!point.attributes.has(label)) point.attributes.set(label, value);
    return true;
  };
}

/** Drops points whose label has the value; one that lacks the label stays. */
export function deleteLabelValue(label: string, value: string): Operation {
  return (point) => point.attributes.get(label) !== value;
}

/** Multiplies values; of a histogram its sum and its bounds, of a summary nothing. */
export function scaleValue(match: MetricMatch, factor: number): Operation {
  return (point) => {
    if (point.type === 'summary' || !matchesLabels(match, point)) return true;
    const isDistribution = point.type === 'histogram' || point.type === 'gaugehistogram';
    if (isDistribution && point.bound !== undefined) {
      const bound = Number(point.bound.value) * factor;
      const value = Number.isFinite(bound) ? String(bound) : point.bound.value;
      point.bound = { ...point.bound, value };
      return true;
    }
    if (!isDistribution || point.suffix === '' || point.suffix.endsWith('sum'))
      point.scale *= factor;
    return true;
  };
}

/** Keeps the labels that are named; what they then have in common is joined behind this. */
export function keepLabels(names: ReadonlySet<string>): Operation {
  return (point) => {
    for (const name of point.attributes.keys()) if (!names.has(name)) point.attributes.delete(name);
    return true;
  };
}

/** Gives several values of a label one new value. */
export function replaceValues(
  label: string,
  values: ReadonlySet<string>,
  newValue: string,
): Operation {
  return (point) => {
    if (values.has(point.attributes.get(label) ?? '') && point.attributes.has(label))
      point.attributes.set(label, newValue);
    return true;
  };
}

/** Makes attributes of the pattern's groups: by their name, else `$1`; an empty one is none. */
export function labelsOfGroups(
  { include }: MetricMatch,
  submatchCase: 'lower' | 'upper' | undefined,
): Operation {
  if (typeof include === 'string') return () => true;
  const names = new Map([...include.groupNumbers].map(([name, group]) => [group, name]));
  return (point) => {
    for (const [group, text] of (include.match(point.name) ?? []).entries()) {
      if (group === 0 || text === '') continue;
      const lower = submatchCase === 'lower' ? text.toLowerCase() : text;
      const value = submatchCase === 'upper' ? text.toUpperCase() : lower;
      point.attributes.set(names.get(group) ?? `$${group}`, value);
    }
    return true;
  };
}

/** Sets attributes of the resource. */
export function setResource(attributes: ReadonlyMap<string, string>): Operation {
  return (point) => {
    for (const [name, value] of attributes) point.resource.set(name, value);
    return true;
  };
}
