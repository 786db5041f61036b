/**
 * How a client of AWS's SDK is made from a discovery configuration: region, endpoint, and whose credentials.
 */
import { z } from 'zod';
import { createCredentialSource } from '../aws/credentials.ts';
import { textSchema } from '../settings/values.ts';

/** Keys that every mechanism on AWS has. */
export const awsAccessShape = {
  region: textSchema.optional().describe('AWS region; default: AWS_REGION.'),
  endpoint: z.url().optional().describe("Instead of the region's own endpoint."),
  access_key: textSchema.optional(),
  secret_key: textSchema.optional(),
  profile: textSchema.optional(),
  role_arn: textSchema.optional().describe('A role to assume.'),
  external_id: textSchema.optional().describe('Of that role.'),
  call_budget: z
    .number()
    .gt(0)
    .max(1)
    .default(0.5)
    .describe("Share of AWS's API rates that discovery may use."),
};

export interface AwsAccess {
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly access_key?: string | undefined;
  readonly secret_key?: string | undefined;
  readonly profile?: string | undefined;
  readonly role_arn?: string | undefined;
  readonly external_id?: string | undefined;
  readonly call_budget: number;
}

/** Options of any client of the SDK; retries are the caller's, within the limits. */
export function clientOptions(config: AwsAccess): {
  maxAttempts: number;
  region?: string;
  endpoint?: string;
  credentials?: () => Promise<{ accessKeyId: string; secretAccessKey: string }>;
} {
  const { region, endpoint, access_key, secret_key, profile, role_arn, external_id } = config;
  const isOwn = [access_key, profile, role_arn].some((one) => one !== undefined);
  return {
    maxAttempts: 1,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(isOwn
      ? {
          credentials: createCredentialSource({
            accessKey: access_key,
            secretKey: secret_key,
            profile,
            roleArn: role_arn,
            externalId: external_id,
            region,
          }),
        }
      : {}),
  };
}

/** Accounts and regions apart, for limits. */
export function accountKey({ role_arn, profile, access_key }: AwsAccess, region: string): string {
  return [role_arn, profile, access_key, region].join(' ');
}
