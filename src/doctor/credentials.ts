/**
 * Whether there are credentials for each use of AWS: which source gives them and why those before
 * it do not, how long they hold, and who they are.
 */
import type { CredentialOptions, ExpiringCredentials } from '../aws/credential-source.ts';
import { defineCheck, type Telling } from './check.ts';
import { type ChainFault, describeLink, followChain } from './credential-chain.ts';
import { describeBriefly, describeSkip, describeSeconds, type RefusalKind } from './faults.ts';
import { askAnyone, type AwsUseOf, describeCredentials, listPrincipals } from './identity.ts';
import type { DoctorSubject } from './subject.ts';

type Ids =
  | ChainFault
  | 'credentials-none'
  | 'credentials-expired'
  | 'credentials-unknown-key'
  | 'credentials-role-refused'
  | 'credentials-end-soon';

/** The collector renews what has less than this left, where it can be renewed. */
const SOON_MS = 5 * 60_000;

export const credentialsCheck = defineCheck({
  id: 'credentials',
  looksAt: 'the credentials of each use of AWS: source, expiry, who they are',
  timeoutMs: 25_000,
  kinds: {
    'credentials-none': {
      severity: 'error',
      means: 'No source gives credentials of AWS: nothing can be signed.',
      remedy:
        'On ECS give the task definition a taskRoleArn; on EC2 the instance a profile; ' +
        'elsewhere set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.',
      page: 'how-to/iam.md',
    },
    'credentials-partial': {
      severity: 'error',
      means: 'Of the two keys in the environment only one is set, so that both are passed over.',
      remedy: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY both, or neither.',
      page: 'how-to/iam.md',
    },
    'credentials-profile-missing': {
      severity: 'error',
      means: 'The profile that is named is in none of the shared files.',
      remedy:
        'Correct AWS_PROFILE or the key profile; "aws configure list-profiles" has the names. ' +
        'In a container the files have to be mounted.',
      page: 'how-to/iam.md',
    },
    'credentials-sso-expired': {
      severity: 'error',
      means: 'The profile takes credentials of a session of SSO that has ended, or never began.',
      remedy: 'Run "aws sso login" with this profile; for what runs unattended use a role.',
      page: 'how-to/iam.md',
    },
    'credentials-token-file': {
      severity: 'error',
      means: 'The file with the web identity token cannot be read.',
      remedy: 'Mount the token where AWS_WEB_IDENTITY_TOKEN_FILE says, readable by this user.',
      page: 'how-to/iam.md',
    },
    'credentials-container-unreachable': {
      severity: 'error',
      means: 'ECS has told an endpoint of credentials, and it does not answer.',
      remedy:
        'Let 169.254.170.2 be reached straight: put it into NO_PROXY, and see that no rule ' +
        'of the container or instance blocks it; on EC2 the agent of ECS has to run.',
      page: 'on-ecs.md',
    },
    'credentials-container-refused': {
      severity: 'error',
      means: 'The endpoint of credentials answers, and gives none.',
      remedy:
        'See that the role of the task exists and ecs-tasks.amazonaws.com may assume it, then ' +
        'start the task again.',
      page: 'on-ecs.md',
    },
    'credentials-hop-limit': {
      severity: 'error',
      means:
        'The instance metadata do not answer the request for a token: from a container in ' +
        'bridge mode that is the hop limit of 1; outside of EC2 there are none.',
      remedy:
        'On ECS use a task role rather than that of the instance; else "aws ec2 ' +
        'modify-instance-metadata-options instance-id ID http-put-response-hop-limit 2 ' +
        'http-tokens required", or network mode host.',
      page: 'on-ecs.md',
    },
    'credentials-instance-none': {
      severity: 'error',
      means: 'The instance metadata answer, and have no credentials.',
      remedy: 'Give the instance an instance profile with a role, or the task a task role.',
      page: 'on-ecs.md',
    },
    'credentials-expired': {
      severity: 'error',
      means: 'AWS says that the session token has expired.',
      remedy:
        'Get new ones; keys with a session token in the environment are never renewed: use a ' +
        'role or a profile that can be.',
      page: 'how-to/iam.md',
    },
    'credentials-unknown-key': {
      severity: 'error',
      means:
        'AWS does not know the access key or its token: it was deleted, is inactive, is of ' +
        'another partition, or the token belongs to another key.',
      remedy:
        'Compare the access key with the list in IAM; set AWS_SESSION_TOKEN with temporary ' +
        'keys (they begin with ASIA) and leave it out with others (AKIA).',
      page: 'how-to/iam.md',
    },
    'credentials-role-refused': {
      severity: 'error',
      means: 'The role that is named could not be assumed.',
      remedy:
        'Allow it on both sides: sts:AssumeRole on the role for the caller, and the caller in ' +
        'the trust policy of the role, with the external id that it wants.',
      page: 'how-to/iam.md',
    },
    'credentials-end-soon': {
      severity: 'warning',
      means: 'The credentials end within five minutes, and their source may not give others.',
      remedy: 'Use a source that renews them: a role, a profile, or the endpoint of the container.',
      page: 'how-to/iam.md',
    },
  },
  async look(subject, tell) {
    const principals = listPrincipals(subject);
    if (principals.length === 0) tell.skipped('nothing of AWS is used');
    await Promise.all(principals.map((use) => lookAt(use, subject, tell)));
  },
});

