/**
 * The region that a machine is set to: of the environment, or of the shared configuration file's profile.
 * Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
 */

/** Undefined when nothing tells it. The SDK's reader of files is loaded only where the environment is silent. */
export async function configuredRegion(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string | undefined> {
  const own = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'];
  if (own !== undefined && own !== '') return own;
  const { loadSharedConfigFiles } = await import('@smithy/core/config');
  const { configFile, credentialsFile } = await loadSharedConfigFiles();
  const profile = env['AWS_PROFILE'] ?? 'default';
  return configFile[profile]?.['region'] ?? credentialsFile[profile]?.['region'];
}
