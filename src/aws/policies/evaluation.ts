/**
 * Judges a request by policies as AWS does: an explicit denial wins; then each layer that is there
 * must allow.
 *
 *     deny anywhere ─► denied · identity, boundary, session: each allows ─► allowed
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
import { holdsCondition } from './conditions.ts';
import type { ParsedPolicy, ParsedStatement, PolicyPrincipals, Selection } from './document.ts';
import { fitsPattern, type RequestContext } from './patterns.ts';

export interface AccessRequest {
  /** `service:Action`. */
  readonly action: string;
  /** An ARN, or `*` for an action without a resource. */
  readonly resource: string;
  readonly context: RequestContext;
}

export interface NamedPolicy {
  /** The ARN of a managed policy, the name of one within a role or user. */
  readonly name: string;
  readonly policy: ParsedPolicy;
}

/** The layers of a caller; one that is absent restricts nothing. */
export interface PolicyLayers {
  readonly identity: readonly NamedPolicy[];
  readonly boundary?: readonly NamedPolicy[];
  readonly session?: readonly NamedPolicy[];
}

export type PolicyLayer = keyof PolicyLayers;

export interface MatchedStatement {
  readonly layer: PolicyLayer;
  readonly policy: string;
  readonly statement: ParsedStatement;
}

export interface PolicyVerdict {
  readonly decision: 'allowed' | 'explicitDeny' | 'implicitDeny';
  /** The layer that denied; `identity` where all allowed. */
  readonly layer: PolicyLayer;
  /** The statements that made the decision. */
  readonly matched: readonly MatchedStatement[];
}

/** In the order in which AWS asks them. */
const LAYERS: readonly PolicyLayer[] = ['identity', 'boundary', 'session'];

export function judgeRequest(layers: PolicyLayers, request: AccessRequest): PolicyVerdict {
  const matched = LAYERS.flatMap((layer) =>
    (layers[layer] ?? []).flatMap(({ name, policy }) =>
      policy.statements
        .filter((statement) => fitsStatement(statement, policy, request))
        .map((statement): MatchedStatement => ({ layer, policy: name, statement })),
    ),
  );
  const denials = matched.filter(({ statement }) => statement.effect === 'Deny');
  if (denials[0] !== undefined)
    return { decision: 'explicitDeny', layer: denials[0].layer, matched: denials };
  const silent = LAYERS.find(
    (layer) => layers[layer] !== undefined && !matched.some((one) => one.layer === layer),
  );
  if (silent !== undefined) return { decision: 'implicitDeny', layer: silent, matched: [] };
  return { decision: 'allowed', layer: 'identity', matched };
}

/** Who asks for a role or another resource: each name that its policy may call it by. */
export interface TrustedCaller {
  readonly kind: 'AWS' | 'Service' | 'Federated';
  /** ARNs of the session and its role, or the name of a service or provider. */
  readonly names: readonly string[];
  readonly accountId?: string;
}

/**
 * How far the policy of a role or another resource trusts a caller: `named` needs no other
 * permission within an account, `account` leaves it to the policies of the account, `none` did not
 * allow, `denied` forbids.
 */
export type TrustVerdict = 'named' | 'account' | 'none' | 'denied';

export function judgeTrust(
  policy: ParsedPolicy,
  caller: TrustedCaller,
  { action, context, resource = '*' }: Omit<AccessRequest, 'resource'> & { resource?: string },
): TrustVerdict {
  let trust: TrustVerdict = 'none';
  for (const statement of policy.statements) {
    const { principals = { isAllBut: false, names: [] } } = statement;
    const found = findPrincipal(principals, caller);
    const request = { action, context, resource };
    if (found === 'none' || !fitsStatement(statement, policy, request)) continue;
    if (statement.effect === 'Deny') return 'denied';
    if (trust !== 'named') trust = found;
  }
  return trust;
}

function findPrincipal({ names }: PolicyPrincipals, caller: TrustedCaller): TrustVerdict {
  const own = names.filter(({ kind }) => kind === caller.kind).map(({ name }) => name);
  if (own.some((name) => name === '*' || caller.names.includes(name))) return 'named';
  const { accountId } = caller;
  const isOfAccount =
    accountId !== undefined &&
    own.some((name) => name === accountId || name.endsWith(`:iam::${accountId}:root`));
  return isOfAccount ? 'account' : 'none';
}

function fitsStatement(
  { actions, resources, conditions }: ParsedStatement,
  { hasVariables }: ParsedPolicy,
  { action, resource, context }: AccessRequest,
): boolean {
  const variables = hasVariables ? context : undefined;
  return (
    selects(actions, action, { context: undefined, ignoresCase: true }) &&
    (resources === undefined || selects(resources, resource, { context: variables })) &&
    conditions.every((condition) => holdsCondition(condition, context, variables))
  );
}

function selects(
  { isAllBut, patterns }: Selection,
  text: string,
  options: Parameters<typeof fitsPattern>[2],
): boolean {
  return patterns.some((pattern) => fitsPattern(pattern, text, options)) !== isAllBut;
}
