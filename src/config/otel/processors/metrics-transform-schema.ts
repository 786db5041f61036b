/**
 * The keys of the processor `metricstransform`.
 * Source: contrib's processor/metricstransformprocessor/config.go
 */
import * as z from 'zod';
import { numberSchema } from '../../../settings/count.ts';
import { listOf, presentSchema, textSchema } from '../../../settings/text.ts';
import { AGGREGATION_TYPES } from '../../../transforms/aggregate-values.ts';

const aggregationSchema = z
  .enum(AGGREGATION_TYPES, { error: `expected one of ${AGGREGATION_TYPES.join(', ')}` })
  .optional();

const factorSchema = numberSchema.pipe(
  z.number().refine((factor) => factor !== 0, 'must not be 0'),
);

const valueActionSchema = z.strictObject({
  value: textSchema.optional().describe('A value of the label.'),
  new_value: textSchema.optional().describe('What it becomes.'),
});

const OPERATIONS = [
  'add_label',
  'update_label',
  'delete_label_value',
  'toggle_scalar_data_type',
  'experimental_scale_value',
  'aggregate_labels',
  'aggregate_label_values',
] as const;

const operationSchema = z.strictObject({
  action: z
    .enum(OPERATIONS, { error: `expected one of ${OPERATIONS.join(', ')}` })
    .describe(
      'add_label where it is not there; update_label, its name and values; delete_label_value, ' +
        'the series that have it; experimental_scale_value; aggregate_labels and ' +
        'aggregate_label_values join series; toggle_scalar_data_type has no effect.',
    ),
  label: presentSchema.describe('The label to update, to aggregate values of, or to delete by.'),
  new_label: presentSchema.describe('The name of the label that is added, or the new name.'),
  new_value: textSchema
    .optional()
    .describe('The value of the label that is added, or of those that are aggregated.'),
  value_actions: listOf(valueActionSchema).optional().describe('update_label: new values.'),
  label_value: textSchema
    .optional()
    .meta({ description: 'delete_label_value: the value of the label.', default: '' }),
  label_set: listOf(textSchema)
    .optional()
    .describe('aggregate_labels: the labels that stay; without any, none does.'),
  aggregated_values: listOf(textSchema)
    .optional()
    .describe('aggregate_label_values: the values that become new_value.'),
  aggregation_type: aggregationSchema.describe(
    'How the values of joined series become one; histograms are added in any case.',
  ),
  experimental_scale: factorSchema.optional().describe('What values are multiplied by.'),
});
export type OperationInput = z.output<typeof operationSchema>;

const entrySchema = z.strictObject({
  include: presentSchema.describe('The name of the metrics, or a regular expression found in it.'),
  match_type: z
    .enum(['strict', 'regexp'], { error: 'expected strict or regexp' })
    .optional()
    .meta({ description: 'How include and the labels are read.', default: 'strict' }),
  experimental_match_labels: z
    .record(z.string(), textSchema)
    .optional()
    .describe('Values of labels, or expressions found in them, that a series must have besides.'),
  action: z
    .enum(['update', 'insert', 'combine', 'group'], {
      error: 'expected one of update, insert, combine, group',
    })
    .describe(
      'update the metrics, insert a changed copy of them, combine them to one, or group them ' +
        'under attributes of the resource.',
    ),
  new_name: presentSchema.describe('The new name; `$1` and `${name}` are groups of include.'),
  group_resource_labels: z
    .record(z.string(), textSchema)
    .optional()
    .describe('group: attributes that the resource gets.'),
  aggregation_type: aggregationSchema.describe('combine: how values become one.'),
  submatch_case: z
    .enum(['lower', 'upper'], { error: 'expected lower or upper' })
    .optional()
    .describe('combine: the case of the values that labels get from groups of include.'),
  operations: listOf(operationSchema).optional().describe('What is done then, in order.'),
});
export type EntryInput = z.output<typeof entrySchema>;

export const metricsTransformSchema = z.strictObject({
  transforms: listOf(entrySchema).optional().describe('What is done, in order.'),
});
