/**
 * STS: who calls, and temporary credentials for a role, which the emulator accepts from then on.
 * Source: https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html
 */
import type { NamedPolicy } from '../../aws/policies/evaluation.ts';
import type { Identities, TemporaryCredentials } from '../identities.ts';
import {
  AwsError,
  type AwsInput,
  type Caller,
  type CallContext,
  type JsonService,
} from '../service.ts';
import { findRole, mayAssume, mayFederate, openSession, type RoleRequest } from './assume-role.ts';
import type { IamCloud } from './authorizer.ts';
import { readNumber, readObjects, readOptional, readRequired, writeTime } from './members.ts';
import { countCharacters, writePolicy } from './state.ts';

const HOUR_SECONDS = 3_600;
const SESSION_POLICY_SIZE = 2_048;
const SESSION_POLICIES_MAX = 10;

export interface TokenServiceParts extends IamCloud {
  readonly identities: Identities;
}

export function createTokenService(parts: TokenServiceParts): JsonService {
  return {
    signingName: 'sts',
    target: 'sts',
    xmlNamespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
    deniedCode: 'AccessDenied',
    unsigned: new Set(['AssumeRoleWithWebIdentity']),
    // GetCallerIdentity needs no permission; roles are judged with their trust policies.
    access: {
      GetCallerIdentity: () => [],
      AssumeRole: () => [],
      AssumeRoleWithWebIdentity: () => [],
    },
    actions: {
      GetCallerIdentity: (_, { caller }) => ({
        UserId: caller.userId,
        Account: caller.accountId,
        Arn: caller.arn,
      }),
      AssumeRole: (input, call) => assumeRole(parts, input, call),
      AssumeRoleWithWebIdentity: (input, { region }) => federate(parts, input, region),
    },
  };
}

function assumeRole(parts: TokenServiceParts, input: AwsInput, call: CallContext): object {
  const externalId = readOptional(input, 'ExternalId');
  const request: RoleRequest = {
    ...readRequest(parts, input),
    action: 'sts:AssumeRole',
    ...(externalId !== undefined && { externalId }),
  };
  const { caller } = call;
  const isChained = caller.roleArn !== undefined;
  if (!mayAssume(parts, call, request)) throw refuse(caller, request);
  const seconds = readSeconds(parts, input, request.roleArn);
  if (isChained && seconds > HOUR_SECONDS)
    throw new AwsError(
      'ValidationError',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role ' +
        'chaining',
    );
  const session = openSession(parts, request, call.region);
  return describeSession(parts, session, seconds);
}

function federate(parts: TokenServiceParts, input: AwsInput, region: string): object {
  const request: RoleRequest = {
    ...readRequest(parts, input),
    action: 'sts:AssumeRoleWithWebIdentity',
  };
  const token = readRequired(input, 'WebIdentityToken');
  if (parts.identities.refusedTokens.has(token))
    throw new AwsError('InvalidIdentityToken', 'Incorrect token');
  const claims = readClaims(token);
  if (!mayFederate(parts, request, { kind: 'Federated', names: nameProviders(request, claims) }))
    throw new AwsError(
      'AccessDenied',
      'Not authorized to perform sts:AssumeRoleWithWebIdentity',
      403,
    );
  const seconds = readSeconds(parts, input, request.roleArn);
  const session = openSession(parts, request, region);
  return {
    SubjectFromWebIdentityToken: claims.subject,
    ...describeSession(parts, session, seconds),
  };
}

function refuse({ arn }: Caller, { roleArn }: RoleRequest): AwsError {
  return new AwsError(
    'AccessDenied',
    `User: ${arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
    403,
  );
}

function readRequest(
  parts: TokenServiceParts,
  input: AwsInput,
): Pick<RoleRequest, 'roleArn' | 'sessionName' | 'sessionPolicies'> {
  const roleArn = readRequired(input, 'RoleArn');
  if (!/^arn:aws[\w-]*:iam::\d{12}:role\/.+$/.test(roleArn))
    throw new AwsError('ValidationError', `${roleArn} is invalid`);
  const sessionName = readRequired(input, 'RoleSessionName');
  if (!/^[\w+=,.@-]{2,64}$/.test(sessionName))
    throw new AwsError(
      'ValidationError',
      'RoleSessionName must have 2 to 64 of the characters A-Z a-z 0-9 _ + = , . @ -',
    );
  const sessionPolicies = readSessionPolicies(parts, input, roleArn);
  return { roleArn, sessionName, ...(sessionPolicies && { sessionPolicies }) };
}

function readSessionPolicies(
  parts: TokenServiceParts,
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
  const iam = parts.iamOf(roleArn.split(':')[4] ?? '');
  return [
    ...(text === undefined
      ? []
      : [{ name: 'Policy', policy: writePolicy(text, 'identity').policy }]),
    ...arns.map((arn) => ({ name: arn, policy: iam.policy(arn).defaultVersion.policy })),
  ];
}

/** @throws AwsError for more than the role allows */
function readSeconds(parts: TokenServiceParts, input: AwsInput, roleArn: string): number {
  const most = findRole(parts, roleArn)?.sessionMaxSeconds ?? 12 * HOUR_SECONDS;
  const seconds = readNumber(input, 'DurationSeconds', {
    least: 900,
    most: 12 * HOUR_SECONDS,
    otherwise: HOUR_SECONDS,
  });
  if (seconds <= most) return seconds;
  throw new AwsError(
    'ValidationError',
    'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
  );
}

/** Who issued a token of JWT's form, and to whom. Its signature is not looked at. */
function readClaims(token: string): { readonly subject: string; readonly issuer?: string } {
  try {
    const [, claims = ''] = token.split('.');
    const { sub, iss } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as {
      readonly sub?: unknown;
      readonly iss?: unknown;
    };
    return {
      subject: typeof sub === 'string' ? sub : 'subject',
      ...(typeof iss === 'string' && { issuer: iss.replace(/^https:\/\//, '') }),
    };
  } catch {
    return { subject: 'subject' };
  }
}

/** As trust policies name a provider: its ARN, or for those of AWS its host. */
function nameProviders(
  { roleArn }: RoleRequest,
  { issuer }: { readonly issuer?: string },
): string[] {
  if (issuer === undefined) return [];
  return [issuer, `arn:aws:iam::${roleArn.split(':')[4]}:oidc-provider/${issuer}`];
}

function describeSession(parts: TokenServiceParts, session: Caller, seconds: number): object {
  const issued = parts.identities.issue(parts.nowMs(), seconds * 1_000, session);
  return {
    Credentials: describeCredentials(issued),
    AssumedRoleUser: { AssumedRoleId: session.userId, Arn: session.arn },
  };
}

function describeCredentials(issued: TemporaryCredentials): object {
  return {
    AccessKeyId: issued.accessKeyId,
    SecretAccessKey: issued.secretAccessKey,
    SessionToken: issued.sessionToken,
    Expiration: writeTime(issued.expiresMs),
  };
}
