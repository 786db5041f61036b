/**
 * Whether each action that the configuration needs is allowed on the resource it is used on: by
 * IAM's own simulation where that is permitted, else by requests that change nothing. An action
 * that neither tells is said to be unknown. Who is looked at: the credentials of this process, or
 * the role that a flag names.
 */
import type { ContextEntry, EvaluationResult } from '@aws-sdk/client-iam';
import type { CollectorPlan } from '../config/plan.ts';
import { permissionsOfPlan } from '../config/used-permissions.ts';
import { clientOptions } from '../aws/client-options.ts';
import type { PolicyStatement } from '../deploy/permissions.ts';
import { defineCheck, type Telling } from './check.ts';
import { describeBriefly, oneLine, readRefusal } from './faults.ts';
import { askIdentity, type AwsUseOf, type CallerIdentity, listAwsUses } from './identity.ts';
import { makeProbe } from './probes.ts';
import type { DoctorSubject } from './subject.ts';

interface NeededAction {
  readonly action: string;
  readonly resource: string;
  readonly why: string;
  readonly conditions: PolicyStatement['conditions'];
}

type Decision = 'allowed' | 'denied' | 'unknown';

interface Judged {
  readonly decision: Decision;
  readonly words: string;
  /** The remedy, where it is another than to add a statement. */
  readonly obstacle?: string | undefined;
}

type Ids = 'permission-missing' | 'permission-unknown';

const UNKNOWN: Judged = { decision: 'unknown', words: '' };

export const permissionsCheck = defineCheck({
  id: 'permissions',
  looksAt: 'each action of AWS that the configuration needs, on its resource',
  timeoutMs: 40_000,
  kinds: {
    'permission-missing': {
      severity: 'error',
      means:
        'An action that the configuration needs is not allowed: no policy allows it, or one ' +
        'denies it (of the role, a boundary, the organization, the endpoint or the resource).',
      remedy: 'Add the statement that is shown to the policy of the role.',
      page: 'how-to/iam.md',
    },
    'permission-unknown': {
      severity: 'warning',
      means: 'The role that was named could not be looked at.',
      remedy:
        'Allow iam:SimulatePrincipalPolicy and iam:GetRole to whoever runs doctor, or run it ' +
        'as that role.',
      page: 'how-to/iam.md',
    },
  },
  async look(subject, tell) {
    const { plan } = subject.checked;
    const [first] = subject.uses.filter(isByRole);
    if (plan === undefined || first === undefined) {
      tell.skipped('nothing of AWS is used by the role of the task');
      return;
    }
    const identity = await askIdentity(first, subject).then(
      (answer) => answer.identity,
      () => undefined,
    );
    const needed = await listNeeded(plan, first, subject, identity);
    if (needed.length === 0) {
      tell.ok('the configuration needs no permission of the role');
      return;
    }
    const role = subject.role ?? roleOfCaller(identity);
    const simulated = await simulate(role, needed, subject, first, tell);
    await judgeAll(needed, simulated, subject, tell, identity);
  },
});

/** Whether it is called with the credentials of the place, not with keys of the configuration. */
function isByRole(use: DoctorSubject['uses'][number]): use is AwsUseOf {
  const { accessKey, profile, roleArn, webIdentityTokenFile } = use.aws?.credentials ?? {};
  const own = accessKey ?? profile ?? roleArn ?? webIdentityTokenFile;
  return use.aws !== undefined && own === undefined;
}

async function listNeeded(
  plan: CollectorPlan,
  first: AwsUseOf,
  subject: DoctorSubject,
  identity: CallerIdentity | undefined,
): Promise<readonly NeededAction[]> {
  const [, partition = 'aws', , , account = '*'] = (identity?.arn ?? subject.role ?? '').split(':');
  const region = await subject.asking.region(first.aws).catch(() => '*');
  const place = { partition, region, account: account || '*' };
  return permissionsOfPlan(plan, place).flatMap(({ actions, resources, why, conditions }) =>
    actions.flatMap((action) =>
      resources.flatMap((resource) =>
        typeof resource === 'string' ? [{ action, resource, why, conditions }] : [],
      ),
    ),
  );
}

/** The role of a session, in the form of IAM; without its path, which IAM tells. */
function roleOfCaller(identity: CallerIdentity | undefined): string | undefined {
  const { arn = '', account } = identity ?? {};
  const [, partition = '', name = ''] =
    /^arn:([^:]+):sts::\d*:assumed-role\/([^/]+)\//.exec(arn) ?? [];
  if (name !== '') return `arn:${partition}:iam::${account}:role/${name}`;
  return arn.includes(':user/') ? arn : undefined;
}

