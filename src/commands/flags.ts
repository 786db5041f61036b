/**
 * Values of flags, read by the schemas that read configurations: a duration, a size or a number is
 * written the same way in both, and is refused with the same words after the name of its flag.
 */
import { z } from 'zod';
import type { StartCode } from '../kernel/error-codes/catalogue.ts';
import { ConfigError } from '../kernel/errors.ts';
import { type DurationBounds, durationWithin } from '../settings/duration.ts';
import { bytesSchema } from '../settings/size.ts';

/** In milliseconds. @throws ConfigError FLAG_DURATION */
export function durationFlag(flag: string, text: string, bounds: DurationBounds = {}): number {
  return readFlag(durationWithin(bounds), 'FLAG_DURATION', flag, text);
}

/** Bytes: a size, or a bare number of them. @throws ConfigError FLAG_BYTES */
export function bytesFlag(flag: string, text: string): number {
  return readFlag(bytesSchema, 'FLAG_BYTES', flag, text);
}

const numberSchema = z
  .string()
  .refine((text) => text.trim() !== '' && Number(text) >= 0 && Number(text) < Infinity, {
    error: ({ input }) => `${JSON.stringify(input)} is not a number from 0 up`,
  })
  .transform(Number);
const wholeSchema = numberSchema.refine(Number.isSafeInteger, 'expected a whole number');

/** A number from 0 up. @throws ConfigError FLAG_NUMBER */
export function numberFlag(flag: string, text: string): number {
  return readFlag(numberSchema, 'FLAG_NUMBER', flag, text);
}

/** The whole number of a flag, from 0 up. @throws ConfigError FLAG_NUMBER */
export function countFlag(flag: string, text: string): number {
  return readFlag(wholeSchema, 'FLAG_NUMBER', flag, text);
}

/** Of a flag that may be given several times: the value after those before it. */
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
