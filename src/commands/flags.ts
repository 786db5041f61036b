/**
 * Reads values of flags with the schemas of configurations (`settings/`): a duration, a size or a
 * number is written the same way in both, and a bad one is refused with the same sentence, which
 * follows the name of its flag.
 */
import * as z from 'zod';
import type { StartCode } from '../kernel/error-codes/catalogue.ts';
import { ConfigError } from '../kernel/errors.ts';
import { type DurationBounds, durationWithin } from '../settings/duration.ts';
import { bytesSchema } from '../settings/size.ts';

/** The duration in milliseconds. @throws ConfigError FLAG_DURATION */
export function readDurationFlag(flag: string, text: string, bounds: DurationBounds = {}): number {
  return readFlag(durationWithin(bounds), 'FLAG_DURATION', flag, text);
}

/** The bytes of a size such as 512KB, or of a bare number. @throws ConfigError FLAG_BYTES */
export function readBytesFlag(flag: string, text: string): number {
  return readFlag(bytesSchema, 'FLAG_BYTES', flag, text);
}

const numberSchema = z
  .string()
  .refine((text) => text.trim() !== '' && Number(text) >= 0 && Number(text) < Infinity, {
    error: ({ input }) => `${JSON.stringify(input)} is not a number from 0 up`,
  })
  .transform(Number);
const wholeSchema = numberSchema.refine(Number.isSafeInteger, 'expected a whole number');

/** A finite number, at least 0. @throws ConfigError FLAG_NUMBER */
export function readNumberFlag(flag: string, text: string): number {
  return readFlag(numberSchema, 'FLAG_NUMBER', flag, text);
}

/** A whole number, at least 0. @throws ConfigError FLAG_NUMBER */
export function readCountFlag(flag: string, text: string): number {
  return readFlag(wholeSchema, 'FLAG_NUMBER', flag, text);
}

/** Requests per second, written 5 or 5/s. @throws ConfigError FLAG_NUMBER */
export function readRateFlag(flag: string, text: string): number {
  return readNumberFlag(flag, text.replace(/\/s$/, ''));
}

/** Of the flag that names hosts, for each command that listens. */
export const ALLOWED_HOST_HELP =
  'a name of the public DNS by which it is asked for; others are refused, addresses and private ' +
  'names pass; may be given several times';

/** For a flag that may be given several times: the values so far with this one after them. */
export function gather(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function readFlag<Value>(
  schema: z.ZodType<Value>,
  code: StartCode,
  flag: string,
  text: string,
): Value {
  const parsed = schema.safeParse(text);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ConfigError(code, `${flag}: ${issue?.message ?? ''}`);
}
