/**
 * The official SDK's credential providers, imported on first use: the default chain or a profile,
 * and a role that is assumed with what they give. Files are read anew each time: the SDK would
 * remember what it read first.
 * Source: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
import { clientLimits } from './client-options.ts';
import type { CredentialOptions, CredentialProvider } from './credential-source.ts';

/** STS is asked twice at most, within the time that a fetch of credentials may take. */
const STS = { requestTimeoutMs: 5_000, maxAttempts: 2 };
/**
 * Of task and instance metadata. The SDK waits a second before each by a timer that nothing can
 * end, not even a stop; who needs credentials asks again anyway.
 */
const METADATA_RETRIES = 1;

/**
 * A provider that asks anew: those of the SDK remember too, by a clock of their own, so that one
 * serves one fetch.
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
  return sdk.fromTemporaryCredentials({
    masterCredentials: master,
    params: {
      RoleArn: roleArn,
      RoleSessionName: makeSessionName(options.sessionName ?? 'amperage'),
      ...(externalId === undefined ? {} : { ExternalId: externalId }),
    },
    clientConfig,
  });
}

/** STS takes 64 characters of a few kinds. */
function makeSessionName(text: string): string {
  return text.replaceAll(/[^\w+=,.@-]/g, '-').slice(0, 64);
}
