/**
 * The labels of events: those of a point and its resource as fields of JSON, with where the events
 * go and what dimensions they have. Made once for a series and found again by its label set. Pure.
 */
import type { LabelSet } from '../../model/labels.ts';
import { EMF_NAME_LENGTH_MAX } from '../../wire/emf/limits.ts';
import { findDimensionFault } from '../../wire/emf/targets.ts';
import type { EventSettings } from './config.ts';
import { type ChooseDimensions, type DimensionRules, SCOPE_LABEL } from './dimensions.ts';
import type { LabelCache } from './label-cache.ts';
import type { FillName } from './placeholders.ts';

export interface EventLabels {
  readonly namespace: string;
  readonly group: string;
  readonly stream: string;
  /** Placeholders of group and stream for which nothing was found. */
  readonly missing: readonly string[];
  readonly values: ReadonlyMap<string, string>;
  /** Members of JSON, without braces; '' without labels. */
  readonly json: string;
  /** Whether metrics are kept for each second. */
  readonly isHighResolution: boolean;
  readonly choose: ChooseDimensions;
}

/** What is the same for all labels of a resource. */
export interface EventResource {
  readonly attributes: ReadonlyMap<string, string>;
  readonly namespace: string;
  /** Whether it says that Prometheus' receiver has read it. */
  readonly isOfPrometheus: boolean;
  readonly labels: LabelCache<EventLabels>;
}

export interface EventLabelRules {
  readonly settings: EventSettings;
  readonly dimensions: DimensionRules;
  readonly fillGroup: FillName;
  readonly fillStream: FillName;
  /** Members of the root that labels may not have. */
  readonly reserved: ReadonlySet<string>;
}

const SCOPE = 'otel_scope_';
const SCOPE_NAME = 'otel_scope_name';
/** An attribute of a point that is no label. */
const RESOLUTION = 'aws.emf.storage_resolution';

export function makeEventLabels(
  attributes: LabelSet,
  resource: EventResource,
  rules: EventLabelRules,
): EventLabels {
  const { settings, reserved } = rules;
  const labels = openLabels(attributes, resource, settings);
  const isHighResolution = labels.get(RESOLUTION) === '1';
  labels.delete(RESOLUTION);
  const unfit = new Map<string, string>();
  const members: string[] = [];
  const names = [...labels.keys()].sort();
  const values = new Map<string, string>();
  for (const name of names) {
    if (reserved.has(name)) continue;
    let value = labels.get(name) ?? '';
    let json = JSON.stringify(value);
    if (settings.jsonLabels.includes(name)) {
      const parsed = parseJson(value);
      if (typeof parsed === 'string') value = parsed;
      else if (parsed !== undefined) unfit.set(name, 'is JSON');
      if (parsed !== undefined) json = JSON.stringify(parsed);
    }
    values.set(name, value);
    members.push(`${JSON.stringify(name)}:${json}`);
    const fault = findFault(name, value);
    if (fault !== undefined) unfit.set(name, fault);
  }
  const group = rules.fillGroup(resource.attributes, values);
  const stream = rules.fillStream(resource.attributes, values);
  return {
    namespace: resource.namespace,
    group: group.name,
    stream: stream.name,
    missing: [...new Set([...group.missing, ...stream.missing])],
    values,
    json: members.join(','),
    isHighResolution,
    choose: rules.dimensions.open({ names: [...values.keys()], values, unfit }),
  };
}

function openLabels(
  attributes: LabelSet,
  resource: EventResource,
  settings: EventSettings,
): Map<string, string> {
  const labels = new Map<string, string>();
  for (const { name, value } of attributes) {
    if (name === SCOPE_NAME) labels.set(SCOPE_LABEL, value);
    else if (!name.startsWith(SCOPE)) labels.set(name, value);
  }
  if (settings.copiesResource)
    for (const [name, value] of resource.attributes) labels.set(name, value);
  for (const [from, to] of settings.renamedLabels) {
    const value = labels.get(from);
    if (value === undefined) continue;
    labels.delete(from);
    if (!labels.has(to)) labels.set(to, value);
  }
  return labels;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Why CloudWatch takes a label for no dimension. */
function findFault(name: string, value: string): string | undefined {
  if (name.length > EMF_NAME_LENGTH_MAX)
    return `has a name of more than ${EMF_NAME_LENGTH_MAX} characters`;
  if (name.trim() === '') return 'has a blank name';
  return findDimensionFault(name, value);
}