async function lookAt(use: AwsUseOf, subject: DoctorSubject, tell: Telling<Ids>): Promise<void> {
  const options: CredentialOptions = use.aws.credentials;
  let keys: ExpiringCredentials;
  try {
    keys = await subject.asking.credentials({ ...options, connection: use.connection });
  } catch (error) {
    await tellAbsent(use, subject, tell, error);
    return;
  }
  const links = isChained(options) ? await followChain(subject, options.profile, false) : [];
  const evidence = links.map(describeLink);
  const { where } = use;
  const partial = links.find(({ fault }) => fault === 'credentials-partial');
  if (partial !== undefined) tell.found('credentials-partial', { what: partial.words, evidence });
  const leftMs =
    keys.expiration === undefined
      ? Infinity
      : keys.expiration.getTime() - subject.world.clock.nowMs();
  const ends = keys.expiration?.toISOString() ?? '';
  const what = describeCredentials(options);
  if (leftMs <= 0) tell.found('credentials-expired', { what: `${what}: ended at ${ends}`, where });
  else if (leftMs < SOON_MS)
    tell.found('credentials-end-soon', { what: `${what}: they end at ${ends}`, where });
  const left = leftMs === Infinity ? '' : `, for ${describeSeconds(leftMs)} more`;
  await tellIdentity(use, subject, tell, { what: `${what}${left}`, evidence });
}

async function tellIdentity(
  use: AwsUseOf,
  subject: DoctorSubject,
  tell: Telling<Ids>,
  { what, evidence }: { readonly what: string; readonly evidence: readonly string[] },
): Promise<void> {
  try {
    const { refusal, identity } = await askAnyone(use, subject);
    const id = REFUSALS[refusal.kind];
    if (identity !== undefined) tell.ok(`${what}: ${identity.arn}`, evidence);
    else if (id !== undefined)
      tell.found(id, {
        what: `${what}: AWS answered ${refusal.code}`,
        where: use.where,
        evidence: [refusal.message, ...evidence],
      });
    else tell.skipped(`${what}: who they are is not known, STS does not tell`);
  } catch (error) {
    tell.skipped(`${what}: who they are is not known, ${describeSkip(error)}`);
  }
}

/** The other refusals have checks of their own: clock, signatures. */
const REFUSALS: Readonly<Partial<Record<RefusalKind, Ids>>> = {
  expired: 'credentials-expired',
  'unknown-key': 'credentials-unknown-key',
};

/** Whether the default chain, or a profile, is asked at the beginning. */
function isChained({ accessKey, webIdentityTokenFile }: CredentialOptions): boolean {
  return accessKey === undefined && webIdentityTokenFile === undefined;
}

async function tellAbsent(
  { aws: { credentials }, where }: AwsUseOf,
  subject: DoctorSubject,
  tell: Telling<Ids>,
  error: unknown,
): Promise<void> {
  const links = isChained(credentials) ? await followChain(subject, credentials.profile, true) : [];
  const what = describeCredentials(credentials);
  const evidence = [...links.map(describeLink), describeBriefly(error)];
  // What was meant to give them says more than that nothing gave any.
  const fault = links.find(({ isChosen, fault: of }) => isChosen && of !== undefined)?.fault;
  const later = links.findLast((link) => link.fault !== undefined)?.fault;
  const isOfRole = credentials.roleArn !== undefined && links.at(-1)?.isChosen !== false;
  if (fault !== undefined) tell.found(fault, { what: `${what}: none`, where, evidence });
  else if (isOfRole)
    tell.found('credentials-role-refused', { what: `${what}: none`, where, evidence });
  else if (links.some((link) => link.fault === 'credentials-partial'))
    tell.found('credentials-partial', { what: `${what}: none`, where, evidence });
  else tell.found(later ?? 'credentials-none', { what: `${what}: none`, where, evidence });
}
