/**
 * Judges every call by the policies of its caller. Root and AWS's own services may do all; so may
 * a role that nobody created, so that trials need none, unless the cloud is strict.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
import {
  judgeRequest,
  judgeTrust,
  type NamedPolicy,
  type PolicyLayer,
  type PolicyLayers,
  type PolicyVerdict,
  type TrustedCaller,
} from '../../aws/policies/evaluation.ts';
import { parsePolicy } from '../../aws/policies/document.ts';
import type { RequestContext } from '../../aws/policies/patterns.ts';
import type { Denial, Need } from '../access.ts';
import { isOfCreatedRole } from '../identities.ts';
import type { CallContext, Caller } from '../service.ts';
import type { IamState, Identity } from './state.ts';

export interface IamCloud {
  /** The IAM of an account. */
  iamOf(accountId: string): IamState;
  nowMs(): number;
  /** Whether a role that nobody created may do nothing. */
  readonly isStrict: boolean;
}

/** What a role may that nobody created. */
const EVERYTHING: NamedPolicy = {
  name: 'everything',
  policy: parsePolicy(
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
    'identity',
  ),
};

/** Who may do all. */
const ALL: PolicyVerdict = { decision: 'allowed', layer: 'identity', matched: [] };

export function judgeCall(cloud: IamCloud, call: CallContext, need: Need): PolicyVerdict {
  const { caller } = call;
  if (isOfAws(caller) || caller.arn.endsWith(':root')) return ALL;
  const identity = findIdentity(cloud, caller);
  // A role that is gone may nothing, as sessions of it that AWS still knows.
  const isFree = identity === undefined && !cloud.isStrict && !isOfCreatedRole(caller);
  if (isFree && caller.sessionPolicies === undefined) return ALL;
  const none: PolicyLayers = { identity: isFree ? [EVERYTHING] : [] };
  const layers: PolicyLayers = {
    ...(identity === undefined ? none : cloud.iamOf(caller.accountId).layersOf(identity)),
    ...(caller.sessionPolicies !== undefined && { session: caller.sessionPolicies }),
  };
  const context = describeContext(cloud, call, { identity, need });
  return judgeRequest(layers, { action: need.action, resource: need.resource, context });
}

/** The same, as the message of the denial. */
export function createAuthorizer(cloud: IamCloud): (call: CallContext, need: Need) => Denial {
  return (call, need) =>
    need.owner === undefined
      ? describeDenial(judgeCall(cloud, call, need), call.caller, need)
      : askOwner(cloud, call, need, need.owner);
}

/**
 * Asks the policy of a resource too: within its account either that or a policy of the caller must
 * allow, for a caller of another account both.
 */
function askOwner(
  cloud: IamCloud,
  call: CallContext,
  need: Need,
  { accountId, policy }: NonNullable<Need['owner']>,
): Denial {
  const { caller } = call;
  const context = describeContext(cloud, call, { identity: findIdentity(cloud, caller), need });
  const trust = policy && judgeTrust(policy, describeCaller(caller), { ...need, context });
  if (trust === 'denied')
    return writeDenial(caller, need, 'with an explicit deny in a resource-based policy');
  const isOwn = caller.accountId === accountId || isOfAws(caller);
  if (!isOwn && (trust === undefined || trust === 'none'))
    return writeDenial(
      caller,
      need,
      `because no resource-based policy allows the ${need.action} action`,
    );
  const verdict = judgeCall(cloud, call, need);
  const isSilent = verdict.decision === 'implicitDeny' && verdict.layer === 'identity';
  return isOwn && isSilent && trust === 'named' ? undefined : describeDenial(verdict, caller, need);
}

/** A caller by the names that a policy of a resource may call it by. */
export function describeCaller(caller: Caller): TrustedCaller {
  const { arn, roleArn, accountId } = caller;
  if (isOfAws(caller)) return { kind: 'Service', names: [arn] };
  return { kind: 'AWS', names: roleArn === undefined ? [arn] : [arn, roleArn], accountId };
}

