/**
 * What the calls of AMP have in common: how members are checked, how calls are refused, and pages
 * of lists.
 * Source: https://docs.aws.amazon.com/prometheus/latest/APIReference/CommonErrors.html
 */
import * as z from 'zod';
import { describeFaults } from '../constraints.ts';
import { AwsError, type AwsInput, parseToken } from '../service.ts';

export function refuseData(
  message: string,
  reason: 'CANNOT_PARSE' | 'FIELD_VALIDATION_FAILED' | 'OTHER' = 'OTHER',
  fieldList?: readonly { readonly name: string; readonly message: string }[],
): AwsError {
  const members = { reason, ...(fieldList && { fieldList }) };
  return new AwsError('ValidationException', message, 400, members);
}

/** @throws AwsError ValidationException that names each fault */
export function parseAmpCall<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input, { reportInput: true });
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.slice(0, 10).map((issue) => ({
    name: issue.path.map(String).join('.').slice(0, 200),
    message: describeFaults({ issues: [issue] }),
  }));
  throw refuseData(describeFaults(parsed.error), 'FIELD_VALIDATION_FAILED', fields);
}

export function missResource(resourceType: string, resourceId: string): AwsError {
  const words = `${resourceType} not found: ${resourceId.slice(0, 200)}`;
  return new AwsError('ResourceNotFoundException', words, 404, { resourceId, resourceType });
}

export function refuseConflict(
  resourceType: string,
  resourceId: string,
  message: string,
): AwsError {
  return new AwsError('ConflictException', message, 409, { resourceId, resourceType });
}

/** @param what  for example "workspaces in this account and region" */
export function refuseQuota(resourceType: string, most: number, what: string): AwsError {
  const message = `The quota of ${most} ${what} has been reached.`;
  const members = { resourceId: '', resourceType, serviceCode: 'aps' };
  return new AwsError('ServiceQuotaExceededException', message, 402, members);
}

const pageSchema = z.object({
  maxResults: z.number().int().min(1).max(1_000).default(100),
  nextToken: z.string().max(1_000).optional(),
});

/** Cuts one page of a list. @throws AwsError ValidationException */
export function cutAmpPage<Item>(
  items: readonly Item[],
  input: AwsInput,
): { readonly page: readonly Item[]; readonly nextToken?: string } {
  const { maxResults, nextToken } = parseAmpCall(pageSchema, input);
  const start = parseToken(nextToken);
  if (start === undefined) throw refuseData('nextToken is not one that was given out');
  const end = start + maxResults;
  const page = items.slice(start, end);
  return end < items.length
    ? { page, nextToken: Buffer.from(String(end)).toString('base64') }
    : { page };
}

export const aliasSchema = z.string().min(1).max(100);
export const TAGS_MAX = 50;
export const ampTagsSchema = z
  .record(
    z
      .string()
      .min(1)
      .max(128)
      .regex(/^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u),
    z
      .string()
      .max(256)
      .regex(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u),
  )
  .refine((tags) => Object.keys(tags).length <= TAGS_MAX, `at most ${TAGS_MAX} tags`);
export const logGroupSchema = z
  .string()
  .regex(/^arn:aws[a-z0-9-]*:logs:[a-z0-9-]+:[0-9]{12}:log-group:[A-Za-z0-9.\-_#/]{1,512}:\*$/);

/** A blob, base64 in JSON; at most `most` bytes. */
export function blobSchema(most: number): z.ZodType<string> {
  return z
    .string()
    .min(1)
    .max(Math.ceil((most * 4) / 3) + 4)
    .regex(/^[A-Za-z0-9+/]*={0,2}$/);
}

export function textOfBlob(blob: string): string {
  return Buffer.from(blob, 'base64').toString();
}
