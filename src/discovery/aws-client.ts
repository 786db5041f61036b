/**
 * How clients of AWS's SDK are made from a discovery configuration: region, endpoint, and whose
 * credentials, which all clients of one configuration share.
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
    description: 'AWS region; AWS_REGION, the profile or the instance tell it where it is absent.',
    examples: ['us-east-1'],
  }),
  endpoint: presentSchema
    .pipe(httpUrlSchema('endpoint').optional())
    .describe("URL in place of the region's own endpoint; one of AWS's is for its service alone."),
  call_budget: amountSchema
    .refine((share) => share > 0 && share <= 1, 'must be more than 0 and at most 1')
    .default(0.5)
    .describe("Share of AWS's API rates that discovery may use, of all jobs together."),
};

export interface AwsAccess extends AwsAccessInput, AwsHttp {
  readonly endpoint?: string | undefined;
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

/** Found once; a failure is not remembered. */
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

/** A host name of AWS is for one service, such as a VPC endpoint of ECS; an emulator is for all. */
function chooseEndpoint(
  endpoint: string | undefined,
  service: string | undefined,
): string | undefined {
  if (endpoint === undefined || service === undefined) return endpoint;
  const scope = scopeOfHost(new URL(endpoint).host);
  return scope === undefined || scope.service === service ? endpoint : undefined;
}

/** Accounts and regions apart, for limits. */
export function accountKey({ role_arn, profile, access_key }: AwsAccess, region: string): string {
  return [role_arn, profile, access_key, region].join(' ');
}
