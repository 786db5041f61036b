/**
 * SimulatePrincipalPolicy and SimulateCustomPolicy: what policies would decide, without a call.
 * Limits: 1,000 actions and resources together in a call, as many results a page as in AWS.
 * Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
 */
import {
  type AccessRequest,
  judgeRequest,
  type NamedPolicy,
  type PolicyLayers,
} from '../../aws/policies/evaluation.ts';
import type { RequestContext } from '../../aws/policies/patterns.ts';
import { AwsError, type AwsInput } from '../service.ts';
import { cutMarkerPage, readListMember, readObjects, readRequired } from './members.ts';
import type { IamActions } from './roles.ts';
import { type IamState, type Identity, writePolicy } from './state.ts';

const RESULTS_MAX = 1_000;
/**
 * Characters.
 * Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html
 */
const RESOURCE_MAX = 2_048;
const POLICY_MAX = 131_072;

export function createSimulationActions(iam: IamState): IamActions {
  return {
    SimulateCustomPolicy: (input) => simulate({ identity: [] }, input, new Map()),
    SimulatePrincipalPolicy: (input) => {
      const identity = findIdentity(iam, readRequired(input, 'PolicySourceArn'));
      const own = contextOf(identity);
      return simulate(iam.layersOf(identity), input, own);
    },
    GetContextKeysForCustomPolicy: (input) => ({
      ContextKeyNames: listKeys(readPolicies(input, 'PolicyInputList')),
    }),
    GetContextKeysForPrincipalPolicy: (input) => {
      const identity = findIdentity(iam, readRequired(input, 'PolicySourceArn'));
      const more = readPolicies(input, 'PolicyInputList');
      return { ContextKeyNames: listKeys([...iam.layersOf(identity).identity, ...more]) };
    },
  };
}

function simulate(layers: PolicyLayers, input: AwsInput, own: RequestContext): object {
  const more = readPolicies(input, 'PolicyInputList');
  const boundaries = readPolicies(input, 'PermissionsBoundaryPolicyInputList');
  const judged: PolicyLayers = {
    ...layers,
    identity: [...layers.identity, ...more],
    ...(boundaries.length > 0 && { boundary: boundaries }),
  };
  const actions = readListMember(input, 'ActionNames');
  if (actions.length === 0) throw new AwsError('InvalidInput', 'ActionNames must not be empty');
  const bad = actions.find((action) => !/^[\w-]+:\w+$/.test(action));
  if (bad !== undefined)
    throw new AwsError('InvalidInput', `The following actions are not valid: ${bad}`);
  const given = readListMember(input, 'ResourceArns');
  const longest = given.reduce((most, one) => Math.max(most, one.length), 0);
  if (longest > RESOURCE_MAX)
    throw new AwsError(
      'ValidationError',
      `a resource of ${longest} characters is longer than ${RESOURCE_MAX}`,
    );
  const resources = given.length === 0 ? ['*'] : given;
  if (actions.length * resources.length > RESULTS_MAX)
    throw new AwsError('InvalidInput', `at most ${RESULTS_MAX} actions on resources are simulated`);
  const context = new Map([...own, ...readContext(input)]);
  const pairs = actions.flatMap((action) => resources.map((resource) => ({ action, resource })));
  const { page, rest } = cutMarkerPage(pairs, input);
  return {
    EvaluationResults: page.map(({ action, resource }) => {
      const request = { action, resource, context };
      const { decision, matched } = judgeRequest(judged, request);
      return {
        EvalActionName: action,
        EvalResourceName: resource,
        EvalDecision: decision,
        MatchedStatements: matched.map(({ policy, layer: from }) => ({
          SourcePolicyId: policy,
          SourcePolicyType: from === 'boundary' ? 'PermissionsBoundary' : 'IAM Policy',
        })),
        MissingContextValues: listMissing(judged, context),
        ...(judged.boundary !== undefined && {
          PermissionsBoundaryDecisionDetail: {
            AllowedByPermissionsBoundary: allowsAlone(judged.boundary, request),
          },
        }),
      };
    }),
    ...rest,
  };
}

/** A boundary is judged by itself, whatever the other policies decide. */
function allowsAlone(boundary: readonly NamedPolicy[], request: AccessRequest): boolean {
  return judgeRequest({ identity: boundary }, request).decision === 'allowed';
}

/** Keys that policies ask for and the context lacks. */
function listMissing(layers: PolicyLayers, context: RequestContext): string[] {
  const all = [...layers.identity, ...(layers.boundary ?? [])];
  return listKeys(all).filter((key) => !context.has(key));
}

function listKeys(policies: readonly NamedPolicy[]): string[] {
  const keys = policies.flatMap(({ policy }) =>
    policy.statements.flatMap(({ conditions }) => conditions.map(({ key }) => key)),
  );
  return [...new Set(keys)].toSorted();
}

/** A role or user of this account, by its whole ARN. @throws AwsError NoSuchEntity, InvalidInput */
function findIdentity(iam: IamState, arn: string): Identity {
  const [, kind, name = ''] =
    /^arn:[^:]*:iam::[^:]*:(role|user)\/(?:.*\/)?([^/]+)$/.exec(arn) ?? [];
  // AWS refuses the ARN of a session in these words too.
  if (kind === undefined)
    throw new AwsError(
      'InvalidInput',
      `Invalid Entity Arn: ${arn} does not clearly define entity type and name.`,
    );
  const found = kind === 'user' ? iam.users.get(name) : iam.roles.get(name);
  if (found?.arn === arn) return found;
  throw new AwsError('NoSuchEntity', `The ${kind} with name ${name} cannot be found.`, 404);
}

function contextOf({ arn, kind, name, tags }: Identity): RequestContext {
  return new Map([
    ['aws:principalarn', [arn]],
    ...[...tags].map(([key, value]): [string, string[]] => [
      `aws:principaltag/${key.toLowerCase()}`,
      [value],
    ]),
    ...(kind === 'User' ? [['aws:username', [name]] as [string, string[]]] : []),
  ]);
}

function readContext(input: AwsInput): [string, readonly string[]][] {
  return readObjects(input, 'ContextEntries').map((entry) => [
    readRequired(entry, 'ContextKeyName').toLowerCase(),
    readListMember(entry, 'ContextKeyValues'),
  ]);
}

function readPolicies(input: AwsInput, key: string): NamedPolicy[] {
  return readListMember(input, key).map((text, index) => {
    const name = `${key}.${index + 1}`;
    if (text.length > POLICY_MAX)
      throw new AwsError('ValidationError', `${name} is longer than ${POLICY_MAX} characters`);
    return { name, policy: writePolicy(text, 'identity').policy };
  });
}
