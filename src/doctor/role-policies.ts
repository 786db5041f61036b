/**
 * The policies of a role as IAM holds them, and which conditions decide on an action. A simulation
 * names each key that any statement asks for, also one that is about other actions.
 * Limits: one page of IAM's lists; a role with more is as one that may not be read.
 * Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html
 */
import type { IAMClient, Role } from '@aws-sdk/client-iam';
import { type ParsedPolicy, type ParsedStatement, parsePolicy } from '../aws/policies/document.ts';
import { fitsPattern } from '../aws/policies/patterns.ts';

/** What reading them needs beside iam:GetRole. */
export const READING_ACTIONS =
  'iam:ListRolePolicies, iam:GetRolePolicy, iam:ListAttachedRolePolicies, iam:GetPolicy and ' +
  'iam:GetPolicyVersion';

/** @returns  those in it, attached to it and its boundary; undefined where one can't be read */
export async function readRolePolicies(
  iam: IAMClient,
  { RoleName, PermissionsBoundary }: Role,
): Promise<readonly ParsedPolicy[] | undefined> {
  const {
    GetPolicyCommand,
    GetPolicyVersionCommand,
    GetRolePolicyCommand,
    ListAttachedRolePoliciesCommand,
    ListRolePoliciesCommand,
  } = await import('@aws-sdk/client-iam');
  const readManaged = async (PolicyArn: string | undefined): Promise<ParsedPolicy> => {
    const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn }));
    const VersionId = Policy?.DefaultVersionId;
    const version = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId }));
    return parseDocument(version.PolicyVersion?.Document);
  };
  try {
    const inline = await iam.send(new ListRolePoliciesCommand({ RoleName }));
    const attached = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
    if (inline.IsTruncated === true || attached.IsTruncated === true) return undefined;
    const policies: ParsedPolicy[] = [];
    for (const PolicyName of inline.PolicyNames ?? []) {
      const one = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
      policies.push(parseDocument(one.PolicyDocument));
    }
    for (const { PolicyArn } of attached.AttachedPolicies ?? [])
      policies.push(await readManaged(PolicyArn));
    const boundary = PermissionsBoundary?.PermissionsBoundaryArn;
    if (boundary !== undefined) policies.push(await readManaged(boundary));
    return policies;
  } catch {
    // Whoever runs doctor may not read them, or one has a form that is not known here.
    return undefined;
  }
}

function parseDocument(text: string | undefined): ParsedPolicy {
  return parsePolicy(decodeURIComponent(text ?? ''), 'identity');
}

/** The keys, in lower case, that statements about an action on a resource ask for. */
export function listKeysOf(
  policies: readonly ParsedPolicy[],
  action: string,
  resource: string,
): ReadonlySet<string> {
  const about = policies.flatMap(({ statements }) =>
    statements.filter((statement) => isAbout(statement, action, resource)),
  );
  return new Set(
    about.flatMap(({ conditions, resources }) => [
      ...conditions.flatMap(({ key, values }) => [key, ...values.flatMap(listVariables)]),
      ...(resources?.patterns ?? []).flatMap(listVariables),
    ]),
  );
}

const VARIABLE = /\$\{([^{}',]+)[^{}]*\}/g;

function listVariables(text: string): string[] {
  return [...text.matchAll(VARIABLE)].map(([, name = '']) => name.trim().toLowerCase());
}

/** A variable may stand for anything. */
function isAbout(
  { actions, resources }: ParsedStatement,
  action: string,
  resource: string,
): boolean {
  const fits = (pattern: string, text: string, ignoresCase: boolean): boolean =>
    fitsPattern(pattern.replaceAll(VARIABLE, '*'), text, { context: undefined, ignoresCase });
  const isAction = actions.patterns.some((one) => fits(one, action, true)) !== actions.isAllBut;
  if (!isAction || resources === undefined) return isAction;
  const { isAllBut, patterns } = resources;
  const isVariable = patterns.some((one) => listVariables(one).length > 0);
  const isListed = patterns.some((one) => fits(one, resource, false));
  return isAllBut ? isVariable || !isListed : isListed;
}
