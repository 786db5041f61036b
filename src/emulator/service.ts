/**
 * What the emulated services share. An action takes the members of a request and returns those of
 * the answer, whatever the protocol; an AwsError becomes an error in the protocol's form.
 * Source: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { NamedPolicy } from '../aws/policies/evaluation.ts';
import type { AccessTable } from './access.ts';

export type AwsInput = Readonly<Record<string, unknown>>;

/** Where resources are: in one region of one account. */
export interface AwsPlace {
  /** Of 12 digits. */
  readonly accountId: string;
  readonly region: string;
}

/** The account of what names none. */
export const DEFAULT_ACCOUNT = '000000000000';

/** Who makes a call. */
export interface Caller {
  readonly accountId: string;
  /**
   * `arn:aws:iam::ACCOUNT:root` or `:user/NAME`, `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`;
   * for what AWS does by itself the name of the service, `ecs.amazonaws.com`.
   */
  readonly arn: string;
  readonly userId: string;
  /** ARN of the role whose policies hold; undefined for root and for AWS itself. */
  readonly roleArn?: string;
  /** Policies of the session, which must allow too; all may pass where it has none. */
  readonly sessionPolicies?: readonly NamedPolicy[];
  /** Tags of the session, which stand before those of its role. */
  readonly sessionTags?: ReadonlyMap<string, string>;
  /** Keys of the tags that sessions have too that this one opens. */
  readonly transitiveKeys?: readonly string[];
  /** Who is behind the session; those that it opens have it too. */
  readonly sourceIdentity?: string;
}

export interface CallContext {
  readonly caller: Caller;
  readonly region: string;
  /** Of the request, names in lower case; none for a call from inside. */
  readonly headers: IncomingHttpHeaders;
}

/** The answer's members, or a promise of them. */
export type ActionHandler = (input: AwsInput, call: CallContext) => unknown;

export interface JsonService {
  /** The service name that signatures are scoped to. */
  readonly signingName: string;
  /** The part of X-Amz-Target before the dot; of other protocols the key of their members. */
  readonly target: string;
  readonly actions: Readonly<Record<string, ActionHandler>>;
  /** What a policy must allow for an action; the action itself on `*` where it says nothing. */
  readonly access?: AccessTable;
  /** The code of a call that no policy allows; AccessDeniedException by default. */
  readonly deniedCode?: string;
  /** Actions of callers that have no keys yet, so that they cannot sign. */
  readonly unsigned?: ReadonlySet<string>;
  /** Of answers in XML, in the query protocol. */
  readonly xmlNamespace?: string;
  /** In the query protocol, by list: what an item is called where it is not `member`. */
  readonly itemNames?: Readonly<Record<string, string>>;
  /** Whether errors also have the code of the query protocol, which the service spoke first. */
  readonly isQueryCompatible?: boolean;
}

export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly code: string;
  readonly status: number;
  /** Members of the error beside its message, where its model has some. */
  readonly members?: Readonly<Record<string, unknown>>;
  constructor(
    code: string,
    message: string,
    status = 400,
    members?: Readonly<Record<string, unknown>>,
  ) {
    super(message);
    this.code = code;
    this.status = status;
    if (members !== undefined) this.members = members;
  }
}

/** The header with the code of the query protocol; none for services that never spoke it. */
export function nameQueryError(service: JsonService, error: AwsError): Record<string, string> {
  if (service.isQueryCompatible !== true) return {};
  return { 'x-amzn-query-error': `${error.code};${error.status < 500 ? 'Sender' : 'Receiver'}` };
}

/** Reads a text that must be present. @throws AwsError */
export function requireText(input: AwsInput, key: string): string {
  const value = input[key];
  if (typeof value === 'string' && value !== '') return value;
  throw new AwsError('ValidationException', `${key} is required and must be a string`);
}

/**
 * The number in a list token; 0 without a token, undefined for one that the emulator did not make.
 */
export function parseToken(token: unknown): number | undefined {
  if (token === undefined || token === null) return 0;
  const text = typeof token === 'string' ? Buffer.from(token, 'base64').toString() : '';
  return /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}

/** Cuts one list page, by MaxResults (1 to 100, default 100) and NextToken. @throws AwsError */
export function cutListPage<T>(
  items: readonly T[],
  input: AwsInput,
): { page: readonly T[]; NextToken?: string } {
  const most = input['MaxResults'] ?? 100;
  if (typeof most !== 'number' || !(most >= 1 && most <= 100))
    throw new AwsError('ValidationException', 'MaxResults must be from 1 to 100');
  const start = parseToken(input['NextToken']);
  if (start === undefined)
    throw new AwsError('InvalidInput', 'NextToken is not one that was given out');
  const end = start + most;
  const page = items.slice(start, end);
  return end < items.length
    ? { page, NextToken: Buffer.from(String(end)).toString('base64') }
    : { page };
}
