/**
 * relabel_configs, metric_relabel_configs and write_relabel_configs: their schema. What the rules
 * do is in relabel/.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config
 */
import * as z from 'zod';
import { countSchema } from './count.ts';
import { listOf, textSchema } from './text.ts';
import {
  compileRelabelRule,
  type NameScheme,
  RelabelFault,
  type RelabelRule,
} from '../relabel/relabel.ts';
import { type ConfigPath, type Reporter } from './finding.ts';

export const relabelListSchema = listOf(
  z.strictObject(
    {
      source_labels: listOf(textSchema)
        .optional()
        .meta({
          description: 'Labels whose values are joined to the text that regex is held against.',
          examples: [['__name__']],
        }),
      separator: textSchema
        .optional()
        .meta({ description: 'Stands between the joined values.', default: ';' }),
      regex: textSchema
        .optional()
        .meta({ description: 'RE2; must match the whole text.', default: '(.*)' }),
      modulus: countSchema.optional().meta({
        description: 'For hashmod: the hash of the text is taken modulo this.',
        examples: [4],
      }),
      target_label: textSchema
        .optional()
        .describe(
          'Label that is written, for replace, hashmod, lowercase, uppercase, keepequal and ' +
            'dropequal.',
        ),
      replacement: textSchema.optional().meta({
        description: 'What is written; $1 and ${name} are groups of regex.',
        default: '$1',
      }),
      action: textSchema.optional().meta({
        description:
          'replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, ' +
          'lowercase or uppercase.',
        default: 'replace',
      }),
    },
    {
      error: (issue) => (issue.code === 'invalid_type' ? 'empty or null relabel rule' : undefined),
    },
  ),
);

/** Compiles the rules of a list. A rule that is wrong is reported at its position and left out. */
export function compileRules(
  inputs: z.output<typeof relabelListSchema> | undefined,
  scheme: NameScheme,
  path: ConfigPath,
  report: Reporter,
): readonly RelabelRule[] {
  return (inputs ?? []).flatMap((input, index) => {
    try {
      return [compileRelabelRule(input, scheme)];
    } catch (error) {
      if (!(error instanceof RelabelFault)) throw error;
      // A rule that lacks the key is itself the nearest that is in the text.
      report.error([...path, index, error.field], 'CONFIG_VALUE', error.message);
      return [];
    }
  });
}
