/** What the calls of X-Ray have in common: how they are refused, list pages, time ranges. */
import * as z from 'zod';
import { AwsError, type AwsInput, parseToken } from '../service.ts';
import { describeFaults } from '../constraints.ts';

export function refuseRequest(message: string): AwsError {
  return new AwsError('InvalidRequestException', message);
}

/** @throws AwsError InvalidRequestException that names each fault */
export function parseRequest<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw refuseRequest(describeFaults(parsed.error));
}

/** A time in seconds since the epoch, as the protocol has it. */
export const secondsSchema = z.number().min(0);

const timeRangeSchema = z.object({ StartTime: secondsSchema, EndTime: secondsSchema });

/** A time range; its end does not belong to it. */
export interface TimeRange {
  readonly startSeconds: number;
  readonly endSeconds: number;
}

/** @throws AwsError InvalidRequestException */
export function parseTimeRange(input: AwsInput): TimeRange {
  const { StartTime, EndTime } = parseRequest(timeRangeSchema, input);
  if (EndTime <= StartTime) throw refuseRequest('EndTime must be after StartTime');
  return { startSeconds: StartTime, endSeconds: EndTime };
}

/** X-Ray gives no page size to choose; it is an assumption, and a key of trouble makes it less. */
const PAGE_ITEMS = 100;

export function readPageSize(input: AwsInput): number {
  return Math.min(PAGE_ITEMS, Number(input['MaxResults'] ?? PAGE_ITEMS));
}

/** Cuts a page of a list that does not change between its pages. @throws AwsError */
export function cutPage<T>(
  items: readonly T[],
  input: AwsInput,
): { page: readonly T[]; NextToken?: string } {
  const start = parseToken(input['NextToken']);
  if (start === undefined) throw refuseToken();
  const end = start + readPageSize(input);
  const page = items.slice(start, end);
  return end < items.length
    ? { page, NextToken: Buffer.from(String(end)).toString('base64') }
    : { page };
}

export function refuseToken(): AwsError {
  return refuseRequest('NextToken is not one that was given out');
}
