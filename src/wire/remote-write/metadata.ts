/**
 * The metadata of a family, its type, HELP and unit, in the three forms that messages have for it.
 *
 *     1.0    WriteRequest 3 { 1 type  2 name of the family  4 help  5 unit }
 *     2.0    TimeSeries 5   { 1 type  3 help ref  4 unit ref }
 *     queue  TimeSeries 31  { 1 type  2 help  3 unit }            see extras.ts
 *
 * Source: https://github.com/prometheus/prometheus/blob/main/prompb/types.proto,
 * prompb/io/prometheus/write/v2/types.proto
 */
import { SERIES_TYPES, type SeriesType } from '../../model/sample.ts';
import { binary, enumeration, string, uint } from '../protobuf/scalars.ts';
import { defineMessage, field, type MessageValue } from '../protobuf/schema.ts';

/** Field and enum numbers are the same in all three. */
const TYPE = field(1, enumeration(SERIES_TYPES));

export const METRIC_METADATA = defineMessage('MetricMetadata', {
  type: TYPE,
  name: field(2, string),
  help: field(4, string),
  unit: field(5, string),
});
export type MetricMetadata = MessageValue<typeof METRIC_METADATA>;

/** The texts are bytes, since they become symbols of a Request without being decoded. */
export const EXTRA_METADATA = defineMessage('ExtraMetadata', {
  type: TYPE,
  help: field(2, binary),
  unit: field(3, binary),
});

export const METADATA_2 = defineMessage('Metadata', {
  type: TYPE,
  helpRef: field(3, uint),
  unitRef: field(4, uint),
});

/** Suffixes of series names that their family's name lacks, in histograms and summaries. */
const SUFFIXES = /_(?:bucket|sum|count)$/;

/** The name of the family of a series, which 2.0 does not tell. */
export function familyNameOf(metric: string, type: SeriesType): string {
  const isCompound = type === 'histogram' || type === 'gaugehistogram' || type === 'summary';
  return isCompound ? metric.replace(SUFFIXES, '') : metric;
}
