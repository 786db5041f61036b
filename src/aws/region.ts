/**
 * Finds the AWS region of this machine: from the environment, from the profile in the shared
 * configuration files, or from the metadata of the EC2 instance (version 2).
 * Sources: https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html,
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
 */
import { describeError, RecoverableError } from '../kernel/errors.ts';
import { isRegion } from './endpoints.ts';
import { type ClientRequest, createHttpClient, type HttpClient } from '../kernel/http-client.ts';

type Env = Readonly<Record<string, string | undefined>>;

const METADATA_URL = 'http://169.254.169.254';
/** The address is link-local: outside of EC2 nothing answers, and each wait takes this long. */
const METADATA_TIMEOUT_MS = 3_000;
const TOKEN_SECONDS = 60;

/**
 * The region that environment or profile set; undefined when they set none. The SDK's reader of
 * configuration files is loaded only if the environment sets none.
 */
export async function configuredRegion(env: Env = process.env): Promise<string | undefined> {
  const own = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'];
  if (own !== undefined && own !== '') return own;
  const { loadSharedConfigFiles } = await import('@smithy/core/config');
  const { configFile, credentialsFile } = await loadSharedConfigFiles();
  const profile = env['AWS_PROFILE'] ?? 'default';
  return configFile[profile]?.['region'] ?? credentialsFile[profile]?.['region'];
}

/**
 * The region where a configuration names none, found in Prometheus' order: environment and profile
 * first, then instance metadata.
 *
 * @throws RecoverableError AWS_REGION_UNKNOWN when none of them gives a region
 */
export async function findRegion(env: Env = process.env): Promise<string> {
  const configured = await configuredRegion(env);
  if (configured !== undefined) return configured;
  const http = createHttpClient();
  try {
    return await readInstanceRegion(http, env);
  } catch (error) {
    throw new RecoverableError(
      'AWS_REGION_UNKNOWN',
      'the AWS region is not known: set "region", AWS_REGION, or the region of a profile in ' +
        `~/.aws/config (instance metadata: ${describeError(error)})`,
    );
  } finally {
    await http.close();
  }
}

async function readInstanceRegion(http: HttpClient, env: Env): Promise<string> {
  if (env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true')
    throw new Error('AWS_EC2_METADATA_DISABLED');
  const base = (env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] || METADATA_URL).replace(/\/$/, '');
  const ask = async (
    method: ClientRequest['method'],
    path: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<string> => {
    const signal = AbortSignal.timeout(METADATA_TIMEOUT_MS);
    const limits = { timeoutMs: METADATA_TIMEOUT_MS, bodyMaxBytes: 1_024, signal };
    const { status, body } = await http.send({ method, url: `${base}${path}`, headers, ...limits });
    if (status !== 200) throw new Error(`status ${status}`);
    return body.toString('utf8').trim();
  };
  const token = await ask('PUT', '/latest/api/token', {
    'x-aws-ec2-metadata-token-ttl-seconds': String(TOKEN_SECONDS),
  });
  const region = await ask('GET', '/latest/meta-data/placement/region', {
    'x-aws-ec2-metadata-token': token,
  });
  if (!isRegion(region)) throw new Error('its answer is not a region');
  return region;
}
