/**
 * Filters of AWS's lists, as Prometheus writes them. The limits are EC2's; RDS knows five names of
 * filters, and publishes no limits.
 */
import * as z from 'zod';
import { listOf, textSchema } from '../settings/text.ts';

export interface AwsFilter {
  readonly name: string;
  readonly values: readonly string[];
}

export const FILTERS_MAX = 50;
export const VALUES_MAX = 200;

export const filtersSchema = listOf(
  z.strictObject({
    name: textSchema
      .pipe(z.string().min(1, 'the name of a filter is empty'))
      .meta({ description: 'Name of the filter.', examples: ['tag:environment'] }),
    values: listOf(textSchema)
      .min(1, 'a filter needs a value')
      .max(VALUES_MAX, `AWS takes at most ${VALUES_MAX} values of a filter`)
      .meta({ description: 'Its values; one of them must fit.', examples: [['prod']] }),
  }),
).max(FILTERS_MAX, `AWS takes at most ${FILTERS_MAX} filters`);
