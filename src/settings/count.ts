/** Numbers: counts, amounts and ports. */
import * as z from 'zod';

/**
 * A whole number. A document keeps one that is written in another way than here, such as `1e3`, as
 * text, which is read as Prometheus' parser does: `1_000` and `0x10` too, and `010` is octal.
 */
function whole(bounds: z.ZodInt) {
  return z
    .preprocess(
      (written) => (typeof written === 'string' ? (readWhole(written) ?? written) : written),
      bounds,
    )
    .meta({ kind: 'whole number' });
}

const WRITTEN = /^[+-]?(?:\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|0x[\da-fA-F]+|0b[01]+|0o[0-7]+)$/;

function readWhole(text: string): number | undefined {
  const plain = text.replaceAll('_', '');
  if (/^0[0-7]+$/.test(plain)) return Number.parseInt(plain, 8);
  // What a document gives as text though it is written as here stood in quotes.
  if (!WRITTEN.test(plain) || String(Number(text)) === text) return undefined;
  return Number(plain);
}

const wholeNumber = z.int({ error: 'expected a whole number' });
const count = wholeNumber.min(0, { error: 'must not be negative', abort: true });
const positive = count.min(1, 'must be more than 0');

/** A whole number, 0 or more. */
export const countSchema = whole(count);

export const positiveSchema = whole(positive);

/** The same with a bound above. @param message  what is said above it */
export function wholeUpTo(max: number, message: string) {
  return whole(count.max(max, message));
}

export function positiveUpTo(max: number, message: string) {
  return whole(positive.max(max, message));
}

/** A number. A document keeps a number such as `1.10` as text, which is accepted too. */
export const numberSchema = z
  .union(
    [z.number(), z.string().regex(/^[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$/, 'expected a number')],
    {
      error: 'expected a number',
    },
  )
  .transform(Number)
  .meta({ kind: 'number' });

/** A number, 0 or more, with or without a fraction. */
export const amountSchema = numberSchema.pipe(z.number().min(0, 'must not be negative'));

const PORT_MAX = 65_535;
const EXPECTED_PORT = `expected a port from 1 to ${PORT_MAX}`;

export const portSchema = whole(
  z.int({ error: EXPECTED_PORT }).min(1, EXPECTED_PORT).max(PORT_MAX, EXPECTED_PORT),
);

/** The same as `portSchema`, for a key where 0 means no port. */
export const optionalPortSchema = z.union([z.literal(0), portSchema], { error: EXPECTED_PORT });
