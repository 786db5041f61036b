/**
 * Reads policy documents, and refuses what AWS refuses, in its words.
 *
 * Limits: the sizes of AWS, which the caller knows; 1,000 statements.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
import { findBadValue, parseOperator, type PolicyCondition } from './conditions.ts';

/** A list of patterns, or all but these. */
export interface Selection {
  readonly isAllBut: boolean;
  readonly patterns: readonly string[];
}

export type PrincipalKind = 'AWS' | 'Service' | 'Federated' | 'CanonicalUser';

export interface PolicyPrincipals {
  readonly isAllBut: boolean;
  readonly names: readonly { readonly kind: PrincipalKind; readonly name: string }[];
}

export interface ParsedStatement {
  readonly sid: string;
  readonly effect: 'Allow' | 'Deny';
  readonly actions: Selection;
  /** None in a trust policy. */
  readonly resources?: Selection;
  /** In a trust policy or one of a resource. */
  readonly principals?: PolicyPrincipals;
  readonly conditions: readonly PolicyCondition[];
}

export interface ParsedPolicy {
  /** Whether its version has variables. */
  readonly hasVariables: boolean;
  readonly statements: readonly ParsedStatement[];
}

/**
 * `identity`: of a role, a user, a boundary or a session; `trust`: who may assume a role;
 * `resource`: who may do what with any other resource.
 */
export type PolicyKind = 'identity' | 'trust' | 'resource';

/** A document that AWS refuses, in AWS's words. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
}

const STATEMENTS_MAX = 1_000;
const ELEMENTS = new Set([
  'Sid',
  'Effect',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Principal',
  'NotPrincipal',
  'Condition',
]);
const PRINCIPAL_KINDS: readonly PrincipalKind[] = ['AWS', 'Service', 'Federated', 'CanonicalUser'];
const TRUST_ACTIONS =
  /^sts:(?:AssumeRole(?:With\w+)?|TagSession|SetSourceIdentity|SetContext|\*)$/i;
const SYNTAX = 'Syntax errors in policy.';

/** @throws PolicyError */
export function parsePolicy(text: string, kind: PolicyKind): ParsedPolicy {
  const document = readJson(text, kind);
  for (const name of Object.keys(document))
    if (!['Version', 'Id', 'Statement'].includes(name)) throw new PolicyError(SYNTAX);
  const version = document['Version'] ?? '2008-10-17';
  if (version !== '2012-10-17' && version !== '2008-10-17') throw new PolicyError(SYNTAX);
  if (kind === 'identity' && version !== '2012-10-17')
    throw new PolicyError('Policy document must be version 2012-10-17 or greater.');
  const written = document['Statement'];
  const list: unknown[] = Array.isArray(written) ? written : [written];
  if (written === undefined || list.length === 0 || list.length > STATEMENTS_MAX)
    throw new PolicyError(SYNTAX);
  const statements = list.map((statement) => parseStatement(statement, kind));
  const sids = statements.map(({ sid }) => sid).filter((sid) => sid !== '');
  if (new Set(sids).size < sids.length)
    throw new PolicyError('Statement IDs (SID) in a single policy must be unique.');
  return { hasVariables: version === '2012-10-17', statements };
}

function readJson(text: string, kind: PolicyKind): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new PolicyError(kind === 'trust' ? 'This policy contains invalid Json' : SYNTAX);
  }
  return requireObject(value);
}

function parseStatement(value: unknown, kind: PolicyKind): ParsedStatement {
  const statement = requireObject(value);
  for (const name of Object.keys(statement)) if (!ELEMENTS.has(name)) throw new PolicyError(SYNTAX);
  const { Sid: sid = '', Effect: effect } = statement;
  if (typeof sid !== 'string' || !/^[0-9A-Za-z]*$/.test(sid))
    throw new PolicyError(
      'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular ' +
        'expression [0-9A-Za-z]*',
    );
  if (effect !== 'Allow' && effect !== 'Deny') throw new PolicyError(SYNTAX);
  const actions = readSelection(statement, 'Action');
  if (actions === undefined) throw new PolicyError('Policy statement must contain actions.');
  for (const action of actions.patterns) checkAction(action);
  const resources = readSelection(statement, 'Resource');
  const principals = readPrincipals(statement);
  if (kind === 'trust') checkTrust(actions, resources, principals);
  else {
    if (kind === 'resource') checkPrincipals(principals);
    else if (principals !== undefined)
      throw new PolicyError('Policy document should not specify a principal.');
    if (resources === undefined) throw new PolicyError('Policy statement must contain resources.');
    for (const resource of resources.patterns) checkResource(resource);
  }
  return {
    sid,
    effect,
    actions,
    ...(resources && { resources }),
    ...(principals && { principals }),
    conditions: readConditions(statement['Condition']),
  };
}

