/**
 * Reads members of requests of Auto Scaling: in a form all are texts, from inside they are what
 * they are.
 */
import { AwsError, type AwsInput, parseToken } from '../service.ts';

const PAGE = 50;
const PAGE_MAX = 100;

export function invalidScaling(message: string): AwsError {
  return new AwsError('ValidationError', message);
}

/** Reads a text that must be present. @throws AwsError */
export function requireScalingName(input: AwsInput, name: string): string {
  const value = readScalingName(input, name);
  if (value !== undefined) return value;
  throw invalidScaling(
    `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member ` +
      'must not be null',
  );
}

export function readScalingName(input: AwsInput, name: string): string | undefined {
  const value = input[name];
  return value === undefined || value === null || value === '' ? undefined : String(value);
}

/** @throws AwsError for what is no whole number from 0 on */
export function readScalingCount(input: AwsInput, name: string): number | undefined {
  const value = readScalingName(input, name);
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw invalidScaling(`${name} must be a whole number from 0 on; it is ${value}`);
}

/** @throws AwsError for what is neither true nor false */
export function readFlag(input: AwsInput, name: string): boolean | undefined {
  const value = readScalingName(input, name);
  if (value === undefined) return undefined;
  if (value === 'true' || value === 'false') return value === 'true';
  throw invalidScaling(`${name} must be true or false; it is ${value}`);
}

export function readScalingList(input: AwsInput, name: string): readonly unknown[] {
  const value = input[name] ?? [];
  return Array.isArray(value) ? value : [];
}

export function readScalingNames(input: AwsInput, name: string): string[] {
  return readScalingList(input, name).map(String);
}

/** Cuts one page, by MaxRecords and NextToken. @throws AwsError */
export function cutRecords<One>(
  items: readonly One[],
  input: AwsInput,
): { readonly page: readonly One[]; readonly NextToken?: string } {
  const most = readScalingCount(input, 'MaxRecords') ?? PAGE;
  if (most < 1 || most > PAGE_MAX) throw invalidScaling(`MaxRecords must be from 1 to ${PAGE_MAX}`);
  const start = parseToken(input['NextToken']);
  if (start === undefined)
    throw new AwsError('InvalidNextToken', 'The NextToken value is not valid.');
  const end = start + most;
  const page = items.slice(start, end);
  return end < items.length
    ? { page, NextToken: Buffer.from(String(end)).toString('base64') }
    : { page };
}

export interface GroupTag {
  readonly Key: string;
  readonly Value: string;
  readonly PropagateAtLaunch: boolean;
}

/** @throws AwsError */
export function readGroupTags(input: AwsInput): GroupTag[] {
  return (readScalingList(input, 'Tags') as readonly AwsInput[]).map((tag) => ({
    Key: requireScalingName(tag, 'Key'),
    Value: readScalingName(tag, 'Value') ?? '',
    PropagateAtLaunch: readFlag(tag, 'PropagateAtLaunch') ?? false,
  }));
}