/** @returns  by action and resource; empty where IAM may not be asked */
async function simulate(
  principal: string | undefined,
  needed: readonly NeededAction[],
  subject: DoctorSubject,
  { aws, connection }: AwsUseOf,
  tell: Telling<Ids>,
): Promise<ReadonlyMap<string, Judged>> {
  const found = new Map<string, Judged>();
  if (principal === undefined) return found;
  const { IAMClient, GetRoleCommand, SimulatePrincipalPolicyCommand } =
    await import('@aws-sdk/client-iam');
  const { asking } = subject;
  const iam = new IAMClient(
    clientOptions({
      credentials: asking.sourceOf({ ...aws.credentials, connection }),
      region: () => asking.region(aws),
      endpoint: asking.endpointOf('iam'),
      connection,
    }),
  );
  try {
    const name = /:role\/(?:.*\/)?([^/]+)$/.exec(principal)?.[1];
    const role =
      name && (await iam.send(new GetRoleCommand({ RoleName: name })).catch(() => undefined));
    const arn = (role && role.Role?.Arn) ?? principal;
    const ofEachRequest = describeEachRequest(arn, await asking.region(aws));
    const ownKeys = new Set(
      needed.flatMap(({ conditions }) =>
        listContext(conditions).map(({ ContextKeyName: key }) => key.toLowerCase()),
      ),
    );
    for (const group of groupByResource(needed)) {
      const { resource, conditions, actions } = group;
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
        const lacks = (result.MissingContextValues ?? []).map((key) => key.toLowerCase());
        // A condition on what only a request has: IAM does not know what it would decide.
        if (decision === 'implicitDeny' && lacks.some((key) => !ownKeys.has(key))) continue;
        found.set(`${action} ${resource}`, {
          decision: decision === 'allowed' ? 'allowed' : 'denied',
          words: `IAM simulates ${decision} for ${arn}`,
          obstacle: findObstacle(result),
        });
      }
    }
  } catch (error) {
    found.clear();
    if (subject.role !== undefined)
      tell.found('permission-unknown', {
        what: `${subject.role} cannot be looked at`,
        evidence: [describeBriefly(error)],
      });
  } finally {
    iam.destroy();
  }
  return found;
}

/** Undefined where a statement that allows is all that lacks. */
function findObstacle({
  EvalDecision,
  MatchedStatements = [],
  PermissionsBoundaryDecisionDetail: boundary,
}: EvaluationResult): string | undefined {
  const [policy] = MatchedStatements.flatMap(({ SourcePolicyId }) => SourcePolicyId ?? []);
  if (EvalDecision === 'explicitDeny')
    return `a statement denies it${policy === undefined ? '' : ` (${policy})`}: take it out`;
  if (boundary?.AllowedByPermissionsBoundary === false)
    return 'allow it in the permissions boundary too: what that lacks, no policy gives';
  return undefined;
}

/** The same of the words of a denial. */
function readObstacle(words: string): string | undefined {
  if (/explicit deny/.test(words)) return 'a statement denies it: take it out';
  const [by] = /permissions boundary|service control policy|session policy/.exec(words) ?? [];
  return by && `allow it in the ${by} too: what that lacks, no policy gives`;
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

async function judgeAll(
  needed: readonly NeededAction[],
  simulated: ReadonlyMap<string, Judged>,
  subject: DoctorSubject,
  tell: Telling<Ids>,
  identity: CallerIdentity | undefined,
): Promise<void> {
  const unknown: string[] = [];
  const allowed: string[] = [];
  const who = subject.role ?? identity?.arn ?? 'the credentials of this process';
  const judged = await Promise.all(
    needed.map(async (one): Promise<readonly [NeededAction, Judged]> => {
      const known = simulated.get(`${one.action} ${one.resource}`);
      if (known !== undefined) return [one, known];
      // The calls of this process say nothing of another role.
      return [one, subject.role === undefined ? await tryAction(one, subject) : UNKNOWN];
    }),
  );
  for (const [{ action, resource, why, conditions }, { decision, words, obstacle }] of judged) {
    if (decision === 'allowed') allowed.push(action);
    if (decision === 'unknown') unknown.push(`${action} on ${resource}`);
    if (decision !== 'denied') continue;
    const statement = {
      Effect: 'Allow',
      Action: action,
      Resource: resource,
      Condition: conditions,
    };
    tell.found('permission-missing', {
      what: `${action} on ${resource} is not allowed to ${who}`,
      evidence: [words, `needed for ${why}`].filter((line) => line !== ''),
      remedy: obstacle ?? `add to its policy:\n${JSON.stringify(statement, undefined, 2)}`,
    });
  }
  if (allowed.length > 0) tell.ok(`allowed to ${who}: ${[...new Set(allowed)].join(', ')}`);
  if (unknown.length > 0)
    tell.skipped(
      `not known, since IAM may not be asked and no request tells it without a change: ` +
        [...new Set(unknown)].join('; '),
    );
}

/** Asks what changes nothing, as the use does that needs the action. */
async function tryAction(
  { action, resource, conditions }: NeededAction,
  subject: DoctorSubject,
): Promise<Judged> {
  const [prefix = ''] = action.split(':');
  const id = /:workspace\/([^/]+)$/.exec(resource)?.[1] ?? '';
  const use = listAwsUses(subject.uses)
    .filter(isByRole)
    .find(({ aws, url = '' }) => aws.service === prefix && url.includes(id === '*' ? '' : id));
  const request = use && makeProbe(action, resource, conditions);
  if (use === undefined || request === undefined) return UNKNOWN;
  try {
    const refusal = readRefusal((await subject.asking.ask(use, request)).response);
    if (refusal.kind === 'denied') {
      const words = oneLine(refusal.message || refusal.code);
      return { decision: 'denied', words, obstacle: readObstacle(words) };
    }
    const isTaken = ['none', 'missing', 'other', 'throttled'].includes(refusal.kind);
    return isTaken ? { decision: 'allowed', words: '' } : UNKNOWN;
  } catch {
    return UNKNOWN;
  }
}
