/**
 * Makes the options of AWS SDK clients from a discovery configuration: region, endpoint and
 * credentials. All clients of one configuration share one source of credentials.
 */
import { type AwsClientOptions, clientOptions } from '../aws/client-options.ts';
import { createCredentialSource } from '../aws/credentials.ts';
import { scopeOfHost } from '../aws/endpoints.ts';
import { findRegion } from '../aws/region.ts';
import type { CredentialSource } from '../aws/credential-source.ts';
import { type AwsAccessInput, awsAccessShape, resolveAwsAccess } from '../settings/aws-access.ts';
import { amountSchema } from '../settings/count.ts';
import { presentSchema } from '../settings/text.ts';
import { httpUrlSchema } from '../settings/url.ts';
import { type AwsHttp, resolveAwsConnection } from './aws-http.ts';
import type { DiscoveryWorld } from './mechanism.ts';

/** Keys that every mechanism on AWS has. */
export const awsClientShape = {
  ...awsAccessShape,
  region: presentSchema.meta({
    description: 'AWS region; by default that of AWS_REGION, the profile or the instance.',
    examples: ['us-east-1'],
  }),
  endpoint: presentSchema
    .pipe(httpUrlSchema('endpoint').optional())
    .describe(
      'URL that replaces the endpoint of the region; a URL of AWS applies to its own service only.',
    ),
  call_budget: amountSchema
    .refine((share) => share > 0 && share <= 1, 'must be more than 0 and at most 1')
    .default(0.5)
    .describe("Share of AWS's API rates that discovery may use, of all jobs together."),
};

export interface AwsAccess extends AwsAccessInput, AwsHttp {
  readonly endpoint?: string | undefined;
  readonly call_budget: number;
  /** The most calls in flight at once; unbounded when absent. */
  readonly request_concurrency?: number | undefined;
}

export interface SessionClient {
  /**
   * Its name in IAM policies, such as `ec2`, when it is not the service that `endpoint` belongs to.
   */
  readonly service?: string | undefined;
  readonly requestTimeoutMs?: number | undefined;
}

/** What all clients of one configuration share. */
export interface AwsSession {
  readonly access: AwsAccess;
  /** From the configuration, or from the default chain where it names none. */
  readonly credentials: CredentialSource;
  /** Makes the options of a client. Retries are up to the caller, within the call limits. */
  clientOptions(client?: SessionClient): AwsClientOptions;
  close(): void;
}

export function openAwsSession(access: AwsAccess, world: DiscoveryWorld): AwsSession {
  const region = access.region ?? rememberRegion();
  const connection = resolveAwsConnection(access, world.baseDirectory);
  const credentials = createCredentialSource(
    { ...resolveAwsAccess(access), region, connection },
    world,
  );
  return {
    access,
    credentials,
    clientOptions: ({ service, requestTimeoutMs } = {}) => {
      const endpoint = chooseEndpoint(access.endpoint, service);
      return clientOptions({ credentials, region, endpoint, requestTimeoutMs, connection });
    },
    close: () => credentials.close(),
  };
}

/** Returns a function that finds the region once and remembers it; a failure is not remembered. */
function rememberRegion(): () => Promise<string> {
  let known: Promise<string> | undefined;
  return () => {
    known ??= findRegion().catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  };
}

/**
 * A host name of AWS, such as a VPC endpoint of ECS, serves one service only, so other services use
 * their default endpoint. Any other host, such as an emulator, serves all.
 */
function chooseEndpoint(
  endpoint: string | undefined,
  service: string | undefined,
): string | undefined {
  if (endpoint === undefined || service === undefined) return endpoint;
  const scope = scopeOfHost(new URL(endpoint).host);
  return scope === undefined || scope.service === service ? endpoint : undefined;
}

/** Makes the key that tells accounts and regions apart in the call limits. */
export function accountKey({ role_arn, profile, access_key }: AwsAccess, region: string): string {
  return [role_arn, profile, access_key, region].join(' ');
}
