/**
 * How every client of the official SDK is made: with time limits, few attempts, and credentials of
 * a source that can be told that they were refused. The SDK's own defaults wait for an answer
 * without end and keep credentials without an expiry for ever. test/aws/tidy.test.ts holds that no
 * client is made without this.
 * Source:
 * https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/node-configuring-timeouts.html
 */
import type { HttpConnection } from '../kernel/http-connection.ts';
import { type ConnectionAgents, createAgents } from './client-connection.ts';
import type { CredentialSource, ExpiringCredentials } from './credential-source.ts';

/** Until a connection stands. */
const CONNECT_TIMEOUT_MS = 3_000;
/** From the request to the head of its answer, and between two pieces of it. */
export const REQUEST_TIMEOUT_MS = 10_000;

export interface ClientLimits {
  readonly maxAttempts: number;
  readonly requestHandler: Partial<ConnectionAgents> & {
    readonly connectionTimeout: number;
    readonly requestTimeout: number;
    readonly socketTimeout: number;
    readonly throwOnRequestTimeout: true;
  };
}

/** The limits alone, for clients that others make: STS in the credential providers. */
export function clientLimits({
  requestTimeoutMs = REQUEST_TIMEOUT_MS,
  maxAttempts = 1,
  connection,
}: {
  readonly requestTimeoutMs?: number | undefined;
  readonly maxAttempts?: number | undefined;
  readonly connection?: HttpConnection | undefined;
} = {}): ClientLimits {
  return {
    maxAttempts,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: requestTimeoutMs,
      socketTimeout: requestTimeoutMs,
      // Without it the SDK writes a warning and goes on waiting.
      throwOnRequestTimeout: true,
      ...(connection === undefined ? {} : createAgents(connection)),
    },
  };
}

export interface AwsClientSettings {
  readonly credentials: CredentialSource;
  readonly region?: string | (() => Promise<string>) | undefined;
  readonly endpoint?: string | undefined;
  readonly requestTimeoutMs?: number | undefined;
  /** 1, where the caller tries again by itself. */
  readonly maxAttempts?: number | undefined;
  /** TLS settings and a proxy of the client's own. */
  readonly connection?: HttpConnection | undefined;
}

export interface AwsClientOptions extends ClientLimits {
  readonly credentials: () => Promise<ExpiringCredentials>;
  readonly region?: string | (() => Promise<string>);
  readonly endpoint?: string;
}

/** Options of any client of the SDK. */
export function clientOptions(settings: AwsClientSettings): AwsClientOptions {
  const { credentials, region, endpoint } = settings;
  return {
    ...clientLimits(settings),
    // `memoized`, as the SDK calls it: it asks for each request, and our source remembers. Else it
    // would keep for ever what comes without an expiry.
    credentials: Object.assign(() => readIdentity(credentials), { memoized: true }),
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
  };
}

/** In the SDK's own type, which knows no undefined token. */
async function readIdentity(source: CredentialSource): Promise<ExpiringCredentials> {
  const { accessKeyId, secretAccessKey, sessionToken } = await source();
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}
