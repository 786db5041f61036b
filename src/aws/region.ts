/**
 * Finds the AWS region of this machine: from the environment, from the metadata file of an ECS
 * container, from the profile in the shared configuration files, or from the metadata of the EC2
 * instance.
 * Sources: https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html,
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-metadata.html
 */
import { readFile } from 'node:fs/promises';
import { describeError, RecoverableError } from '../kernel/errors.ts';
import { isRegion } from './endpoints.ts';
import { createHttpClient, type HttpClient } from '../kernel/http-client.ts';
import { openInstanceMetadata } from './instance-metadata.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** For all requests together; where nothing answers, the first one ends sooner. */
const METADATA_TIMEOUT_MS = 3_000;

/**
 * The region that environment, ECS or profile set; undefined when they set none. The SDK's reader
 * of configuration files is loaded only if the environment sets none.
 *
 * @param profile  that a configuration names; AWS_PROFILE, else `default`, when undefined
 */
export async function configuredRegion(
  env: Env = process.env,
  profile: string = env['AWS_PROFILE'] || 'default',
): Promise<string | undefined> {
  const own = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'];
  if (own !== undefined && own !== '') return own;
  const ofTask = await readTaskRegion(env['ECS_CONTAINER_METADATA_FILE']);
  if (ofTask !== undefined) return ofTask;
  const { loadSharedConfigFiles } = await import('@smithy/core/config');
  const { configFile, credentialsFile } = await loadSharedConfigFiles();
  return configFile[profile]?.['region'] ?? credentialsFile[profile]?.['region'];
}

/**
 * The region in the ARNs of an ECS metadata file, which an agent on EC2 writes where
 * ECS_ENABLE_CONTAINER_METADATA is set; undefined without the file, or while it is not complete.
 */
async function readTaskRegion(file: string | undefined): Promise<string | undefined> {
  if (file === undefined || file === '') return undefined;
  try {
    const metadata = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown> | null;
    for (const key of ['TaskARN', 'Cluster', 'ContainerInstanceARN']) {
      const arn = metadata?.[key];
      const region = typeof arn === 'string' ? arn.split(':')[3] : undefined;
      if (region !== undefined && isRegion(region)) return region;
    }
  } catch {
    // The agent has not written it yet, or only in part.
  }
  return undefined;
}

/**
 * The region where a configuration names none, found in Prometheus' order: environment and profile
 * first, with ECS between them, then instance metadata.
 *
 * @throws RecoverableError AWS_REGION_UNKNOWN when none of them gives a region
 */
export async function findRegion(env: Env = process.env, profile?: string): Promise<string> {
  const configured = await configuredRegion(env, profile);
  if (configured !== undefined) return configured;
  const http = createHttpClient();
  try {
    return await readInstanceRegion(http, env);
  } catch (error) {
    throw new RecoverableError(
      'AWS_REGION_UNKNOWN',
      'the AWS region is not known: set AWS_REGION, "region" in the configuration, --region ' +
        'where the command has it, or the region of a profile in ~/.aws/config ' +
        `(instance metadata: ${describeError(error)})`,
    );
  } finally {
    await http.close();
  }
}

async function readInstanceRegion(http: HttpClient, env: Env): Promise<string> {
  const signal = AbortSignal.timeout(METADATA_TIMEOUT_MS);
  const read = await openInstanceMetadata(http, env, signal);
  const region = await read('meta-data/placement/region', signal);
  if (!isRegion(region)) throw new Error('its answer is not a region');
  return region;
}