/** What AWS does by itself has the name of a service where others have an ARN. */
export function isOfAws({ arn }: Caller): boolean {
  return !arn.startsWith('arn:');
}

const LAYER_NAMES: Readonly<Record<PolicyLayer, string>> = {
  identity: 'identity-based policy',
  boundary: 'permissions boundary',
  session: 'session policy',
};

function describeDenial({ decision, layer }: PolicyVerdict, caller: Caller, need: Need): Denial {
  if (decision === 'allowed') return undefined;
  const name = LAYER_NAMES[layer];
  const why =
    decision === 'explicitDeny'
      ? `with an explicit deny in ${layer === 'identity' ? 'an' : 'a'} ${name}`
      : `because no ${name} allows the ${need.action} action`;
  return writeDenial(caller, need, why);
}

function writeDenial({ arn }: Caller, { action, resource }: Need, why: string): string {
  return `User: ${arn} is not authorized to perform: ${action} on resource: ${resource} ${why}`;
}

function findIdentity(cloud: IamCloud, { accountId, roleArn, arn }: Caller): Identity | undefined {
  const iam = cloud.iamOf(accountId);
  if (roleArn !== undefined) return iam.roleOf(roleArn);
  const user = iam.users.get(arn.split('/').at(-1) ?? '');
  return user?.arn === arn ? user : undefined;
}

/** What the conditions of any policy may ask of a call, beside who calls. */
export function describeCallContext(
  cloud: IamCloud,
  call: CallContext,
  need: Need,
): RequestContext {
  const identity = findIdentity(cloud, call.caller);
  return describeContext(cloud, call, { identity, need });
}

function describeContext(
  cloud: IamCloud,
  call: CallContext,
  { identity, need }: { readonly identity: Identity | undefined; readonly need: Need },
): RequestContext {
  const { caller } = call;
  const isRole = caller.roleArn !== undefined;
  const isService = isOfAws(caller);
  const type = caller.arn.endsWith(':root') ? 'Account' : 'User';
  const values: ContextValues = {
    'aws:PrincipalArn': isService ? undefined : (caller.roleArn ?? caller.arn),
    'aws:PrincipalAccount': isService ? undefined : caller.accountId,
    'aws:PrincipalType': isRole ? 'AssumedRole' : isService ? undefined : type,
    'aws:PrincipalIsAWSService': String(isService),
    'aws:PrincipalServiceName': isService ? caller.arn : undefined,
    'aws:ViaAWSService': 'false',
    'aws:SourceIdentity': caller.sourceIdentity,
    'aws:userid': caller.userId,
    'aws:username': isRole ? undefined : identity?.name,
    ...need.context,
  };
  // A tag of the session stands for that of the role, whatever the case of its letters.
  for (const [key, value] of [...(identity?.tags ?? []), ...(caller.sessionTags ?? [])])
    values[`aws:PrincipalTag/${key.toLowerCase()}`] = value;
  return describeAnyone(cloud, call, values);
}

type ContextValues = Record<string, string | readonly string[] | undefined>;

/**
 * The condition keys of all services that need no identity, beside those that are given. Calls
 * count as sent by TLS, as they are to AWS.
 */
export function describeAnyone(
  cloud: IamCloud,
  { region, headers }: CallContext,
  given: ContextValues,
): RequestContext {
  const nowMs = cloud.nowMs();
  const values: ContextValues = {
    'aws:RequestedRegion': region,
    'aws:SecureTransport': 'true',
    'aws:CurrentTime': new Date(nowMs).toISOString(),
    'aws:EpochTime': String(Math.floor(nowMs / 1_000)),
    'aws:UserAgent': headers['user-agent'],
    ...given,
  };
  return new Map(
    Object.entries(values).flatMap(([key, value]) =>
      value === undefined ? [] : [[key.toLowerCase(), [value].flat()] as const],
    ),
  );
}