function checkTrust(
  actions: Selection,
  resources: Selection | undefined,
  principals: PolicyPrincipals | undefined,
): void {
  if (resources !== undefined) throw new PolicyError('Has prohibited field Resource');
  if (actions.isAllBut || actions.patterns.some((action) => !TRUST_ACTIONS.test(action)))
    throw new PolicyError('AssumeRole policy may only specify STS AssumeRole actions.');
  checkPrincipals(principals);
}

function checkPrincipals(principals: PolicyPrincipals | undefined): void {
  if (principals === undefined) throw new PolicyError('Missing required field Principal');
  if (principals.isAllBut) throw new PolicyError('Has prohibited field NotPrincipal');
  for (const { kind, name } of principals.names)
    if (!isPrincipal(kind, name))
      throw new PolicyError(`Invalid principal in policy: "${kind}":"${name}"`);
}

function isPrincipal(kind: PrincipalKind, name: string): boolean {
  if (kind === 'Service')
    return /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?$/.test(name);
  if (kind === 'Federated') return name !== '' && !name.includes('*');
  if (kind === 'CanonicalUser') return false;
  // An account's own words for a role or user that is gone: AROA…, AIDA….
  return (
    name === '*' ||
    /^\d{12}$/.test(name) ||
    /^A[A-Z]{3}[A-Z0-9]{12,}$/.test(name) ||
    /^arn:aws[\w-]*:(?:iam|sts)::\d{12}:(?:root|[a-z-]+\/[^*]+)$/.test(name)
  );
}

function checkAction(action: string): void {
  if (action === '*') return;
  const [vendor = '', name, more] = action.split(':');
  if (name === undefined)
    throw new PolicyError(
      'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
    );
  if (more !== undefined) throw new PolicyError('Actions/Condition can contain only one colon.');
  if (!/^[a-zA-Z0-9.-]+$/.test(vendor)) throw new PolicyError(`Vendor ${vendor} is not valid`);
  if (!/^[\w*?]+$/.test(name)) throw new PolicyError('The policy failed legacy parsing');
}

function checkResource(resource: string): void {
  if (resource === '*') return;
  const [scheme = '', partition, service, region, account, ...rest] = resource.split(':');
  if (partition === undefined || scheme !== 'arn')
    throw new PolicyError(`Resource ${resource} must be in ARN format or "*".`);
  if (!/^(?:aws[a-z-]*|\*)$/.test(partition) && !partition.includes('${')) {
    const parts = [service, region, account, rest.join(':')].map((part) => part || '*').join(':');
    throw new PolicyError(
      `Partition "${partition}" is not valid for resource "arn:${partition}:${parts}".`,
    );
  }
  if (service === undefined || service === '')
    throw new PolicyError('Resource vendor must be fully qualified and cannot contain regexes.');
  if (rest.length === 0 && !resource.includes('*'))
    throw new PolicyError('The policy failed legacy parsing');
}

function readSelection(
  statement: Readonly<Record<string, unknown>>,
  name: 'Action' | 'Resource',
): Selection | undefined {
  const [some, others] = [statement[name], statement[`Not${name}`]];
  if (some !== undefined && others !== undefined) throw new PolicyError(SYNTAX);
  const patterns = readTexts(some ?? others);
  return patterns.length === 0 ? undefined : { isAllBut: some === undefined, patterns };
}

function readPrincipals(
  statement: Readonly<Record<string, unknown>>,
): PolicyPrincipals | undefined {
  const { Principal: some, NotPrincipal: others } = statement;
  const written = some ?? others;
  if (written === undefined) return undefined;
  if (some !== undefined && others !== undefined) throw new PolicyError(SYNTAX);
  const isAllBut = some === undefined;
  if (written === '*') return { isAllBut, names: [{ kind: 'AWS', name: '*' }] };
  const names = Object.entries(requireObject(written)).flatMap(([name, given]) => {
    const kind = PRINCIPAL_KINDS.find((known) => known === name);
    if (kind === undefined) throw new PolicyError(SYNTAX);
    return readTexts(given).map((one) => ({ kind, name: one }));
  });
  return { isAllBut, names };
}

function readConditions(value: unknown): PolicyCondition[] {
  if (value === undefined) return [];
  return Object.entries(requireObject(value)).flatMap(([name, keys]) => {
    const parsed = parseOperator(name);
    if (parsed === undefined) throw new PolicyError(`Invalid Condition type : ${name}.`);
    return Object.entries(requireObject(keys)).map(([key, given]): PolicyCondition => {
      if (!/^[^:]+:.+$/.test(key))
        throw new PolicyError(
          'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
        );
      const values = readTexts(given);
      const bad = findBadValue(parsed.operator, values);
      if (bad !== undefined)
        throw new PolicyError(`Value ${bad} of condition ${name} on ${key} is not valid.`);
      return { ...parsed, key: key.toLowerCase(), values };
    });
  });
}

function readTexts(value: unknown): readonly string[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? (value as unknown[]) : [value]).map((one) => {
    if (typeof one === 'string') return one;
    if (typeof one === 'boolean' || typeof one === 'number') return String(one);
    throw new PolicyError(SYNTAX);
  });
}

function requireObject(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new PolicyError(SYNTAX);
}
