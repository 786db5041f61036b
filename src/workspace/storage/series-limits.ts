/**
 * The limits that a series as a whole must keep, with AMP's reasons and messages. Pure; the limits
 * on how many series there are, and on samples, are memory.ts.
 * Source: https://docs.aws.amazon.com/prometheus/latest/userguide/AMP_quotas.html
 */
import { type LabelSet, labelValue, METRIC_NAME } from '../../model/labels.ts';

export interface SeriesLimits {
  readonly labelsMax: number;
  /** The most UTF-16 units of one label, name and value together. */
  readonly labelBytesMax: number;
}

export interface LimitFault {
  /** One of a bounded set of words: it becomes a label value of a metric. */
  readonly reason: string;
  readonly message: string;
}

/** Returns why a series is refused, undefined when it is not. The labels must be sorted. */
export function findFault(labels: LabelSet, limits: SeriesLimits): LimitFault | undefined {
  const name = labelValue(labels, METRIC_NAME);
  if (name === '')
    return { reason: 'missing_metric_name', message: 'received series has no metric name' };
  if (labels.length > limits.labelsMax) {
    return {
      reason: 'max_label_names_per_series',
      message:
        `series has too many labels (actual: ${labels.length}, limit: ${limits.labelsMax}) ` +
        `series: '${name}'`,
    };
  }
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (label === undefined) break;
    if (label.name === '')
      return { reason: 'label_invalid', message: `a label of series '${name}' has no name` };
    if (label.name === labels[i + 1]?.name)
      return {
        reason: 'duplicate_label_names',
        message: `duplicate label name, label: '${label.name}' series: '${name}'`,
      };
    if (label.name.length + label.value.length > limits.labelBytesMax)
      return {
        reason: 'label_value_too_long',
        message:
          `label value too long for metric: '${name.slice(0, 200)}' label: ` +
          `'${label.name.slice(0, 200)}'`,
      };
  }
  return undefined;
}
