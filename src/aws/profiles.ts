/**
 * The profiles of the shared configuration files.
 * Source: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
 */

/** Other sections are told like profiles, with the word before their name. */
const OTHER = /^(?:sso-session|services)\./;

/** Their names, sorted; the SDK's reader of the files is loaded on first use. */
export async function listProfiles(): Promise<readonly string[]> {
  const { loadSharedConfigFiles } = await import('@smithy/core/config');
  // What another run of it has read may be of other files.
  const { configFile, credentialsFile } = await loadSharedConfigFiles({ ignoreCache: true });
  const names = new Set([...Object.keys(configFile), ...Object.keys(credentialsFile)]);
  return [...names].filter((name) => !OTHER.test(name)).toSorted();
}
