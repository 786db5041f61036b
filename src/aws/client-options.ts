/**
 * The options of every client of the official SDK: limits of time and of answers, few attempts, no
 * metadata addresses, and credentials from a source that can be told that they were refused. With
 * its own defaults the SDK waits for an answer and reads it without a limit, and keeps credentials
 * without an expiry for ever. test/aws/tidy.test.ts fails for a client that is made without these
 * options.
 * Source:
 * https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/node-configuring-timeouts.html
 */
import type { HttpConnection } from '../kernel/http-connection.ts';
import { boundedAnswers } from './bounded-answers.ts';
import { createRequestHandler } from './client-connection.ts';
import { guardedRequests } from './guarded-requests.ts';
import type { CredentialSource, ExpiringCredentials } from './credential-source.ts';

/** Limit for opening a connection. */
const CONNECT_TIMEOUT_MS = 3_000;
/** Limit from the request to the head of its answer, and between two pieces of the answer. */
export const REQUEST_TIMEOUT_MS = 10_000;

export interface ClientLimits {
  readonly maxAttempts: number;
  readonly extensions: (typeof boundedAnswers | typeof guardedRequests)[];
  readonly requestHandler: ReturnType<typeof createRequestHandler>;
}

/** The limits only, for clients that the SDK makes itself: STS in the credential providers. */
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
    extensions: [boundedAnswers, guardedRequests],
    requestHandler: createRequestHandler(
      {
        connectionTimeout: CONNECT_TIMEOUT_MS,
        requestTimeout: requestTimeoutMs,
        socketTimeout: requestTimeoutMs,
        // Without this option the SDK only logs a warning and goes on waiting.
        throwOnRequestTimeout: true,
      },
      connection,
    ),
  };
}

export interface AwsClientSettings {
  readonly credentials: CredentialSource;
  readonly region?: string | (() => Promise<string>) | undefined;
  readonly endpoint?: string | undefined;
  readonly requestTimeoutMs?: number | undefined;
  /** 1 by default, for callers that retry by themselves. */
  readonly maxAttempts?: number | undefined;
  /** TLS settings and a proxy for this client only. */
  readonly connection?: HttpConnection | undefined;
}

export interface AwsClientOptions extends ClientLimits {
  readonly credentials: () => Promise<ExpiringCredentials>;
  readonly region?: string | (() => Promise<string>);
  readonly endpoint?: string;
}

/** The options for a client of any service. */
export function clientOptions(settings: AwsClientSettings): AwsClientOptions {
  const { credentials, region, endpoint } = settings;
  return {
    ...clientLimits(settings),
    // `memoized` makes the SDK ask our source, which caches, for each request. Without it the SDK
    // caches by itself, and keeps credentials without an expiry for ever.
    credentials: Object.assign(() => readIdentity(credentials), { memoized: true }),
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
  };
}

/** The credentials in the SDK's type, in which a token may be absent but not undefined. */
async function readIdentity(source: CredentialSource): Promise<ExpiringCredentials> {
  const { accessKeyId, secretAccessKey, sessionToken } = await source();
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}
