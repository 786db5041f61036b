/**
 * relabel_configs, metric_relabel_configs and write_relabel_configs: shapes here, meaning in
 * relabel/.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config
 */
import { z } from 'zod';
import { countSchema } from './count.ts';
import { listOf, textSchema } from './text.ts';
import { compileRelabelRule, type NameScheme, type RelabelRule } from '../relabel/relabel.ts';
import { type ConfigPath, type Reporter } from './finding.ts';

export const relabelListSchema = listOf(
  z.strictObject(
    {
      source_labels: listOf(textSchema).optional().describe('Labels whose values are joined.'),
      separator: textSchema.optional().describe('Put between the values; ";" by default.'),
      regex: textSchema.optional().describe('RE2, must match the whole text; "(.*)" by default.'),
      modulus: countSchema.optional().describe('For hashmod.'),
      target_label: textSchema.optional(),
      replacement: textSchema.optional().describe('"$1" by default.'),
      action: textSchema.optional().describe('replace by default.'),
    },
    {
      error: (issue) => (issue.code === 'invalid_type' ? 'empty or null relabel rule' : undefined),
    },
  ),
);

/** Compiles the rules of a list; what is wrong with one is reported at its place. */
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
      const message = error instanceof Error ? error.message : String(error);
      report.error([...path, index], 'CONFIG_VALUE', message);
      return [];
    }
  });
}
