/**
 * What a family is: its type, its HELP and its unit, as messages of remote write say it.
 * Source: https://prometheus.io/docs/specs/prw/remote_write_spec/
 */
import type { SeriesType } from '../../model/sample.ts';

export interface MetricMetadata {
  readonly type: SeriesType;
  readonly name: string;
  readonly help: string;
  readonly unit: string;
}
