/**
 * The interface of a source of AWS credentials, and the options and edges of which credentials.ts
 * makes one.
 */
import type { HttpConnection } from '../kernel/http-connection.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Registry } from '../kernel/metrics.ts';
import type { AwsCredentials } from './signing.ts';

export interface CredentialOptions {
  readonly accessKey?: string | undefined;
  readonly secretKey?: string | undefined;
  readonly sessionToken?: string | undefined;
  readonly profile?: string | undefined;
  /** Assumed with the credentials that the other options give. */
  readonly roleArn?: string | undefined;
  readonly externalId?: string | undefined;
  /** The session name of an assumed role, which CloudTrail shows. */
  readonly sessionName?: string | undefined;
  /** File of a token: the role is assumed with it, without other credentials. */
  readonly webIdentityTokenFile?: string | undefined;
  /** The region of the STS endpoint. */
  readonly region?: string | (() => Promise<string>) | undefined;
  /** Whether roles are assumed at the FIPS endpoint of STS. */
  readonly useFipsSts?: boolean | undefined;
  /** TLS settings and a proxy for STS; the defaults when undefined. */
  readonly connection?: HttpConnection | undefined;
}

export interface CredentialSource {
  /**
   * Gives credentials that stay valid for some minutes, and rejects when there are none within the
   * time limit. The signal ends the wait of this caller only: the fetch goes on for the others.
   */
  (signal?: AbortSignal): Promise<AwsCredentials>;
  /**
   * Says that AWS has refused the present credentials. Returns true when the next call will fetch
   * new ones, which happens at most once in some seconds.
   */
  invalidate(): boolean;
  /** Ends a fetch under way; later calls fetch nothing. */
  close(): void;
}

/** Credentials as a provider gives them. */
export interface ExpiringCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

export type CredentialProvider = () => Promise<ExpiringCredentials>;

/** A World has these members. */
export interface CredentialEdges {
  readonly clock: Clock;
  readonly log?: Logger | undefined;
  readonly metrics?: Registry | undefined;
  /** The provider for the options; the SDK's when absent. */
  readonly provider?: (options: CredentialOptions) => Promise<CredentialProvider>;
}
