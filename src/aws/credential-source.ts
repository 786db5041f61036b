/**
 * What a source of AWS credentials is, and what one is made of: values and interfaces. Making one:
 * credentials.ts.
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
  /** Of an assumed role, for CloudTrail. */
  readonly sessionName?: string | undefined;
  /** Of the STS endpoint. */
  readonly region?: string | (() => Promise<string>) | undefined;
  /** Roles are assumed at the FIPS endpoint of STS. */
  readonly useFipsSts?: boolean | undefined;
  /** How STS is reached, where it is not as all else. */
  readonly connection?: HttpConnection | undefined;
}

export interface CredentialSource {
  /**
   * Credentials that are good for some minutes; rejects when there are none to be had within the
   * time limit. The signal ends this caller's wait only: the fetch goes on for the others.
   */
  (signal?: AbortSignal): Promise<AwsCredentials>;
  /**
   * The present ones were refused. True when the next call fetches anew: never twice within some
   * seconds.
   */
  invalidate(): boolean;
  /** Ends a fetch under way; nothing is fetched any more. */
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

/** A World is one. */
export interface CredentialEdges {
  readonly clock: Clock;
  readonly log?: Logger | undefined;
  readonly metrics?: Registry | undefined;
  /** The provider for the options; the SDK's when absent. */
  readonly provider?: (options: CredentialOptions) => Promise<CredentialProvider>;
}
