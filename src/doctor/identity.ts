/** Who the credentials of a use are, as STS says; asked once for each of them. */
import type { CredentialOptions } from '../aws/credential-source.ts';
import { type AskedAnswer, credentialKey } from './asking.ts';
import { type Refusal, readRefusal } from './faults.ts';
import { CALLER_IDENTITY, firstProbe } from './probes.ts';
import type { Subject } from './subject.ts';
import type { AwsUse, Use } from './uses.ts';

export type AwsUseOf = Use & { readonly aws: AwsUse };

export interface CallerIdentity {
  readonly arn: string;
  readonly account: string;
}

/**
 * An answer of AWS to a request that these credentials signed: of STS, and where that can't be had
 * or has no word on them, of the service that is used.
 *
 * @throws RecoverableError where neither answers
 */
export async function askAnyone(use: AwsUseOf, subject: Subject): Promise<IdentityAnswer> {
  const request = firstProbe(use);
  if (request === undefined) return askIdentity(use, subject);
  try {
    const asked = await askIdentity(use, subject);
    if (asked.refusal.kind === 'none' || asked.answer.response.status < 500) return asked;
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'HTTP_NO_ANSWER') throw error;
  }
  const answer = await subject.asking.ask(use, request);
  return { answer, refusal: readRefusal(answer.response), identity: undefined };
}

export interface IdentityAnswer {
  readonly answer: AskedAnswer;
  readonly refusal: Refusal;
  readonly identity: CallerIdentity | undefined;
}

/** @throws RecoverableError where there are no credentials, no region or no answer */
export async function askIdentity(use: AwsUseOf, { asking }: Subject): Promise<IdentityAnswer> {
  const region = await asking.region(use.aws);
  const aws = { ...use.aws, service: 'sts', region, endpoint: undefined };
  const answer = await asking.ask({ ...use, url: undefined, aws }, CALLER_IDENTITY);
  const text = answer.response.body.toString();
  const pick = (name: string): string => new RegExp(`<${name}>([^<]+)<`).exec(text)?.[1] ?? '';
  const refusal = readRefusal(answer.response);
  const arn = pick('Arn');
  const isKnown = refusal.kind === 'none' && arn !== '';
  return { answer, refusal, identity: isKnown ? { arn, account: pick('Account') } : undefined };
}

/** One use of AWS for each way to get credentials. */
export function listPrincipals({ uses }: Subject): readonly AwsUseOf[] {
  const byKey = new Map<string, AwsUseOf>();
  for (const use of listAwsUses(uses)) {
    const key = credentialKey(use.aws.credentials);
    if (!byKey.has(key)) byKey.set(key, use);
  }
  return [...byKey.values()];
}

export function listAwsUses(uses: readonly Use[]): readonly AwsUseOf[] {
  return uses.filter((use): use is AwsUseOf => use.aws !== undefined);
}

/** The way to credentials, in words without a secret. */
export function describeCredentials(options: CredentialOptions): string {
  const { accessKey, profile, roleArn, webIdentityTokenFile } = options;
  const base =
    accessKey !== undefined
      ? 'access_key of the configuration'
      : webIdentityTokenFile !== undefined
        ? 'web_identity_token_file of the configuration'
        : profile !== undefined
          ? `profile "${profile}" of the configuration`
          : 'the default chain';
  return roleArn === undefined ? base : `${roleArn}, assumed with ${base}`;
}
