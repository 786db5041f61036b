/**
 * The official SDK's credential providers, imported on first use: the default chain or a profile,
 * and a role that is assumed with their credentials or with a token. Files are read anew each time,
 * where the SDK by default would keep what it read first.
 * Source: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
import { clientLimits } from './client-options.ts';
import type { CredentialOptions, CredentialProvider } from './credential-source.ts';

/** STS is asked at most twice, so that both attempts fit into the time limit of a fetch. */
const STS = { requestTimeoutMs: 5_000, maxAttempts: 2 };
/**
 * Retries of the task and instance metadata endpoints. Before each retry the SDK waits a second on
 * a timer that cannot be cancelled, not even by a stop; callers ask again by themselves anyway.
 */
const METADATA_RETRIES = 1;

/**
 * Makes a provider for one fetch. The SDK's providers keep what they fetched, by the system's clock
 * rather than ours, so each fetch needs a new one.
 */
export async function sdkProvider(options: CredentialOptions): Promise<CredentialProvider> {
  const { accessKey, secretKey, sessionToken, profile, roleArn, externalId, region } = options;
  const { useFipsSts = false, connection } = options;
  const sdk = await import('@aws-sdk/credential-providers');
  const clientConfig = {
    ...clientLimits({ ...STS, connection }),
    ...(region === undefined ? {} : { region }),
    ...(useFipsSts ? { useFipsEndpoint: true } : {}),
  };
  const master: CredentialProvider =
    accessKey !== undefined && secretKey !== undefined
      ? () =>
          Promise.resolve({
            accessKeyId: accessKey,
            secretAccessKey: secretKey,
            ...(sessionToken === undefined ? {} : { sessionToken }),
          })
      : sdk.fromNodeProviderChain({
          ignoreCache: true,
          maxRetries: METADATA_RETRIES,
          ...(profile === undefined ? {} : { profile }),
          clientConfig,
        });
  if (roleArn === undefined) return master;
  const sessionName = makeSessionName(options.sessionName ?? 'amperage');
  if (options.webIdentityTokenFile !== undefined)
    return sdk.fromTokenFile({
      webIdentityTokenFile: options.webIdentityTokenFile,
      roleArn,
      roleSessionName: sessionName,
      clientConfig,
    });
  return sdk.fromTemporaryCredentials({
    masterCredentials: master,
    params: {
      RoleArn: roleArn,
      RoleSessionName: sessionName,
      ...(externalId === undefined ? {} : { ExternalId: externalId }),
    },
    clientConfig,
  });
}

/** STS takes at most 64 characters, out of letters, digits and `_+=,.@-`. */
function makeSessionName(text: string): string {
  return text.replaceAll(/[^\w+=,.@-]/g, '-').slice(0, 64);
}
