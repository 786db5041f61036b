/**
 * How clients of AWS's SDK are made from a discovery configuration: region, endpoint, and whose credentials, which all
 * clients of one configuration share.
 */
import { z } from 'zod';
import { type AwsClientOptions, clientOptions } from '../aws/client-options.ts';
import { createCredentialSource } from '../aws/credentials.ts';
import { scopeOfHost } from '../aws/endpoints.ts';
import { findRegion } from '../aws/region.ts';
import type { CredentialSource } from '../aws/credential-source.ts';
import { textSchema } from '../settings/values.ts';
import { type AwsHttp, awsConnectionOf } from './aws-http.ts';
import type { CheckContext, DiscoveryWorld } from './mechanism.ts';

/** As in Prometheus what is empty is not there. */
const presentSchema = textSchema.transform((text) => (text === '' ? undefined : text)).optional();

/** Keys that every mechanism on AWS has. */
export const awsAccessShape = {
  region: presentSchema.describe('AWS region; default: AWS_REGION, the profile, the instance.'),
  endpoint: presentSchema
    .pipe(z.url().optional())
    .describe("Instead of the region's own endpoint; one of AWS's is for its service alone."),
  access_key: presentSchema,
  secret_key: presentSchema,
  profile: presentSchema,
  role_arn: presentSchema.describe('A role to assume.'),
  external_id: presentSchema.describe('Of that role.'),
  call_budget: z
    .number()
    .gt(0)
    .max(1)
    .default(0.5)
    .describe("Share of AWS's API rates that discovery may use."),
};

export interface AwsAccess extends AwsHttp {
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly access_key?: string | undefined;
  readonly secret_key?: string | undefined;
  readonly profile?: string | undefined;
  readonly role_arn?: string | undefined;
  readonly external_id?: string | undefined;
  readonly call_budget: number;
  /** Calls under way at once; without end when absent. */
  readonly request_concurrency?: number | undefined;
}

export interface SessionClient {
  /** Its name in policies, where it is not the service that `endpoint` is about: `ec2`. */
  readonly service?: string | undefined;
  readonly requestTimeoutMs?: number | undefined;
}

/** What the clients of one configuration share. */
export interface AwsSession {
  readonly access: AwsAccess;
  /** The default chain's, where the configuration names none. */
  readonly credentials: CredentialSource;
  /** Options of any client; retries are the caller's, within the limits. */
  clientOptions(client?: SessionClient): AwsClientOptions;
  close(): void;
}

export function openAwsSession(access: AwsAccess, world: DiscoveryWorld): AwsSession {
  const region = access.region ?? rememberedRegion();
  const connection = awsConnectionOf(access, world.baseDirectory);
  const credentials = createCredentialSource(
    {
      accessKey: access.access_key,
      secretKey: access.secret_key,
      profile: access.profile,
      roleArn: access.role_arn,
      externalId: access.external_id,
      region,
      connection,
    },
    world,
  );
  return {
    access,
    credentials,
    clientOptions: ({ service, requestTimeoutMs } = {}) => {
      const endpoint = endpointFor(access.endpoint, service);
      return clientOptions({ credentials, region, endpoint, requestTimeoutMs, connection });
    },
    close: () => credentials.close(),
  };
}

/** Found once; a failure is not remembered. */
function rememberedRegion(): () => Promise<string> {
  let known: Promise<string> | undefined;
  return () => {
    known ??= findRegion().catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  };
}

/** A host name of AWS is for one service, such as a VPC endpoint of ECS; an emulator is for all. */
function endpointFor(
  endpoint: string | undefined,
  service: string | undefined,
): string | undefined {
  if (endpoint === undefined || service === undefined) return endpoint;
  const scope = scopeOfHost(new URL(endpoint).host);
  return scope === undefined || scope.service === service ? endpoint : undefined;
}

type AwsIdentity = Pick<
  AwsAccess,
  'access_key' | 'secret_key' | 'profile' | 'role_arn' | 'external_id'
>;

/** Keys of the identity that go together, or that another one makes idle. */
export function checkAwsIdentity(config: AwsIdentity, { path, report }: CheckContext): void {
  const { access_key: access, secret_key: secret, profile, role_arn: role } = config;
  if ((access === undefined) !== (secret === undefined))
    report.error(
      [...path, access === undefined ? 'secret_key' : 'access_key'],
      'CONFIG_VALUE',
      '"access_key" and "secret_key" must be set both or neither',
    );
  else if (access !== undefined && profile !== undefined)
    report.warn([...path, 'profile'], 'profile has no effect beside access_key and secret_key');
  if (config.external_id !== undefined && role === undefined)
    report.warn([...path, 'external_id'], 'external_id has no effect without role_arn');
}

/** Accounts and regions apart, for limits. */
export function accountKey({ role_arn, profile, access_key }: AwsAccess, region: string): string {
  return [role_arn, profile, access_key, region].join(' ');
}
