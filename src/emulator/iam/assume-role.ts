/**
 * Whether a caller may become a role, and the session that it becomes.
 *
 *     trust policy of the role      policies of the caller
 *     names the caller              must not deny; of another account: must allow
 *     names its account             must allow
 *
 * Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html,
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
import {
  judgeTrust,
  type NamedPolicy,
  type TrustVerdict,
  type TrustedCaller,
} from '../../aws/policies/evaluation.ts';
import { sessionOf } from '../identities.ts';
import type { Caller, CallContext } from '../service.ts';
import { describeCaller, type IamCloud, isOfAws, judgeCall } from './authorizer.ts';
import type { Role } from './state.ts';

export interface RoleRequest {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly action: 'sts:AssumeRole' | 'sts:AssumeRoleWithWebIdentity';
  readonly externalId?: string;
  readonly sessionPolicies?: readonly NamedPolicy[];
}

/**
 * The role that an ARN names; undefined for one that nobody created.
 */
export function findRole(cloud: IamCloud, roleArn: string): Role | undefined {
  return cloud.iamOf(roleArn.split(':')[4] ?? '').roleOf(roleArn);
}

/** Whether the caller may have the role; one that nobody created anyone may, if not strict. */
export function mayAssume(cloud: IamCloud, call: CallContext, request: RoleRequest): boolean {
  const { caller } = call;
  const role = findRole(cloud, request.roleArn);
  if (role === undefined) return !cloud.isStrict;
  const trust = askTrust(role, describeCaller(caller), request);
  if (trust === 'none' || trust === 'denied') return false;
  const context = request.externalId && { 'sts:ExternalId': request.externalId };
  const need = {
    action: request.action,
    resource: role.arn,
    ...(context && { context }),
  };
  const { decision } = judgeCall(cloud, call, need);
  const isOwn = caller.accountId === role.arn.split(':')[4] || isOfAws(caller);
  return trust === 'named' && isOwn ? decision !== 'explicitDeny' : decision === 'allowed';
}

/** Whether a provider of web identities may hand out the role. */
export function mayFederate(
  cloud: IamCloud,
  request: RoleRequest,
  providers: TrustedCaller,
): boolean {
  const role = findRole(cloud, request.roleArn);
  return role === undefined ? !cloud.isStrict : askTrust(role, providers, request) === 'named';
}

/** Who has the role from now on. */
export function openSession(
  cloud: IamCloud,
  {
    roleArn,
    sessionName,
    sessionPolicies,
  }: Pick<RoleRequest, 'roleArn' | 'sessionName' | 'sessionPolicies'>,
  region: string,
): Caller {
  const role = findRole(cloud, roleArn);
  if (role !== undefined) role.lastUsed = { atMs: cloud.nowMs(), region };
  const session = sessionOf(roleArn, sessionName, role?.id);
  return sessionPolicies === undefined ? session : { ...session, sessionPolicies };
}

function askTrust(
  role: Role,
  caller: TrustedCaller,
  { action, externalId }: RoleRequest,
): TrustVerdict {
  const context = new Map<string, readonly string[]>();
  if (externalId !== undefined) context.set('sts:externalid', [externalId]);
  for (const name of caller.names)
    if (name.includes(':role/')) context.set('aws:principalarn', [name]);
  return judgeTrust(role.trust.policy, caller, { action, context });
}
