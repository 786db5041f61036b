/**
 * Whether each action that the configuration needs is allowed on the resource it is used on: by
 * IAM's own simulation where that is permitted, else by requests that change nothing. An action
 * that neither tells is said to be unknown. Who is looked at: the credentials of this process, or
 * the role that a flag names.
 */
import type { CollectorPlan } from '../config/plan.ts';
import { permissionsOfPlan } from '../config/used-permissions.ts';
import { clientOptions } from '../aws/client-options.ts';
import { defineCheck, type Telling } from './check.ts';
import { describeBriefly, oneLine, readRefusal } from './faults.ts';
import { askIdentity, type AwsUseOf, type CallerIdentity, listAwsUses } from './identity.ts';
import { makeProbe } from './probes.ts';
import { readRole, isAbsent, type Judged, type NeededAction, simulateAll } from './simulation.ts';
import type { DoctorSubject } from './subject.ts';

type Ids = 'permission-missing' | 'permission-unknown' | 'role-unknown';

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
    'role-unknown': {
      severity: 'error',
      means: 'The account of the credentials has no role of the ARN that was named.',
      remedy:
        'Compare it with "aws iam list-roles": account, path and name; a role of another ' +
        'account is looked at with credentials of that account.',
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
    const simulated = await simulate(identity, needed, subject, first, tell);
    if (simulated !== undefined) await judgeAll(needed, simulated, subject, tell, identity);
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

/**
 * @returns  by action and resource; empty where IAM may not be asked, undefined where there is
 *           no such role
 */
async function simulate(
  identity: CallerIdentity | undefined,
  needed: readonly NeededAction[],
  subject: DoctorSubject,
  { aws, connection }: AwsUseOf,
  tell: Telling<Ids>,
): Promise<ReadonlyMap<string, Judged> | undefined> {
  const principal = subject.role ?? roleOfCaller(identity);
  if (principal === undefined) return new Map();
  if (isForeign(subject.role, identity)) {
    const evidence = [`the credentials are of ${identity?.arn}`];
    tell.found('role-unknown', { what: `${principal} is of another account`, evidence });
    return undefined;
  }
  const { IAMClient: Client } = await import('@aws-sdk/client-iam');
  const { asking } = subject;
  const iam = new Client(
    clientOptions({
      credentials: asking.sourceOf({ ...aws.credentials, connection }),
      region: () => asking.region(aws),
      endpoint: asking.endpointOf('iam'),
      connection,
    }),
  );
  try {
    const role = await readRole(iam, principal);
    const arn = role?.Arn ?? principal;
    if (subject.role !== undefined && arn !== subject.role) {
      const evidence = [`the role of that name is ${arn}`];
      tell.found('role-unknown', { what: `there is no ${subject.role}`, evidence });
      return undefined;
    }
    return await simulateAll(iam, { arn, role, region: await asking.region(aws) }, needed);
  } catch (error) {
    if (subject.role === undefined) return new Map();
    const evidence = [describeBriefly(error)];
    if (isAbsent(error)) {
      tell.found('role-unknown', { what: `there is no ${subject.role}`, evidence });
      return undefined;
    }
    tell.found('permission-unknown', { what: `${subject.role} cannot be looked at`, evidence });
    return new Map();
  } finally {
    iam.destroy();
  }
}

function isForeign(role: string | undefined, identity: CallerIdentity | undefined): boolean {
  return role !== undefined && identity !== undefined && role.split(':')[4] !== identity.account;
}

/** What else than a statement to add the words of a denial ask for. */
function readObstacle(words: string): string | undefined {
  if (/explicit deny/.test(words)) return 'a statement denies it: take it out';
  const [by] = /permissions boundary|service control policy|session policy/.exec(words) ?? [];
  return by && `allow it in the ${by} too: what that lacks, no policy gives`;
}

async function judgeAll(
  needed: readonly NeededAction[],
  simulated: ReadonlyMap<string, Judged>,
  subject: DoctorSubject,
  tell: Telling<Ids>,
  identity: CallerIdentity | undefined,
): Promise<void> {
  const unknown = new Map<string, Set<string>>();
  const allowed: string[] = [];
  const who = subject.role ?? identity?.arn ?? 'the credentials of this process';
  const judged = await Promise.all(
    needed.map(async (one): Promise<readonly [NeededAction, Judged]> => {
      const known = simulated.get(`${one.action} ${one.resource}`) ?? UNKNOWN;
      // The calls of this process say nothing of another role.
      if (known.decision !== 'unknown' || subject.role !== undefined) return [one, known];
      const tried = await tryAction(one, subject);
      return [one, tried.decision === 'unknown' ? known : tried];
    }),
  );
  for (const [
    { action, resource, why, conditions },
    { decision, words, obstacle, isOfBoundary },
  ] of judged) {
    if (decision === 'allowed') allowed.push(action);
    if (decision === 'unknown') {
      const reason = words || 'since IAM may not be asked and no request tells it without a change';
      const before = unknown.get(reason) ?? new Set<string>();
      unknown.set(reason, before.add(`${action} on ${resource}`));
    }
    if (decision !== 'denied') continue;
    const statement = JSON.stringify(
      { Effect: 'Allow', Action: action, Resource: resource, Condition: conditions },
      undefined,
      2,
    );
    const addition = `add to its policy:\n${statement}`;
    tell.found('permission-missing', {
      what: `${action} on ${resource} is not allowed to ${who}`,
      evidence: [words, `needed for ${why}`].filter((line) => line !== ''),
      remedy: isOfBoundary
        ? `${obstacle}\nand where its policy lacks it as well, ${addition}`
        : (obstacle ?? addition),
    });
  }
  if (allowed.length > 0) tell.ok(`allowed to ${who}: ${[...new Set(allowed)].join(', ')}`);
  for (const [reason, actions] of unknown)
    tell.skipped(`not known, ${reason}: ${[...actions].join('; ')}`);
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
