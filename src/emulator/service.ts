/**
 * What the emulated services share: an action takes the request's JSON and gives the answer's; an
 * AwsError becomes the error shape of AWS's JSON protocols.
 * Source: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
 */

export type AwsInput = Readonly<Record<string, unknown>>;
export type ActionHandler = (input: AwsInput) => unknown;

export interface JsonService {
  /** The service name that signatures are scoped to. */
  readonly signingName: string;
  /** What stands before the dot in X-Amz-Target. */
  readonly target: string;
  readonly actions: Readonly<Record<string, ActionHandler>>;
}

export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** A text that must be there. */
export function requireText(input: AwsInput, key: string): string {
  const value = input[key];
  if (typeof value === 'string' && value !== '') return value;
  throw new AwsError('ValidationException', `${key} is required and must be a string`);
}

/**
 * What a token of ours holds, 0 where there is none; undefined for a token that is none of ours.
 */
export function numberOfToken(token: unknown): number | undefined {
  if (token === undefined || token === null) return 0;
  const text = typeof token === 'string' ? Buffer.from(token, 'base64').toString() : '';
  return /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}

/** One page of a list: MaxResults (1 to 100, default 100) and the NextToken of the page before. */
export function cutListPage<T>(
  items: readonly T[],
  input: AwsInput,
): { page: readonly T[]; NextToken?: string } {
  const most = input['MaxResults'] ?? 100;
  if (typeof most !== 'number' || !(most >= 1 && most <= 100))
    throw new AwsError('ValidationException', 'MaxResults must be from 1 to 100');
  const start = numberOfToken(input['NextToken']);
  if (start === undefined)
    throw new AwsError('InvalidInput', 'NextToken is not one that was given out');
  const end = start + most;
  const page = items.slice(start, end);
  return end < items.length
    ? { page, NextToken: Buffer.from(String(end)).toString('base64') }
    : { page };
}
