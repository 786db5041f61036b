/**
 * The default chain of credentials, link by link, as the SDK goes through it: which link gives
 * some, and why those before it do not. It looks at variables and files, and asks the endpoints of
 * containers and instances only where they are to be explained.
 * Source: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { openInstanceMetadata } from '../aws/instance-metadata.ts';
import { parseForeignJson } from '../kernel/foreign-json.ts';
import { describeBriefly, judgeConnection } from './faults.ts';
import type { Subject } from './subject.ts';

export type ChainFault =
  | 'credentials-partial'
  | 'credentials-profile-missing'
  | 'credentials-sso-expired'
  | 'credentials-token-file'
  | 'credentials-container-unreachable'
  | 'credentials-container-refused'
  | 'credentials-hop-limit'
  | 'credentials-instance-none';

export interface ChainLink {
  readonly name: string;
  /** Why it gives none, or what it gives. */
  readonly words: string;
  /** Whether the chain ends here: it gives some, or is meant to. */
  readonly isChosen: boolean;
  readonly fault?: ChainFault;
}

type Env = Subject['env'];

const ENDPOINT = 'http://169.254.170.2';
const TIMEOUT_MS = 2_000;

/**
 * The links up to the one that the chain takes.
 *
 * @param isAsked  whether endpoints are asked why they give none
 */
export async function followChain(
  subject: Subject,
  profile: string | undefined,
  isAsked: boolean,
): Promise<readonly ChainLink[]> {
  const { env } = subject;
  const links: ChainLink[] = [];
  const named = profile ?? (env['AWS_PROFILE'] || undefined);
  const steps = [
    () => readEnvironment(env, named),
    () => readProfile(env, named, subject.world.clock.nowMs()),
    () => readTokenFile(env),
    () => readContainer(subject, isAsked),
    () => readInstance(subject, isAsked),
  ];
  for (const step of steps) {
    const link = await step();
    links.push(link);
    if (link.isChosen) break;
  }
  return links;
}

export function describeLink({ name, words, isChosen }: ChainLink, index: number): string {
  return `${index + 1}. ${name}: ${words}${isChosen ? ' <- taken' : ''}`;
}

function readEnvironment(env: Env, profile: string | undefined): ChainLink {
  const name = 'environment';
  const [key, secret] = [env['AWS_ACCESS_KEY_ID'] ?? '', env['AWS_SECRET_ACCESS_KEY'] ?? ''];
  if (profile !== undefined) {
    const both = key !== '' && secret !== '' ? ', though both keys are set' : '';
    return { name, words: `passed over: profile "${profile}" is named${both}`, isChosen: false };
  }
  if (key !== '' && secret !== '') {
    const more = env['AWS_SESSION_TOKEN'] ? ' with AWS_SESSION_TOKEN' : '';
    return { name, words: `AWS_ACCESS_KEY_ID ${key}${more}`, isChosen: true };
  }
  if (key === '' && secret === '')
    return { name, words: 'AWS_ACCESS_KEY_ID is not set', isChosen: false };
  const [has, lacks] =
    key === ''
      ? ['AWS_SECRET_ACCESS_KEY', 'AWS_ACCESS_KEY_ID']
      : ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];
  const words = `${has} is set, ${lacks} is not: passed over`;
  return { name, words, isChosen: false, fault: 'credentials-partial' };
}

async function readProfile(env: Env, given: string | undefined, nowMs: number): Promise<ChainLink> {
  const named = given ?? 'default';
  const name = `profile "${named}"`;
  const { loadSharedConfigFiles } = await import('@smithy/core/config');
  const { configFile, credentialsFile } = await loadSharedConfigFiles({ ignoreCache: true });
  const ofConfig = configFile[named];
  const found = { ...ofConfig, ...credentialsFile[named] };
  if (ofConfig === undefined && credentialsFile[named] === undefined) {
    const words = 'no such profile in ~/.aws/config or ~/.aws/credentials';
    return given === undefined
      ? { name, words, isChosen: false }
      : { name, words, isChosen: true, fault: 'credentials-profile-missing' };
  }
  if (found['sso_session'] !== undefined || found['sso_start_url'] !== undefined)
    return readSso(name, found, env, nowMs);
  const kinds: Readonly<Record<string, string>> = {
    aws_access_key_id: 'keys in a file',
    role_arn: 'a role that is assumed',
    credential_process: 'a credential_process',
    login_session: 'a session of "aws login"',
  };
  const kind = Object.keys(kinds).find((key) => found[key] !== undefined);
  if (kind === undefined)
    return { name, words: 'it holds no credentials', isChosen: given !== undefined };
  return { name, words: kinds[kind] ?? '', isChosen: true };
}

