/**
 * Schemas of keys that are known and have no effect, each with the message or description for it. A
 * key that is in no schema is refused as unknown, with the nearest known one (config/issues.ts).
 */
import * as z from 'zod';

/**
 * A key that is not supported: any value is refused.
 *
 * @param sentence  what to do instead; the key and its position are put before it
 */
export function unsupported(sentence: string) {
  return refused(sentence, 'CONFIG_UNSUPPORTED').meta({ description: sentence, fate: 'refused' });
}

/**
 * A key that is not supported, and whose value is taken where it asks for nothing: an empty list, a
 * mapping of such.
 */
export function unsupportedUnlessEmpty(sentence: string) {
  return z
    .preprocess((written) => (isEmpty(written) ? undefined : written), unsupported(sentence))
    .optional()
    .meta({ description: sentence, fate: 'refused' });
}

function isEmpty(written: unknown): boolean {
  if (Array.isArray(written)) return written.length === 0;
  if (typeof written !== 'object' || written === null) return written === null;
  return Object.values(written).every(isEmpty);
}

/**
 * A key that belongs elsewhere: it is refused like an unknown key, also under `--allow-partial`.
 *
 * @param sentence  where it belongs; the key and its position are put before it
 */
export function misplaced(sentence: string) {
  return refused(sentence, 'CONFIG_UNKNOWN_KEY').meta({ description: sentence, fate: 'misplaced' });
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

/**
 * A key that the code which resolves it refuses, because that depends on more than the key.
 *
 * @param sentence  why, and what to do instead; for the documentation only
 */
export function refusedWhereUsed(sentence: string) {
  return z.unknown().optional().meta({ description: sentence, fate: 'refused' });
}

/**
 * A key that is accepted and has no effect.
 *
 * @param sentence  why it needs none
 */
export function ignored(sentence: string) {
  return z.unknown().optional().meta({ description: sentence, fate: 'idle' });
}

/** The same, for a key whose value is checked all the same. */
export function ignoredValue<Schema extends z.ZodType>(schema: Schema, sentence: string) {
  return schema.optional().meta({ description: sentence, fate: 'idle' });
}
