/**
 * Drops series whose samples are increases: remote write has no notion of them, and a receiver
 * would take each for a total. A configuration that makes some is told so when it is checked
 * (config/otel/temporality.ts). Pure.
 * Source: contrib's pkg/translator/prometheusremotewrite/helper.go (isValidAggregationTemporality)
 */
import type { SeriesTransform } from '../model/transform.ts';

export const cumulativeOnly: SeriesTransform = {
  identity: 'cumulative_only',
  change: ({ family }) => (family.isDelta === true ? 'dropped' : 'unchanged'),
};
