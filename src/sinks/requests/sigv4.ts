/**
 * The block `sigv4` of sinks that sign their requests: its schema, and how it becomes plain values.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#sigv4
 */
import { resolve } from 'node:path';
import * as z from 'zod';
import { scopeOfHost } from '../../aws/endpoints.ts';
import { awsAccessShape, checkAwsAccess, resolveAwsAccess } from '../../settings/aws-access.ts';
import { readNow, resolveSecret } from '../../settings/secret.ts';
import { switchSchema } from '../../settings/switch.ts';
import { presentSchema } from '../../settings/text.ts';
import type { SinkContext } from '../sink.ts';

/**
 * Without keys, profile or role, the default chain is asked for credentials: on ECS, the task role.
 */
export interface Sigv4Config {
  readonly region: string;
  readonly accessKey?: string | undefined;
  readonly secretKey?: string | undefined;
  readonly profile?: string | undefined;
  readonly roleArn?: string | undefined;
  /** Only together with `roleArn`. */
  readonly externalId?: string | undefined;
  readonly useFipsSts?: boolean | undefined;
  /** Region in which the role is assumed; `region` when absent. */
  readonly stsRegion?: string | undefined;
  /** Session name of the role, which CloudTrail shows. */
  readonly sessionName?: string | undefined;
  /** File of the token with which the role is assumed; an absolute path. */
  readonly webIdentityTokenFile?: string | undefined;
  /** `aps` when absent. */
  readonly serviceName?: string | undefined;
}

export const sigv4Schema = z.strictObject({
  ...awsAccessShape,
  service_name: presentSchema.meta({ description: 'Service that is signed for.', default: 'aps' }),
  use_fips_sts_endpoint: switchSchema
    .optional()
    .meta({ description: 'Assumes role_arn at the FIPS endpoint of STS.', default: false }),
  sts_region: presentSchema.describe(
    'Region in which STS is asked for role_arn; region by default. Prometheus knows no such key.',
  ),
  session_name: presentSchema.meta({
    description:
      'Name of the session of role_arn, which CloudTrail shows. Prometheus knows no such key.',
    default: 'amperage',
  }),
  web_identity_token_file: presentSchema.describe(
    'File of the token with which role_arn is assumed, read each time. Prometheus knows no such ' +
      'key.',
  ),
});

/**
 * Checks the block, and fills in the region.
 *
 * @param url      where requests go: an endpoint of AWS tells the region
 * @param context  of the entry
 */
export function resolveSigv4(
  input: z.output<typeof sigv4Schema>,
  url: string,
  context: SinkContext,
): Sigv4Config {
  const { path, report, env } = context;
  const at = [...path, 'sigv4'];
  checkAwsAccess(input, { ...context, path: at }, 'refused');
  const region =
    input.region ??
    scopeOfHost(new URL(url).host)?.region ??
    env['AWS_REGION'] ??
    env['AWS_DEFAULT_REGION'];
  if (region === undefined || region === '')
    report.error(
      at,
      'CONFIG_VALUE',
      'sigv4 needs a "region": neither the url nor AWS_REGION tells it',
    );
  return {
    region: region ?? '',
    ...resolveAwsAccess(input),
    useFipsSts: input.use_fips_sts_endpoint,
    stsRegion: input.sts_region,
    sessionName: input.session_name,
    webIdentityTokenFile: resolveTokenFile(input, context),
    serviceName: input.service_name,
  };
}

/** Checks the keys that are about the assumed role; the path of the token's file, absolute. */
function resolveTokenFile(
  input: z.output<typeof sigv4Schema>,
  context: SinkContext,
): string | undefined {
  const { path, report, baseDirectory } = context;
  const { role_arn: role, web_identity_token_file: file } = input;
  const ofRole = ['sts_region', 'session_name', 'web_identity_token_file'] as const;
  for (const key of ofRole)
    if (role === undefined && input[key] !== undefined)
      report.error([...path, 'sigv4', key], 'CONFIG_VALUE', `"${key}" needs "role_arn"`);
  if (file === undefined) return undefined;
  const at = [...path, 'sigv4', 'web_identity_token_file'];
  readNow(resolveSecret(undefined, file, { ...context, path: at }), at, context);
  return resolve(baseDirectory, file);
}
