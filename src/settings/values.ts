/**
 * Schemas of single values as Prometheus' configuration writes them: texts, durations, switches, counts, sizes; and the marks for
 * keys that are known but can't be honoured.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#configuration-file
 */
import { z } from 'zod';
import { parseDurationMs } from '../model/duration.ts';

/** Text, also where YAML reads a number or a boolean: `version: 2`. */
export const textSchema = z
  .union([z.string(), z.number(), z.boolean()], { error: 'expected text' })
  .transform(String)
  .pipe(z.string());

/** Label names and values; an empty name is none. */
export const labelsSchema = z.record(z.string().min(1, 'a label name is empty'), textSchema);

/** A duration in milliseconds, written as `15s`, `1m30s`, `1h`; `0` needs no unit. */
export const durationSchema = z
  .union([z.string(), z.number()], { error: 'expected a duration such as 15s, 1m30s or 1h' })
  .transform((written, context) => {
    const ms = parseDurationMs(String(written));
    if (ms !== undefined) return ms;
    context.addIssue({ code: 'custom', message: describeBadDuration(String(written)) });
    return z.NEVER;
  });

function describeBadDuration(text: string): string {
  if (/^\d+$/.test(text)) return `duration "${text}" has no unit; write ${text}s for seconds`;
  return `${JSON.stringify(text)} is not a duration; write it as 15s, 1m30s or 1h`;
}

const SWITCH: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  [false, false],
  // What YAML 1.1, and so Prometheus, reads as a boolean.
  ...['true', 'True', 'TRUE', 'yes', 'Yes', 'YES', 'on', 'On', 'ON', 'y', 'Y'].map(
    (word) => [word, true] as const,
  ),
  ...['false', 'False', 'FALSE', 'no', 'No', 'NO', 'off', 'Off', 'OFF', 'n', 'N'].map(
    (word) => [word, false] as const,
  ),
]);

export const switchSchema = z
  .union([z.boolean(), z.string()], { error: 'expected true or false' })
  .transform((written, context) => {
    const value = SWITCH.get(written);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: 'expected true or false' });
    return z.NEVER;
  });

/** A whole number, 0 or more. */
export const countSchema = z
  .int({ error: 'expected a whole number' })
  .min(0, 'must not be negative');

export const positiveSchema = countSchema.min(1, 'must be more than 0');

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 2 ** 10,
  MB: 2 ** 20,
  GB: 2 ** 30,
  TB: 2 ** 40,
  PB: 2 ** 50,
  EB: 2 ** 60,
};

/** Bytes, written as `512MB`, powers of 1024; `0` is no limit. */
export const sizeSchema = z
  .union([z.string(), z.number()], { error: 'expected a size such as 15MB' })
  .transform((written, context) => {
    const bytes = parseSize(String(written));
    if (bytes !== undefined) return bytes;
    const message = `${JSON.stringify(String(written))} is not a size; write it as 512KB, 15MB or 1GB`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

function parseSize(text: string): number | undefined {
  if (text === '0') return 0;
  const match = /^(\d+(?:\.\d+)?)\s*(?:([KMGTPE])i?)?B$/.exec(text);
  if (match === null) return undefined;
  const bytes = Number(match[1]) * (UNITS[`${match[2] ?? ''}B`] ?? 1);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/**
 * A key that is known and can't be honoured: whatever is written there is refused with a sentence.
 *
 * @param sentence what to do instead; the key and the place are put before it
 */
export function unsupported(sentence: string) {
  return refused(sentence, 'CONFIG_UNSUPPORTED');
}

/**
 * A key that means something elsewhere: refused as an unknown one is, with where it belongs, and never left out.
 *
 * @param sentence  the key and the place are put before it
 */
export function misplaced(sentence: string) {
  return refused(sentence, 'CONFIG_UNKNOWN_KEY');
}

function refused(message: string, code: 'CONFIG_UNSUPPORTED' | 'CONFIG_UNKNOWN_KEY') {
  return z
    .unknown()
    .superRefine((written, context) => {
      if (written === undefined) return;
      context.addIssue({ code: 'custom', message, params: { code } });
    })
    .transform((): undefined => undefined)
    .optional();
}

/** A key that parses and means nothing to a collector, or nothing that is different here. */
export const ignored = z.unknown().optional();

/** A list that may be empty; `error` says what an entry is, for one that is null or of another type. */
export function listOf<Schema extends z.ZodType>(schema: Schema) {
  return z.array(schema, { error: 'expected a list' });
}
