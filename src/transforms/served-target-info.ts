/**
 * A target_info that a target serves itself, kept apart from other series on its way to the
 * transform that makes target_info (target-info.ts): its labels become attributes of its resource,
 * under their own names. Pure.
 * Source: contrib's receiver/prometheusreceiver/internal/transaction.go (AddTargetInfo)
 */
import { METRIC_NAME } from '../model/labels.ts';
import type { SeriesFamily } from '../model/sample.ts';
import type { SeriesTransform } from '../model/transform.ts';

/** The name under which targets serve it. */
export const TARGET_INFO = 'target_info';

/** The family of what a target serves; no other series has this very object. */
export const SERVED_FAMILY: SeriesFamily = { name: TARGET_INFO, type: 'info', unit: '' };

export const servedTargetInfo: SeriesTransform = {
  identity: 'served_target_info',
  change: (series) => {
    const { labels, resource } = series;
    if (labels.get(METRIC_NAME) !== TARGET_INFO) return 'unchanged';
    labels.delete(METRIC_NAME);
    for (const [name, value] of labels) resource.set(name, value);
    labels.clear();
    labels.set(METRIC_NAME, TARGET_INFO);
    series.family = SERVED_FAMILY;
    return 'changed';
  },
};

/** The transform for all series but a served target_info, which passes as it is. */
export function exceptServed(transform: SeriesTransform): SeriesTransform {
  return {
    identity: `except_served ${transform.identity}`,
    change: (series) => (series.family === SERVED_FAMILY ? 'unchanged' : transform.change(series)),
  };
}
