/**
 * Checks one entry of the processor `metricstransform` and makes its transform. Keys that the
 * entry's action does not use have no effect in the Collector; a warning says so.
 * Source: contrib's processor/metricstransformprocessor/factory.go
 */
import type { Transform } from '../../../model/transform.ts';
import type { SearchRegex } from '../../../relabel/search.ts';
import type { ConfigPath, Reporter } from '../../../settings/finding.ts';
import type { MetricMatch } from '../../../transforms/metric-match.ts';
import { labelsOfGroups, rename } from '../../../transforms/metric-operations.ts';
import { metricsTransform, type Step } from '../../../transforms/metrics-transform.ts';
import { compileActionPattern } from './attribute-actions.ts';
import { resolveOperation } from './metrics-transform-operation.ts';
import type { EntryInput } from './metrics-transform-schema.ts';

/** What of an entry each action uses besides what finds the metrics. */
const USED: Readonly<Record<EntryInput['action'], readonly (keyof EntryInput)[]>> = {
  update: ['new_name', 'operations'],
  insert: ['new_name', 'operations'],
  combine: ['new_name', 'aggregation_type', 'submatch_case', 'operations'],
  group: ['group_resource_labels'],
};
const ALWAYS_USED = ['include', 'match_type', 'experimental_match_labels', 'action'];

const NEEDED: Readonly<Record<EntryInput['action'], readonly (keyof EntryInput)[]>> = {
  update: ['include'],
  insert: ['include', 'new_name'],
  combine: ['include', 'new_name', 'aggregation_type'],
  group: ['include', 'group_resource_labels'],
};

/** Undefined when the entry has faults, which are then reported. */
export function resolveEntry(
  entry: EntryInput,
  at: ConfigPath,
  report: Reporter,
): Transform | undefined {
  const { action } = entry;
  const missing = NEEDED[action].filter((key) => entry[key] === undefined);
  for (const key of missing) report.error(at, 'CONFIG_VALUE', `${action} needs "${key}"`);
  for (const key of Object.keys(entry))
    if (!ALWAYS_USED.includes(key) && !USED[action].includes(key as keyof EntryInput))
      report.warn([...at, key], `"${key}" has no effect with action ${action}`, 'key');
  const match = resolveMatch(entry, at, report);
  if (match === undefined || missing.length > 0) return undefined;
  const operations = action === 'group' ? [] : (entry.operations ?? []);
  const resolved = operations.map((operation, index) =>
    resolveOperation(operation, match, { at: [...at, 'operations', index], report }),
  );
  if (!resolved.every((one) => one !== undefined)) return undefined;
  warnOfPart(entry, at, report);
  return metricsTransform({
    settings: JSON.stringify(entry),
    match,
    action,
    steps: [...beginSteps(entry, match), ...resolved.flat()],
    resource: new Map(Object.entries(entry.group_resource_labels ?? {})),
  });
}

/** What an entry does before its operations. */
function beginSteps(entry: EntryInput, match: MetricMatch): Step[] {
  const { new_name: newName, aggregation_type: type } = entry;
  if (newName === undefined) return [];
  if (entry.action !== 'combine' || type === undefined) return [rename(match, newName)];
  const literally = rename({ ...match, include: '' }, newName);
  return [labelsOfGroups(match, entry.submatch_case), literally, { aggregates: type }];
}

function resolveMatch(
  { include = '', match_type: type, experimental_match_labels: labels = {} }: EntryInput,
  at: ConfigPath,
  report: Reporter,
): MetricMatch | undefined {
  const read = (text: string, key: readonly string[]): string | SearchRegex | undefined =>
    type === 'regexp' ? compileActionPattern(text, [...at, ...key], report) : text;
  const name = read(include, ['include']);
  const wanted = new Map<string, string | SearchRegex>();
  let isWhole = name !== undefined;
  for (const [label, text] of Object.entries(labels)) {
    const value = read(text, ['experimental_match_labels', label]);
    if (value === undefined) isWhole = false;
    else wanted.set(label, value);
  }
  return name === undefined || !isWhole ? undefined : { include: name, labels: wanted };
}

/** Says where an entry with labels to match does more than in the Collector. */
function warnOfPart(entry: EntryInput, at: ConfigPath, report: Reporter): void {
  const { action, experimental_match_labels: labels = {} } = entry;
  if (Object.keys(labels).length === 0 || action === 'insert') return;
  const message =
    action === 'update'
      ? 'a series that matches is changed by itself; the Collector gives a metric a new name, ' +
        'adds, deletes and aggregates only when all series of the metric match'
      : 'series of the metric that do not match stay as they are; the Collector drops them';
  report.warn([...at, 'experimental_match_labels'], message, 'key');
}
