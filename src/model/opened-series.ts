/** A series as an appender is asked for it, for transforms that stand between appenders. Pure. */
import { type LabelSet, labelValue, METRIC_NAME } from './labels.ts';
import type { TransformedSeries } from './open-series.ts';
import { originOf, type SeriesOrigin } from './sample.ts';

export function openedSeries(labels: LabelSet, origin?: SeriesOrigin): TransformedSeries {
  const { family, resource = [] } = origin ?? originOf(labelValue(labels, METRIC_NAME));
  return { labels, family, resource, scale: 1 };
}
