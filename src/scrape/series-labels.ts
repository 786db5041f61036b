/**
 * Turns the labels that a target exposes into those of the series: target labels, clashes,
 * metric_relabel_configs, limits. Runs once for each series, not for each sample.
 * Source: prometheus/scrape/scrape.go (mutateSampleLabels, resolveConflictingExposedLabels,
 * verifyLabelLimits)
 */
import { PermanentError } from '../kernel/errors.ts';
import {
  formatLabelSet,
  isLegacyLabelName,
  isLegacyMetricName,
  type LabelSet,
  makeLabelSet,
  METRIC_NAME,
} from '../model/labels.ts';
import { relabel } from '../relabel/relabel.ts';
import { type ScrapeConfig, type ScrapeLimits } from './config.ts';

/**
 * The labels of an exposed series; undefined when metric relabelling drops it.
 *
 * @throws PermanentError when no metric name is left or a limit is broken; the scrape then fails
 */
export function buildSeriesLabels(
  exposed: readonly (readonly [string, string])[],
  targetLabels: LabelSet,
  config: Pick<ScrapeConfig, 'honorLabels' | 'metricRelabelRules' | 'limits' | 'hasLegacyNames'>,
): LabelSet | undefined {
  const labels = new Map(exposed);
  addTargetLabels(labels, targetLabels, config.honorLabels);
  // Rules see no empty labels, since an empty label means an absent one.
  for (const [name, value] of labels) if (value === '') labels.delete(name);
  if (!relabel(labels, config.metricRelabelRules)) return undefined;
  const set = makeLabelSet(labels);
  if (set.length === 0) return undefined;
  if (!labels.has(METRIC_NAME))
    throw new PermanentError(
      'SCRAPE_NO_NAME',
      `metric_relabel_configs leave series ${formatLabelSet(set)} without a metric name; ` +
        'keep "__name__" or drop the series',
    );
  if (config.hasLegacyNames) checkLegacyNames(set);
  checkLabelLimits(set, config.limits);
  return set;
}

/**
 * Adds the target's labels. Where a name clashes, the exposed label is renamed to `exported_…`; if
 * it is honoured, it stays and the target's is left out.
 */
function addTargetLabels(
  labels: Map<string, string>,
  targetLabels: LabelSet,
  isHonored: boolean,
): void {
  const clashes: [string, string][] = [];
  for (const { name, value } of targetLabels) {
    const exposed = labels.get(name);
    if (isHonored && exposed !== undefined) continue;
    if (exposed !== undefined && exposed !== '') clashes.push([name, exposed]);
    labels.set(name, value);
  }
  for (const [name, value] of clashes.sort(([a], [b]) => a.length - b.length)) {
    let free = `exported_${name}`;
    while ((labels.get(free) ?? '') !== '') free = `exported_${free}`;
    labels.set(free, value);
  }
}

function checkLegacyNames(labels: LabelSet): void {
  const odd = labels.find(({ name, value }) =>
    name === METRIC_NAME ? !isLegacyMetricName(value) : !isLegacyLabelName(name),
  );
  if (odd === undefined) return;
  throw new PermanentError(
    'SCRAPE_NAME',
    `series ${formatLabelSet(labels).slice(0, 200)} has a name that ` +
      'metric_name_validation_scheme legacy does not allow; rename it by ' +
      'metric_relabel_configs or allow utf8',
  );
}

function checkLabelLimits(labels: LabelSet, limits: ScrapeLimits): void {
  const fail = (limit: string, what: string): never => {
    throw new PermanentError(
      'SCRAPE_LABEL_LIMIT',
      `series ${formatLabelSet(labels).slice(0, 200)} has ${what}; raise ${limit} or drop it ` +
        'by metric_relabel_configs',
    );
  };
  if (limits.labels > 0 && labels.length > limits.labels)
    fail('label_limit', `${labels.length} labels where ${limits.labels} are allowed`);
  if (limits.labelNameBytes === 0 && limits.labelValueBytes === 0) return;
  for (const { name, value } of labels) {
    if (limits.labelNameBytes > 0 && Buffer.byteLength(name) > limits.labelNameBytes)
      fail(
        'label_name_length_limit',
        `a label name of more than ${limits.labelNameBytes} bytes, ` +
          JSON.stringify(name.slice(0, 50)),
      );
    if (limits.labelValueBytes > 0 && Buffer.byteLength(value) > limits.labelValueBytes)
      fail(
        'label_value_length_limit',
        `a value of more than ${limits.labelValueBytes} bytes in label ${JSON.stringify(name)}`,
      );
  }
}
