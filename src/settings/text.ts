/**
 * Texts, also where YAML reads something else, and lists.
 * Source:
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#configuration-file
 */
import * as z from 'zod';

/** A text; a number or a boolean becomes one, as in `version: 2`. */
export const textSchema = z
  .union([z.string(), z.number(), z.boolean()], { error: 'expected text' })
  .transform(String)
  .pipe(z.string())
  .meta({ kind: 'text' });

/** An optional text; an empty one counts as absent, as with most of Prometheus' keys. */
export const presentSchema = textSchema
  .transform((text) => (text === '' ? undefined : text))
  .optional();

/** Label names with values; an empty name is refused. */
export const labelsSchema = z.record(z.string().min(1, 'a label name is empty'), textSchema);

/** A list that may be empty. */
export function listOf<Schema extends z.ZodType>(schema: Schema) {
  return z.array(schema, { error: 'expected a list' });
}

/** Splits a text at its commas; blanks around names and empty names are left out. */
export function splitNames(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** Splits `name=value` at its first equals sign; undefined without one, or without a name. */
export function splitPair(text: string): [name: string, value: string] | undefined {
  const equals = text.indexOf('=');
  return equals > 0 ? [text.slice(0, equals), text.slice(equals + 1)] : undefined;
}
