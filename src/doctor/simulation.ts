/**
 * Asks IAM's simulation what a role or user may do, in the circumstances of the collector's
 * requests, and reads of its results what keeps an action from being allowed.
 * Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
 */
import type { ContextEntry, EvaluationResult, IAMClient, Role } from '@aws-sdk/client-iam';
import type { PolicyStatement } from '../deploy/permissions.ts';
import { listKeysOf, readRolePolicies, READING_ACTIONS } from './role-policies.ts';

export interface NeededAction {
  readonly action: string;
  readonly resource: string;
  readonly why: string;
  readonly conditions: PolicyStatement['conditions'];
}

type Decision = 'allowed' | 'denied' | 'unknown';

export interface Judged {
  readonly decision: Decision;
  readonly words: string;
  /** The remedy, where it is another than to add a statement. */
  readonly obstacle?: string | undefined;
  /** Whether the obstacle is a boundary, beside which the policy may lack the action too. */
  readonly isOfBoundary?: boolean;
}

export function isAbsent(error: unknown): boolean {
  return error instanceof Error && error.name.startsWith('NoSuchEntity');
}

/** @returns  undefined for a user, and where IAM may not be asked */
export async function readRole(iam: IAMClient, principal: string): Promise<Role | undefined> {
  const RoleName = /:role\/(?:.*\/)?([^/]+)$/.exec(principal)?.[1];
  if (RoleName === undefined) return undefined;
  const { GetRoleCommand } = await import('@aws-sdk/client-iam');
  try {
    return (await iam.send(new GetRoleCommand({ RoleName }))).Role;
  } catch (error) {
    if (isAbsent(error)) throw error;
    return undefined;
  }
}

interface Simulated {
  readonly arn: string;
  readonly role: Role | undefined;
  readonly region: string;
}

export async function simulateAll(
  iam: IAMClient,
  { arn, role, region }: Simulated,
  needed: readonly NeededAction[],
): Promise<ReadonlyMap<string, Judged>> {
  const { SimulatePrincipalPolicyCommand } = await import('@aws-sdk/client-iam');
  const found = new Map<string, Judged>();
  const ofEachRequest = describeEachRequest(arn, region);
  const ownKeys = new Set(
    needed.flatMap(({ conditions }) =>
      listContext(conditions).map(({ ContextKeyName: key }) => key.toLowerCase()),
    ),
  );
  let reading: ReturnType<typeof readRolePolicies> | undefined;
  for (const { resource, conditions, actions } of groupByResource(needed)) {
    const { EvaluationResults = [] } = await iam.send(
      new SimulatePrincipalPolicyCommand({
        PolicySourceArn: arn,
        ActionNames: [...actions],
        ResourceArns: [resource],
        ContextEntries: [...listContext(conditions), ...ofEachRequest],
      }),
    );
    for (const result of EvaluationResults) {
      const { EvalActionName: action = '', EvalDecision: decision } = result;
      const lacks = (result.MissingContextValues ?? [])
        .map((key) => key.toLowerCase())
        .filter((key) => !ownKeys.has(key));
      let deciding = lacks;
      if (decision === 'implicitDeny' && lacks.length > 0 && role !== undefined) {
        const policies = await (reading ??= readRolePolicies(iam, role));
        const asked = policies && listKeysOf(policies, action, resource);
        if (asked !== undefined) deciding = lacks.filter((key) => asked.has(key));
      }
      // A condition on what only a request has: IAM does not know what it would decide.
      const isOpen = decision === 'implicitDeny' && deciding.length > 0;
      const isRead = reading === undefined || (await reading) !== undefined;
      found.set(
        `${action} ${resource}`,
        isOpen
          ? { decision: 'unknown', words: describeOpen(deciding, isRead) }
          : {
              decision: decision === 'allowed' ? 'allowed' : 'denied',
              words: `IAM simulates ${decision} for ${arn}`,
              ...findObstacle(result),
            },
      );
    }
  }
  return found;
}

/** @param isRead  whether policies tell that these keys decide */
function describeOpen(keys: readonly string[], isRead: boolean): string {
  const words = `policies ask for ${keys.join(', ')}, which only a request tells`;
  return isRead ? words : `${words}; whether they decide, ${READING_ACTIONS} would tell`;
}

/** Nothing where a statement that allows is all that lacks. */
function findObstacle({
  EvalDecision,
  MatchedStatements = [],
  PermissionsBoundaryDecisionDetail: boundary,
}: EvaluationResult): Pick<Judged, 'isOfBoundary' | 'obstacle'> {
  const [policy] = MatchedStatements.flatMap(({ SourcePolicyId }) => SourcePolicyId ?? []);
  if (EvalDecision === 'explicitDeny')
    return {
      obstacle: `a statement denies it${policy === undefined ? '' : ` (${policy})`}: take it out`,
    };
  if (boundary?.AllowedByPermissionsBoundary === false)
    return {
      obstacle: 'allow it in the permissions boundary too: what that lacks, no policy gives',
      isOfBoundary: true,
    };
  return {};
}

interface ActionGroup {
  readonly resource: string;
  readonly conditions: PolicyStatement['conditions'];
  readonly actions: Set<string>;
}

function groupByResource(needed: readonly NeededAction[]): readonly ActionGroup[] {
  const groups = new Map<string, ActionGroup>();
  for (const { action, resource, conditions } of needed) {
    const key = JSON.stringify([resource, conditions]);
    const group = groups.get(key) ?? { resource, conditions, actions: new Set<string>() };
    group.actions.add(action);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** The keys of a statement's conditions, with values for which they hold. */
function listContext(conditions: PolicyStatement['conditions'] = {}) {
  return Object.values(conditions).flatMap((keys) =>
    Object.entries(keys as Readonly<Record<string, unknown>>).map(([name, value]) => ({
      ContextKeyName: name,
      ContextKeyType: 'string' as const,
      ContextKeyValues: [value].flat().map(String),
    })),
  );
}

/** What every request of the collector has, and policies ask for. */
function describeEachRequest(arn: string, region: string): ContextEntry[] {
  const values = {
    'aws:RequestedRegion': region,
    'aws:PrincipalArn': arn,
    'aws:PrincipalAccount': arn.split(':')[4] ?? '',
  };
  const isSecure = { ContextKeyName: 'aws:SecureTransport', ContextKeyValues: ['true'] };
  return [...listContext({ StringEquals: values }), { ...isSecure, ContextKeyType: 'boolean' }];
}
