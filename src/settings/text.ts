/**
 * Texts, as YAML may have read them, and lists of them.
 * Source:
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#configuration-file
 */
import { z } from 'zod';

/** Text, also where YAML reads a number or a boolean: `version: 2`. */
export const textSchema = z
  .union([z.string(), z.number(), z.boolean()], { error: 'expected text' })
  .transform(String)
  .pipe(z.string())
  .meta({ kind: 'text' });

/** Text of a key that is absent when it is empty, as Prometheus has most of its keys. */
export const presentSchema = textSchema
  .transform((text) => (text === '' ? undefined : text))
  .optional();

/** Label names and values; an empty name is none. */
export const labelsSchema = z.record(z.string().min(1, 'a label name is empty'), textSchema);

/** A list that may be empty. */
export function listOf<Schema extends z.ZodType>(schema: Schema) {
  return z.array(schema, { error: 'expected a list' });
}

/** The names in a text, separated by commas, with blanks around them or none. */
export function splitNames(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** `name=value` at its first equals sign; undefined where there is none, or no name before it. */
export function splitPair(text: string): [name: string, value: string] | undefined {
  const equals = text.indexOf('=');
  return equals > 0 ? [text.slice(0, equals), text.slice(equals + 1)] : undefined;
}
