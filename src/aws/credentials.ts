/**
 * Where AWS credentials come from: static keys, or the official SDK's providers (default chain, a profile, a role to
 * assume), which are imported on first use. Adds to them what a sender needs: a memo, a refresh ahead of expiry
 * that all callers share, and a way to say that the present ones were refused.
 * Source: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
import { systemClock } from '../kernel/clock.ts';
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
  readonly region?: string | undefined;
  /** Roles are assumed at the FIPS endpoint of STS. */
  readonly useFipsSts?: boolean | undefined;
}

/** Call it for credentials that are good for some minutes; rejects when there are none. */
export interface CredentialSource {
  (): Promise<AwsCredentials>;
  /** The present ones were refused: the next call fetches anew. */
  invalidate(): void;
}

/** Credentials as a provider gives them. */
export interface ExpiringCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

export type CredentialProvider = () => Promise<ExpiringCredentials>;

export interface CredentialEdges {
  readonly nowMs: () => number;
  /** The provider for the options; the SDK's when absent. */
  readonly provider?: (options: CredentialOptions) => Promise<CredentialProvider>;
}

/** Refreshed this long before they expire. */
const REFRESH_AHEAD_MS = 5 * 60_000;
/** Between two fetches of credentials that still hold, or that were refused. */
const RETRY_MS = 10_000;

/** A memoised source of credentials. With static keys and no role nothing of the SDK is loaded. */
export function createCredentialSource(
  options: CredentialOptions,
  edges: CredentialEdges = { nowMs: () => systemClock.nowMs() },
): CredentialSource {
  const { accessKey, secretKey, roleArn } = options;
  if (accessKey !== undefined && secretKey !== undefined && roleArn === undefined) {
    const fixed = Promise.resolve(staticKeys(accessKey, secretKey, options.sessionToken));
    return Object.assign(() => fixed, { invalidate: () => undefined });
  }
  return refreshing(options, edges);
}

function refreshing(options: CredentialOptions, edges: CredentialEdges): CredentialSource {
  const { nowMs, provider: providerFor = sdkProvider } = edges;
  let held: ExpiringCredentials | undefined;
  let pending: Promise<AwsCredentials> | undefined;
  let notBeforeMs = 0;
  let fetchedMs = -Infinity;

  const leftMs = (): number => {
    if (held === undefined) return 0;
    return held.expiration === undefined ? Infinity : held.expiration.getTime() - nowMs();
  };
  const fetchAnew = async (): Promise<AwsCredentials> => {
    try {
      // The SDK's providers memoise too, by a clock of their own: one that is made anew asks.
      held = await (await providerFor(options))();
      fetchedMs = nowMs();
      // An endpoint that gives what has ended, or soon ends, is not asked for each request.
      notBeforeMs = fetchedMs + RETRY_MS;
      return withoutExpiration(held);
    } catch (error) {
      notBeforeMs = nowMs() + RETRY_MS;
      if (held !== undefined && leftMs() > 0) return withoutExpiration(held);
      throw error;
    } finally {
      pending = undefined;
    }
  };
  const get = (): Promise<AwsCredentials> => {
    const left = leftMs();
    const isHeldOff = isWithin(nowMs() - notBeforeMs + RETRY_MS);
    const good =
      left > REFRESH_AHEAD_MS || (isHeldOff && (left > 0 || isWithin(nowMs() - fetchedMs)));
    if (good && held !== undefined) return Promise.resolve(withoutExpiration(held));
    pending ??= fetchAnew();
    return pending;
  };
  const invalidate = (): void => {
    // Refused just after they were fetched: the fault lies elsewhere, and the endpoint is spared.
    if (isWithin(nowMs() - fetchedMs)) return;
    held = undefined;
    notBeforeMs = 0;
  };
  return Object.assign(get, { invalidate });
}

/** Whether so much time has passed that it is too early yet; a clock that was turned back says nothing. */
function isWithin(passedMs: number): boolean {
  return passedMs >= 0 && passedMs < RETRY_MS;
}

/** What signs must not change with the object that a provider may share. */
function withoutExpiration(held: ExpiringCredentials): AwsCredentials {
  return staticKeys(held.accessKeyId, held.secretAccessKey, held.sessionToken);
}

function staticKeys(
  accessKeyId: string,
  secretAccessKey: string,
  sessionToken: string | undefined,
): ExpiringCredentials {
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

async function sdkProvider(options: CredentialOptions): Promise<CredentialProvider> {
  const { accessKey, secretKey, sessionToken, profile, roleArn, externalId, region } = options;
  const { useFipsSts: useFipsEndpoint = false } = options;
  const sdk = await import('@aws-sdk/credential-providers');
  const clientConfig =
    region === undefined && !useFipsEndpoint
      ? {}
      : { clientConfig: { ...(region === undefined ? {} : { region }), useFipsEndpoint } };
  const master: CredentialProvider =
    accessKey !== undefined && secretKey !== undefined
      ? () => Promise.resolve(staticKeys(accessKey, secretKey, sessionToken))
      : sdk.fromNodeProviderChain({
          ...(profile === undefined ? {} : { profile }),
          ...clientConfig,
        });
  if (roleArn === undefined) return master;
  return sdk.fromTemporaryCredentials({
    masterCredentials: master,
    params: {
      RoleArn: roleArn,
      RoleSessionName: sessionNameOf(options.sessionName ?? 'amperage'),
      ...(externalId === undefined ? {} : { ExternalId: externalId }),
    },
    ...clientConfig,
  });
}

/** STS takes 64 characters of a few kinds. */
function sessionNameOf(text: string): string {
  return text.replaceAll(/[^\w+=,.@-]/g, '-').slice(0, 64);
}
