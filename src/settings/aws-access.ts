/**
 * With which credentials AWS is called, and in which region: the keys that sigv4, discovery on AWS
 * and the proxy's routes share. Without keys, profile or role, the default chain of credentials is
 * asked, which on ECS gives those of the task role.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#sigv4
 */
import type * as z from 'zod';
import type { CredentialOptions } from '../aws/credential-source.ts';
import type { CheckContext } from './finding.ts';
import { markSecret } from './secret.ts';
import { presentSchema } from './text.ts';

export const awsAccessShape = {
  region: presentSchema.meta({
    description: 'AWS region; AWS_REGION, the profile or the instance tell it where it is absent.',
    examples: ['us-east-1'],
  }),
  access_key: presentSchema.describe(
    'Key of an AWS user, together with secret_key. Without keys, profile or role_arn the default ' +
      'chain is asked, on ECS the role of the task.',
  ),
  secret_key: markSecret(presentSchema).describe('Secret of access_key.'),
  profile: presentSchema.describe('Profile of the shared configuration files.'),
  role_arn: presentSchema.meta({
    description: 'Role to assume.',
    examples: ['arn:aws:iam::123456789012:role/metrics'],
  }),
  external_id: presentSchema.describe('External id with which the role is assumed.'),
} as const;

export type AwsAccessInput = Partial<z.output<z.ZodObject<typeof awsAccessShape>>>;

/**
 * The options of a credential source. The region is left out: callers have defaults of their own.
 */
export function resolveAwsAccess(
  input: AwsAccessInput,
): Pick<CredentialOptions, 'accessKey' | 'secretKey' | 'profile' | 'roleArn' | 'externalId'> {
  return {
    accessKey: input.access_key,
    secretKey: input.secret_key,
    profile: input.profile,
    roleArn: input.role_arn,
    externalId: input.external_id,
  };
}

/** Whether there is an external id without the role that it belongs to. */
export function isLoneExternalId(input: AwsAccessInput): boolean {
  return input.external_id !== undefined && input.role_arn === undefined;
}

export const LONE_EXTERNAL_ID = '"external_id" needs "role_arn"';

/**
 * Reports keys that lack the one they belong to, and keys that have no effect beside another.
 *
 * @param loneExternalId  what becomes of an external id without a role: Prometheus' sigv4 refuses
 *   it, its discovery accepts it without effect
 */
export function checkAwsAccess(
  input: AwsAccessInput,
  { path, report }: CheckContext,
  loneExternalId: 'refused' | 'without effect',
): void {
  const { access_key: access, secret_key: secret, profile } = input;
  if ((access === undefined) !== (secret === undefined))
    report.error(
      [...path, access === undefined ? 'secret_key' : 'access_key'],
      'CONFIG_VALUE',
      '"access_key" and "secret_key" must be set both or neither',
    );
  else if (access !== undefined && profile !== undefined)
    report.warn([...path, 'profile'], 'profile has no effect beside access_key and secret_key');
  if (!isLoneExternalId(input)) return;
  const at = [...path, 'external_id'];
  if (loneExternalId === 'refused') report.error(at, 'CONFIG_VALUE', LONE_EXTERNAL_ID);
  else report.warn(at, 'external_id has no effect without role_arn');
}
