/**
 * Checks one operation of the processor `metricstransform` and makes its steps.
 * Source: contrib's processor/metricstransformprocessor/factory.go
 */
import type { ConfigPath, Reporter } from '../../../settings/finding.ts';
import type { MetricMatch } from '../../../transforms/metric-match.ts';
import {
  addLabel,
  deleteLabelValue,
  keepLabels,
  replaceValues,
  scaleValue,
  updateLabel,
} from '../../../transforms/metric-operations.ts';
import type { Step } from '../../../transforms/metrics-transform.ts';
import type { OperationInput } from './metrics-transform-schema.ts';

type Key = keyof OperationInput;

/** The keys that each action uses, and those of them that it needs. */
const KEYS: Readonly<
  Record<OperationInput['action'], { readonly needs: readonly Key[]; readonly may: readonly Key[] }>
> = {
  add_label: { needs: ['new_label', 'new_value'], may: [] },
  update_label: { needs: ['label'], may: ['new_label', 'value_actions'] },
  delete_label_value: { needs: [], may: ['label', 'label_value'] },
  toggle_scalar_data_type: { needs: [], may: [] },
  experimental_scale_value: { needs: ['experimental_scale'], may: [] },
  aggregate_labels: { needs: ['aggregation_type'], may: ['label_set'] },
  aggregate_label_values: {
    needs: ['aggregation_type'],
    may: ['label', 'aggregated_values', 'new_value'],
  },
};

const TOGGLED = 'toggle_scalar_data_type has no effect: a sample in Prometheus has one type';
const VERSION = '{{version}}';

/** The steps in order; undefined when the operation has faults, which are then reported. */
export function resolveOperation(
  operation: OperationInput,
  match: MetricMatch,
  { at, report }: { readonly at: ConfigPath; readonly report: Reporter },
): readonly Step[] | undefined {
  if (!checkKeys(operation, at, report) || !checkVersions(operation, at, report)) return undefined;
  const { label = '', new_label: newLabel, new_value: newValue = '' } = operation;
  const type = operation.aggregation_type ?? 'sum';
  switch (operation.action) {
    case 'add_label':
      return [addLabel(newLabel ?? '', newValue)];
    case 'update_label': {
      const values = new Map(
        (operation.value_actions ?? []).map((one) => [one.value ?? '', one.new_value ?? '']),
      );
      return [updateLabel(match, { label, newLabel, values })];
    }
    case 'delete_label_value':
      return [deleteLabelValue(label, operation.label_value ?? '')];
    case 'toggle_scalar_data_type':
      report.warn([...at, 'action'], TOGGLED);
      return [];
    case 'experimental_scale_value':
      return [scaleValue(match, operation.experimental_scale ?? 1)];
    case 'aggregate_labels':
      return [keepLabels(new Set(operation.label_set)), { aggregates: type }];
    case 'aggregate_label_values': {
      const values = new Set(operation.aggregated_values);
      return [replaceValues(label, values, newValue), { aggregates: type }];
    }
  }
}

function checkKeys(operation: OperationInput, at: ConfigPath, report: Reporter): boolean {
  const { action } = operation;
  const { needs, may } = KEYS[action];
  // An empty value to add is a missing one, as in the Collector.
  const missing = needs.filter((key) => (operation[key] ?? '') === '');
  for (const key of missing) report.error(at, 'CONFIG_VALUE', `${action} needs "${key}"`);
  for (const key of Object.keys(operation))
    if (key !== 'action' && ![...needs, ...may].includes(key as Key))
      report.warn([...at, key], `"${key}" has no effect with action ${action}`, 'key');
  return missing.length === 0;
}

function checkVersions(operation: OperationInput, at: ConfigPath, report: Reporter): boolean {
  const texts: [ConfigPath, string | undefined][] = [
    [['new_value'], operation.new_value],
    ...(operation.value_actions ?? []).map((one, index): [ConfigPath, string | undefined] => [
      ['value_actions', index, 'new_value'],
      one.new_value,
    ]),
  ];
  const versioned = texts.filter(([, text]) => text?.includes(VERSION) === true);
  for (const [path] of versioned)
    report.lacks(
      [...at, ...path],
      `${VERSION} stands for the version of the Collector, which does not run; write a text`,
    );
  return versioned.length === 0;
}