/** The token of an SSO session, which "aws sso login" writes. */
async function readSso(
  name: string,
  found: Readonly<Record<string, string | undefined>>,
  env: Env,
  nowMs: number,
): Promise<ChainLink> {
  const session = found['sso_session'] ?? found['sso_start_url'] ?? '';
  const digest = createHash('sha1').update(session).digest('hex');
  const home = env['HOME'] || homedir();
  const file = path.join(home, '.aws/sso/cache', `${digest}.json`);
  let expiresAt = '';
  try {
    const token = parseForeignJson(await readFile(file, 'utf8')) as { expiresAt?: unknown };
    expiresAt = String(token.expiresAt);
  } catch {
    const words = 'SSO, to which nobody is logged in';
    return { name, words, isChosen: true, fault: 'credentials-sso-expired' };
  }
  if (!(Date.parse(expiresAt) > nowMs)) {
    const words = `SSO, whose session ended at ${expiresAt.slice(0, 40)}`;
    return { name, words, isChosen: true, fault: 'credentials-sso-expired' };
  }
  return { name, words: 'SSO', isChosen: true };
}

async function readTokenFile(env: Env): Promise<ChainLink> {
  const name = 'web identity';
  const { AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: role } = env;
  if (!file || !role) {
    const lacks = file ? 'AWS_ROLE_ARN' : 'AWS_WEB_IDENTITY_TOKEN_FILE';
    return { name, words: `${lacks} is not set`, isChosen: false };
  }
  try {
    await readFile(file);
    return { name, words: `${role} by the token in ${file}`, isChosen: true };
  } catch (error) {
    const words = `the token can't be read: ${describeBriefly(error)}`;
    return { name, words, isChosen: true, fault: 'credentials-token-file' };
  }
}

async function readContainer({ env, world }: Subject, isAsked: boolean): Promise<ChainLink> {
  const name = 'container';
  const relative = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'];
  const full = env['AWS_CONTAINER_CREDENTIALS_FULL_URI'];
  if (!relative && !full) {
    const words = 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and …_FULL_URI are not set';
    return { name, words, isChosen: false };
  }
  const url = full || `${ENDPOINT}${relative}`;
  const host = URL.canParse(url) ? new URL(url).host : 'no URL';
  if (!isAsked) return { name, words: `the endpoint at ${host}`, isChosen: true };
  const token = env['AWS_CONTAINER_AUTHORIZATION_TOKEN'];
  try {
    const { status } = await world.http.send({
      method: 'GET',
      url,
      ...(token === undefined ? {} : { headers: { authorization: token } }),
      timeoutMs: TIMEOUT_MS,
      bodyMaxBytes: 65_536,
      signal: AbortSignal.timeout(2 * TIMEOUT_MS),
      reachesMetadata: true,
    });
    if (status === 200) return { name, words: `the endpoint at ${host}`, isChosen: true };
    const words = `the endpoint at ${host} answered ${status}`;
    return { name, words, isChosen: true, fault: 'credentials-container-refused' };
  } catch (error) {
    const words = `the endpoint at ${host} does not answer: ${judgeConnection(error)}`;
    return { name, words, isChosen: true, fault: 'credentials-container-unreachable' };
  }
}

async function readInstance({ env, world }: Subject, isAsked: boolean): Promise<ChainLink> {
  const name = 'instance';
  if (env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true')
    return { name, words: 'AWS_EC2_METADATA_DISABLED is set', isChosen: false };
  if (!isAsked) return { name, words: "the instance's role", isChosen: true };
  const signal = AbortSignal.timeout(2 * TIMEOUT_MS);
  try {
    const read = await openInstanceMetadata(world.http, env, signal);
    const role = await read('meta-data/iam/security-credentials/', signal);
    return { name, words: `role ${role}`, isChosen: true };
  } catch (error) {
    const isSilent = judgeConnection(error) === 'timeout';
    const words = isSilent
      ? 'no answer to the PUT for a token'
      : `no credentials: ${describeBriefly(error)}`;
    const fault = isSilent ? 'credentials-hop-limit' : 'credentials-instance-none';
    return { name, words, isChosen: false, fault };
  }
}
