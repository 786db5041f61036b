/**
 * What a caller asks for with a role: names, tags and policies of the session, each within AWS's
 * limits, and the condition keys that they give to trust policies and those of the caller.
 * Sources: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html,
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
 */
import type { NamedPolicy } from '../../aws/policies/evaluation.ts';
import { describeTags, type Need } from '../access.ts';
import { AwsError, type AwsInput, type Caller } from '../service.ts';
import { readListMember, readObjects, readOptional, readRequired } from './members.ts';
import { countCharacters, type IamState, type Role, writePolicy } from './state.ts';

const SESSION_POLICY_SIZE = 2_048;
const SESSION_POLICIES_MAX = 10;
const TAGS_MAX = 50;

export interface RoleRequest {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly action: 'sts:AssumeRole' | 'sts:AssumeRoleWithWebIdentity';
  readonly externalId?: string;
  readonly sourceIdentity?: string;
  /** Those that the request gives, without what the caller's session hands on. */
  readonly tags: ReadonlyMap<string, string>;
  readonly transitiveKeys: readonly string[];
  readonly sessionPolicies?: readonly NamedPolicy[];
  /** Condition keys of a token. */
  readonly claims?: NonNullable<Need['context']>;
}

/** @throws AwsError for what AWS takes in no call */
export function readRoleRequest(
  iamOf: (accountId: string) => IamState,
  input: AwsInput,
  given: Pick<RoleRequest, 'action' | 'claims'> &
    Partial<Pick<RoleRequest, 'sourceIdentity' | 'tags' | 'transitiveKeys'>>,
): RoleRequest {
  const roleArn = readRequired(input, 'RoleArn');
  if (!/^arn:aws[\w-]*:iam::\d{12}:role\/.+$/.test(roleArn))
    throw new AwsError('ValidationError', `${roleArn} is invalid`);
  const sessionName = requireSessionName(readRequired(input, 'RoleSessionName'), 'RoleSessionName');
  const externalId = readOptional(input, 'ExternalId');
  const sourceIdentity = given.sourceIdentity ?? readOptional(input, 'SourceIdentity');
  if (sourceIdentity !== undefined) requireSessionName(sourceIdentity, 'SourceIdentity');
  const tags = given.tags ?? readTags(input);
  const transitiveKeys = given.transitiveKeys ?? readListMember(input, 'TransitiveTagKeys');
  judgeTags(tags, transitiveKeys);
  const sessionPolicies = readSessionPolicies(iamOf, input, roleArn);
  return {
    ...given,
    roleArn,
    sessionName,
    tags,
    transitiveKeys,
    ...(externalId !== undefined && { externalId }),
    ...(sourceIdentity !== undefined && { sourceIdentity }),
    ...(sessionPolicies !== undefined && { sessionPolicies }),
  };
}

/** The condition keys that a request for a role has beside those of all requests. */
export function describeRoleRequest(
  { sessionName, externalId, sourceIdentity, tags, transitiveKeys, claims }: RoleRequest,
  role: Role,
): NonNullable<Need['context']> {
  return {
    'sts:RoleSessionName': sessionName,
    ...(externalId !== undefined && { 'sts:ExternalId': externalId }),
    ...(sourceIdentity !== undefined && { 'sts:SourceIdentity': sourceIdentity }),
    ...describeTags({ Tags: [...tags].map(([Key, Value]) => ({ Key, Value })) }),
    ...(transitiveKeys.length > 0 && { 'sts:TransitiveTagKeys': transitiveKeys }),
    ...claims,
    ...Object.fromEntries(
      [...role.tags].flatMap(([key, value]) => [
        [`aws:ResourceTag/${key}`, value],
        [`iam:ResourceTag/${key}`, value],
      ]),
    ),
  };
}

/**
 * The request with what the session of the caller hands on to each that follows from it.
 * @throws AwsError where the request would change that
 */
export function inherit(request: RoleRequest, caller: Caller): RoleRequest {
  const { sourceIdentity = caller.sourceIdentity } = request;
  if (caller.sourceIdentity !== undefined && sourceIdentity !== caller.sourceIdentity)
    throw new AwsError(
      'AccessDenied',
      'The source identity of a session cannot be changed in a chain of roles',
      403,
    );
  const handedOn = caller.transitiveKeys ?? [];
  const isTaken = [...request.tags.keys()].some((key) => hasKey(handedOn, key));
  if (isTaken)
    throw new AwsError(
      'InvalidParameterValue',
      "One of the specified tag keys can't be set because it conflicts with a transitive tag key " +
        'from the calling session.',
    );
  const tags = [...(caller.sessionTags ?? [])].filter(([key]) => hasKey(handedOn, key));
  return {
    ...request,
    ...(sourceIdentity !== undefined && { sourceIdentity }),
    tags: new Map([...request.tags, ...tags]),
    transitiveKeys: [...request.transitiveKeys, ...handedOn],
  };
}

function hasKey(keys: readonly string[], key: string): boolean {
  return keys.some((one) => one.toLowerCase() === key.toLowerCase());
}

function requireSessionName(name: string, key: string): string {
  if (/^[\w+=,.@-]{2,64}$/.test(name)) return name;
  throw new AwsError(
    'ValidationError',
    `${key} must have 2 to 64 of the characters A-Z a-z 0-9 _ + = , . @ -`,
  );
}

function readTags(input: AwsInput): ReadonlyMap<string, string> {
  return new Map(
    readObjects(input, 'Tags').map((tag) => [
      readRequired(tag, 'Key'),
      readOptional(tag, 'Value') ?? '',
    ]),
  );
}

function judgeTags(tags: ReadonlyMap<string, string>, transitiveKeys: readonly string[]): void {
  if (tags.size > TAGS_MAX)
    throw new AwsError('ValidationError', `a session has at most ${TAGS_MAX} tags`);
  for (const [key, value] of tags)
    if (key.length > 128 || value.length > 256 || /^aws:/i.test(key))
      throw new AwsError('ValidationError', `the tag ${key} is not valid`);
  const keys = [...tags.keys()];
  if (transitiveKeys.some((key) => !hasKey(keys, key)))
    throw new AwsError(
      'InvalidParameterValue',
      'The specified transitive tag key must be included in the requested tags.',
    );
}

function readSessionPolicies(
  iamOf: (accountId: string) => IamState,
  input: AwsInput,
  roleArn: string,
): readonly NamedPolicy[] | undefined {
  const text = readOptional(input, 'Policy');
  const arns = readObjects(input, 'PolicyArns').map((one) => readRequired(one, 'arn'));
  if (text === undefined && arns.length === 0) return undefined;
  if (arns.length > SESSION_POLICIES_MAX)
    throw new AwsError('ValidationError', `at most ${SESSION_POLICIES_MAX} PolicyArns are taken`);
  if (text !== undefined && countCharacters(text) > SESSION_POLICY_SIZE)
    throw new AwsError(
      'PackedPolicyTooLarge',
      `The session policy has more than ${SESSION_POLICY_SIZE} characters`,
    );
  const iam = iamOf(roleArn.split(':')[4] ?? '');
  return [
    ...(text === undefined
      ? []
      : [{ name: 'Policy', policy: writePolicy(text, 'identity').policy }]),
    ...arns.map((arn) => ({ name: arn, policy: iam.policy(arn).defaultVersion.policy })),
  ];
}
