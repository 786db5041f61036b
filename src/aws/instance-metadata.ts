/**
 * The client of EC2's instance metadata, version 2 only: a token first, then values. From a
 * container behind a hop limit of 1 the token does not come back; that is as if there were none.
 * Limits: 1 s and 64 KiB for an answer.
 * Source:
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
 */
import type { ClientRequest, HttpClient } from '../kernel/http-client.ts';

type Env = Readonly<Record<string, string | undefined>>;

const ADDRESS = 'http://169.254.169.254';
const TIMEOUT_MS = 1_000;
const TOKEN_SECONDS = 60;
const BODY_MAX_BYTES = 64 * 1_024;

/** A path below /latest, such as `meta-data/instance-id`, to its text. */
export type ReadInstanceMetadata = (path: string, signal: AbortSignal) => Promise<string>;

/**
 * Gets a token and gives the function that reads with it.
 *
 * @throws  where nothing answers, or instance metadata are switched off
 */
export async function openInstanceMetadata(
  http: HttpClient,
  env: Env,
  signal: AbortSignal,
): Promise<ReadInstanceMetadata> {
  if (env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true')
    throw new Error('AWS_EC2_METADATA_DISABLED is set');
  const base = (env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] || ADDRESS).replace(/\/$/, '');
  const ask = async (
    method: ClientRequest['method'],
    path: string,
    headers: Readonly<Record<string, string>>,
    until: AbortSignal,
  ): Promise<string> => {
    const limits = { timeoutMs: TIMEOUT_MS, bodyMaxBytes: BODY_MAX_BYTES, signal: until };
    const url = `${base}/latest/${path}`;
    const answer = await http.send({ method, url, headers, ...limits, reachesMetadata: true });
    if (answer.status !== 200)
      throw new Error(`instance metadata answered ${answer.status} for ${path}`);
    return answer.body.toString('utf8').trim();
  };
  const seconds = { 'x-aws-ec2-metadata-token-ttl-seconds': String(TOKEN_SECONDS) };
  const token = await ask('PUT', 'api/token', seconds, signal);
  return (path, until) => ask('GET', path, { 'x-aws-ec2-metadata-token': token }, until);
}
