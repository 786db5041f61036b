/**
 * What the calls of CloudWatch have in common: members as each of its protocols gives them, and how
 * calls are refused. A form has texts only; JSON gives times as seconds, CBOR as tagged seconds.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CommonErrors.html
 */
import * as z from 'zod';
import { EpochTime } from '../../wire/cbor.ts';
import { describeFaults, flagSchema } from '../constraints.ts';
import { AwsError, type AwsInput, parseToken } from '../service.ts';
import { type Dimension, sortDimensions } from './store.ts';

export function refuseValue(message: string): AwsError {
  return new AwsError('InvalidParameterValue', message);
}

/** @throws AwsError ValidationError that names each fault */
export function parseMetricsCall<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw new AwsError('ValidationError', describeFaults(parsed.error));
}

/** A whole number, also as the text of a form. */
export const wholeSchema = z.preprocess(
  (value) => (typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value),
  z.number().int(),
);

/** A flag, also as the text of a form. */
export const formFlagSchema = z.preprocess(
  (value) => (value === 'true' ? true : value === 'false' ? false : value),
  flagSchema,
);

/** A time, ms since 1970. */
export const timeSchema = z.preprocess((value) => {
  if (value instanceof EpochTime) return value.seconds * 1_000;
  if (typeof value === 'number') return value * 1_000;
  return typeof value === 'string' && value !== '' ? Date.parse(value) : value;
}, z.number());

export const namespaceSchema = z.string().min(1).max(255).regex(/^[^:]/);

export const nameSchema = z.string().min(1).max(255);

export const dimensionsSchema = z
  .array(z.object({ Name: nameSchema, Value: z.string().min(1).max(1_024) }))
  .max(30)
  .default([]);

export function readDimensions(given: z.output<typeof dimensionsSchema>): Dimension[] {
  return sortDimensions(given.map(({ Name: name, Value: value }) => ({ name, value })));
}

/** Where a page of a list begins. @throws AwsError InvalidNextToken */
export function readStart(input: AwsInput): number {
  const start = parseToken(input['NextToken']);
  if (start === undefined)
    throw new AwsError('InvalidNextToken', 'The next token specified is invalid.');
  return start;
}

export function writeToken(start: number): string {
  return Buffer.from(String(start)).toString('base64');
}
