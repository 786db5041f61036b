/** Cuts the lists of CloudFormation, whose pages have a size of their own. Pure. */
import { AwsError, type AwsInput, parseToken } from '../service.ts';
import { readCountMember } from './constraints.ts';

const PAGE_MAX = 100;

export interface Page<T> {
  readonly page: readonly T[];
  readonly NextToken?: string;
}

/** @throws AwsError ValidationError */
export function cutStackPage<T>(items: readonly T[], input: AwsInput): Page<T> {
  const given = input['NextToken'];
  const start = parseToken(given === '' ? undefined : given);
  if (start === undefined)
    throw new AwsError('ValidationError', 'NextToken is not one that was given out');
  const end = start + (readCountMember(input, 'MaxResults', PAGE_MAX) ?? PAGE_MAX);
  const page = items.slice(start, end);
  return end < items.length
    ? { page, NextToken: Buffer.from(String(end)).toString('base64') }
    : { page };
}
