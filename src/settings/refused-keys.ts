/**
 * Keys that are known and not honoured, each with what is said of them. A key that is in no schema
 * at all is refused as unknown, with the nearest one that is known (config/issues.ts).
 */
import { z } from 'zod';

/**
 * A key that is known and can't be honoured: whatever is written there is refused with a sentence.
 *
 * @param sentence what to do instead; the key and the place are put before it
 */
export function unsupported(sentence: string) {
  return refused(sentence, 'CONFIG_UNSUPPORTED').meta({ description: sentence, fate: 'refused' });
}

/**
 * A key that means something elsewhere: refused as an unknown one is, with where it belongs, and
 * never left out.
 *
 * @param sentence  the key and the place are put before it
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
 * A key that is refused by what resolves it, since the refusal depends on more than the key.
 *
 * @param sentence  why, and what to do instead; it is not what is reported
 */
export function refusedWhereUsed(sentence: string) {
  return z.unknown().optional().meta({ description: sentence, fate: 'refused' });
}

/**
 * A key that parses and means nothing to a collector, or nothing that is different here.
 *
 * @param sentence  why
 */
export function ignored(sentence: string) {
  return z.unknown().optional().meta({ description: sentence, fate: 'idle' });
}
