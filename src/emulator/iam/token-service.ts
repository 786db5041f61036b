/**
 * STS: who calls, and temporary credentials for a role, which the emulator accepts from then on.
 * Source: https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html
 */
import type { Identities, TemporaryCredentials } from '../identities.ts';
import {
  AwsError,
  type AwsInput,
  type Caller,
  type CallContext,
  type JsonService,
} from '../service.ts';
import { findDenied, findRole, findUntrusted, openSession } from './assume-role.ts';
import type { IamCloud } from './authorizer.ts';
import { readNumber, readRequired, writeTime } from './members.ts';
import { inherit, readRoleRequest, type RoleRequest } from './role-request.ts';
import { readWebIdentity } from './web-identity.ts';

const HOUR_SECONDS = 3_600;

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
      AssumeRoleWithWebIdentity: (input, call) => federate(parts, input, call),
    },
  };
}

function assumeRole(parts: TokenServiceParts, input: AwsInput, call: CallContext): object {
  const { caller } = call;
  const iamOf = (accountId: string) => parts.iamOf(accountId);
  const asked = readRoleRequest(iamOf, input, { action: 'sts:AssumeRole' });
  const request = inherit(asked, caller);
  const isChained = caller.roleArn !== undefined;
  const denied = findDenied(parts, call, request);
  if (denied !== undefined) throw refuse(caller, denied, request);
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

function federate(parts: TokenServiceParts, input: AwsInput, call: CallContext): object {
  const token = readRequired(input, 'WebIdentityToken');
  const { context: claims, ...identity } = readWebIdentity(token);
  const request = readRoleRequest((accountId) => parts.iamOf(accountId), input, {
    ...identity,
    claims,
    action: 'sts:AssumeRoleWithWebIdentity',
  });
  if (parts.identities.refusedTokens.has(token))
    throw new AwsError('InvalidIdentityToken', 'Incorrect token');
  const names = nameProviders(request, identity);
  const denied = findUntrusted(parts, call, request, { kind: 'Federated', names });
  if (denied !== undefined)
    throw new AwsError('AccessDenied', `Not authorized to perform ${denied}`, 403);
  const seconds = readSeconds(parts, input, request.roleArn);
  const session = openSession(parts, request, call.region);
  return {
    SubjectFromWebIdentityToken: identity.subject,
    ...describeSession(parts, session, seconds),
  };
}

function refuse({ arn }: Caller, action: string, { roleArn }: RoleRequest): AwsError {
  return new AwsError(
    'AccessDenied',
    `User: ${arn} is not authorized to perform: ${action} on resource: ${roleArn}`,
    403,
  );
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
    SourceIdentity: session.sourceIdentity,
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
