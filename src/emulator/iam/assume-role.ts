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
import { judgeTrust, type TrustedCaller } from '../../aws/policies/evaluation.ts';
import { sessionOf } from '../identities.ts';
import type { Caller, CallContext } from '../service.ts';
import {
  describeAnyone,
  describeCallContext,
  describeCaller,
  type IamCloud,
  isOfAws,
  judgeCall,
} from './authorizer.ts';
import { describeRoleRequest, type RoleRequest } from './role-request.ts';
import type { Role } from './state.ts';

/**
 * The role that an ARN names; undefined for one that nobody created.
 */
export function findRole(cloud: IamCloud, roleArn: string): Role | undefined {
  return cloud.iamOf(roleArn.split(':')[4] ?? '').roleOf(roleArn);
}

/**
 * What a caller lacks for a role; undefined if it may have it. One that nobody created anyone may
 * have, if not strict.
 */
export function findDenied(
  cloud: IamCloud,
  call: CallContext,
  request: RoleRequest,
): string | undefined {
  const role = findRole(cloud, request.roleArn);
  if (role === undefined) return cloud.isStrict ? request.action : undefined;
  const { caller } = call;
  const isOwn = caller.accountId === role.arn.split(':')[4] || isOfAws(caller);
  const requestKeys = describeRoleRequest(request, role);
  return listActions(request).find((action) => {
    const need = { action, resource: role.arn, context: requestKeys };
    const context = describeCallContext(cloud, call, need);
    const trust = judgeTrust(role.trust.policy, describeCaller(caller), { action, context });
    if (trust === 'none' || trust === 'denied') return true;
    const { decision } = judgeCall(cloud, call, need);
    return trust === 'named' && isOwn ? decision === 'explicitDeny' : decision !== 'allowed';
  });
}

/** What a provider of web identities lacks for handing out the role; undefined if nothing. */
export function findUntrusted(
  cloud: IamCloud,
  call: CallContext,
  request: RoleRequest,
  provider: TrustedCaller,
): string | undefined {
  const role = findRole(cloud, request.roleArn);
  if (role === undefined) return cloud.isStrict ? request.action : undefined;
  const context = describeAnyone(cloud, call, {
    ...describeRoleRequest(request, role),
    'aws:FederatedProvider': provider.names.at(-1),
  });
  return listActions(request).find(
    (action) => judgeTrust(role.trust.policy, provider, { action, context }) !== 'named',
  );
}

/** Tags and a source identity need permissions of their own. */
function listActions({ action, tags, sourceIdentity }: RoleRequest): readonly string[] {
  return [
    action,
    ...(tags.size > 0 ? ['sts:TagSession'] : []),
    ...(sourceIdentity === undefined ? [] : ['sts:SetSourceIdentity']),
  ];
}

/** Who has the role from now on. */
export function openSession(
  cloud: IamCloud,
  {
    roleArn,
    sessionName,
    sessionPolicies,
    sourceIdentity,
    tags,
    transitiveKeys,
  }: Pick<RoleRequest, 'roleArn' | 'sessionName'> & Partial<RoleRequest>,
  region: string,
): Caller {
  const role = findRole(cloud, roleArn);
  if (role !== undefined) role.lastUsed = { atMs: cloud.nowMs(), region };
  const session = sessionOf(roleArn, sessionName, role?.id);
  return {
    ...session,
    ...(sessionPolicies !== undefined && { sessionPolicies }),
    ...(sourceIdentity !== undefined && { sourceIdentity }),
    ...(tags !== undefined && { sessionTags: tags }),
    ...(transitiveKeys !== undefined && { transitiveKeys }),
  };
}
