/**
 * What the calls of CloudWatch Logs have in common: how they are refused, names, and list pages.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/
 */
import * as z from 'zod';
import { describeFaults } from '../constraints.ts';
import { AwsError, type AwsInput, parseToken } from '../service.ts';

/** The name of a log group, from 1 to 512 characters. */
export const groupNameSchema = z
  .string()
  .min(1)
  .max(512)
  .regex(/^[.\-_/#A-Za-z0-9]+$/);

/** The name of a log stream, from 1 to 512 characters. */
export const streamNameSchema = z
  .string()
  .min(1)
  .max(512)
  .regex(/^[^:*]*$/);

export const tagsSchema = z
  .record(
    z
      .string()
      .min(1)
      .max(128)
      .regex(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$/u),
    z
      .string()
      .max(256)
      .regex(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u),
  )
  .refine((tags) => Object.keys(tags).length >= 1, 'Member must have length greater than or equal to 1')
  .refine((tags) => Object.keys(tags).length <= 50, 'Member must have length less than or equal to 50'); // prettier-ignore

export function refuseParameter(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}

export function missGroup(): AwsError {
  return new AwsError('ResourceNotFoundException', 'The specified log group does not exist.');
}

/** @throws AwsError InvalidParameterException that names each fault */
export function parseLogsCall<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(dropNulls(input), { reportInput: true });
  if (parsed.success) return parsed.data;
  throw refuseParameter(describeFaults(parsed.error));
}

/** In AWS's JSON a member that is null is absent. */
function dropNulls(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null));
}

const pageSchema = z.object({
  limit: z.number().int().min(1).max(50).optional(),
  maxResults: z.number().optional(),
});

/** Cuts a page of a list, by `limit` (1 to 50, default 50) and `nextToken`. @throws AwsError */
export function cutLogsPage<T>(
  items: readonly T[],
  input: AwsInput,
): { readonly page: readonly T[]; readonly nextToken?: string } {
  const { limit = 50, maxResults = 50 } = parseLogsCall(pageSchema, input);
  const start = parseToken(input['nextToken']);
  if (start === undefined) throw refuseParameter('The specified nextToken is invalid.');
  const end = start + Math.min(limit, maxResults);
  const page = items.slice(start, end);
  return end < items.length
    ? { page, nextToken: Buffer.from(String(end)).toString('base64') }
    : { page };
}
