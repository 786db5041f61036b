/** Numbers: counts, amounts and ports. */
import { z } from 'zod';

/** A whole number, 0 or more. */
export const countSchema = z
  .int({ error: 'expected a whole number' })
  .min(0, 'must not be negative');

export const positiveSchema = countSchema.min(1, 'must be more than 0');

/** A number. A document keeps a number such as `1.10` as text, which is accepted too. */
export const numberSchema = z
  .union(
    [z.number(), z.string().regex(/^[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$/, 'expected a number')],
    {
      error: 'expected a number',
    },
  )
  .transform(Number);

/** A number, 0 or more, with or without a fraction. */
export const amountSchema = numberSchema.pipe(z.number().min(0, 'must not be negative'));

const PORT_MAX = 65_535;
const EXPECTED_PORT = `expected a port from 1 to ${PORT_MAX}`;

export const portSchema = z
  .int({ error: EXPECTED_PORT })
  .min(1, EXPECTED_PORT)
  .max(PORT_MAX, EXPECTED_PORT);

/** The same as `portSchema`, for a key where 0 means no port. */
export const optionalPortSchema = z.union([z.literal(0), portSchema], { error: EXPECTED_PORT });
