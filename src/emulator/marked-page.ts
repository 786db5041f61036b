/**
 * Cuts a page of a list in the query protocol, where a number is a text and each service has its
 * own names for the size of a page and for the token of the next.
 */
import { AwsError, type AwsInput, parseToken } from './service.ts';

/** How a list is divided: the names of its members, and the largest page. */
export interface PageRule<Token extends string> {
  readonly size: string;
  readonly token: Token;
  readonly sizeMax: number;
}

/**
 * Cuts one page, of 1 item at least where AWS wants more.
 *
 * @throws AwsError
 */
export function cutMarkedPage<One, Token extends string>(
  items: readonly One[],
  input: AwsInput,
  { size, token, sizeMax }: PageRule<Token>,
): { readonly page: readonly One[]; readonly next: Readonly<Partial<Record<Token, string>>> } {
  const most = Number(input[size] ?? sizeMax);
  const start = parseToken(input[token]);
  if (start === undefined) throw new AwsError('InvalidParameterValue', `Invalid ${token}.`);
  if (!(most >= 1 && most <= sizeMax))
    throw new AwsError('InvalidParameterValue', `${size} is not valid.`);
  const end = start + most;
  const page = items.slice(start, end);
  const next = { [token]: Buffer.from(String(end)).toString('base64') };
  return { page, next: (end < items.length ? next : {}) as Partial<Record<Token, string>> };
}
