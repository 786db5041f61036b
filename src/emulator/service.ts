/**
 * What the emulated services share: an action takes the request's JSON and gives the answer's; an AwsError becomes the
 * error shape of AWS's JSON protocols.
 * Source: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
 */

export type AwsInput = Readonly<Record<string, unknown>>;
export type AwsAction = (input: AwsInput) => unknown;

export interface JsonService {
  /** The service name that signatures are scoped to. */
  readonly signingName: string;
  /** What stands before the dot in X-Amz-Target. */
  readonly target: string;
  readonly actions: Readonly<Record<string, AwsAction>>;
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
export function textOf(input: AwsInput, key: string): string {
  const value = input[key];
  if (typeof value === 'string' && value !== '') return value;
  throw new AwsError('ValidationException', `${key} is required and must be a string`);
}

/** One page of a list: MaxResults (1 to 100, default 100) and the NextToken of the page before. */
export function pageOf<T>(
  items: readonly T[],
  input: AwsInput,
): { page: readonly T[]; NextToken?: string } {
  const most = typeof input['MaxResults'] === 'number' ? input['MaxResults'] : 100;
  if (most < 1 || most > 100)
    throw new AwsError('ValidationException', 'MaxResults must be from 1 to 100');
  const token = input['NextToken'];
  const start = typeof token === 'string' ? Number(Buffer.from(token, 'base64').toString()) : 0;
  if (!Number.isInteger(start) || start < 0)
    throw new AwsError('InvalidInput', 'NextToken is not one that was given out');
  const end = start + most;
  const page = items.slice(start, end);
  return end < items.length
    ? { page, NextToken: Buffer.from(String(end)).toString('base64') }
    : { page };
}
