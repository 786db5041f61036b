/** The metric of candidates that are no targets, which all mechanisms on AWS share. */
import type { Gauge, Family, Registry } from '../kernel/metrics.ts';

export function registerNotTargets(metrics: Registry): Family<Gauge> {
  return metrics.gauges(
    'amperage_sd_not_targets',
    'Containers, tasks or instances that are not targets, by reason.',
  );
}
