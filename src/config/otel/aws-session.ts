/**
 * The keys that exporters of AWS share: how its service is reached, with which credentials, and by
 * how many requests at once.
 * Source: contrib's internal/aws/awsutil/awsconfig.go; `middleware`, `profile` and `imds_retries`
 * are those of AWS's fork, which CloudWatch's agent has
 */
import type * as z from 'zod';
import { awsAccessShape } from '../../settings/aws-access.ts';
import { countSchema } from '../../settings/count.ts';
import { ignored, ignoredValue } from '../../settings/refused-keys.ts';
import { switchSchema } from '../../settings/switch.ts';
import { presentSchema } from '../../settings/text.ts';
import { resolveClientProxy } from './client-proxy.ts';
import type { ComponentContext } from './component.ts';
import type { ResolvedExporter } from './exporter-kind.ts';

/** As many requests as there are shards run at once. */
const WORKERS_MAX = 64;
const WORKERS_DEFAULT = 8;

const WITHOUT_EFFECT = {
  max_retries:
    'what fails for a while is sent again until it is delivered, within the bounds of the queue',
  imds_retries: 'metadata of the instance is asked within a time limit',
  middleware: "it tells CloudWatch of CloudWatch's own agent",
} as const;

/** @param service  for sentences: `X-Ray` */
export function awsSessionShape(service: string) {
  return {
    num_workers: countSchema.optional().meta({
      description: 'Most requests at once, up to 64; 0 is the default too.',
      default: WORKERS_DEFAULT,
    }),
    endpoint: presentSchema.describe(`URL of ${service}; made of the region by default.`),
    request_timeout_seconds: countSchema
      .optional()
      .meta({ description: 'How long a request may take; 0 is the default too.', default: 30 }),
    max_retries: ignoredValue(countSchema, `Has no effect: ${WITHOUT_EFFECT.max_retries}.`),
    no_verify_ssl: switchSchema
      .optional()
      .meta({ description: `Takes any certificate of ${service}.`, default: false }),
    proxy_address: presentSchema.describe(
      'HTTP proxy through which it is reached; those of HTTPS_PROXY and NO_PROXY by default.',
    ),
    region: awsAccessShape.region,
    local_mode: switchSchema.optional().meta({
      description: 'Whether instance metadata is not asked.',
      default: false,
    }),
    role_arn: awsAccessShape.role_arn,
    external_id: awsAccessShape.external_id,
    profile: awsAccessShape.profile,
    certificate_file_path: presentSchema.describe('File of certificate authorities to trust, PEM.'),
    imds_retries: ignoredValue(countSchema, `Has no effect: ${WITHOUT_EFFECT.imds_retries}.`),
    middleware: ignored(`Has no effect: ${WITHOUT_EFFECT.middleware}.`),
  };
}

type AwsSessionInput = z.output<z.ZodObject<ReturnType<typeof awsSessionShape>>>;

/** The keys of a sink's entry that these become, with what is written without an effect told. */
export function resolveAwsSession(
  input: AwsSessionInput,
  context: ComponentContext,
): Pick<ResolvedExporter, 'entry'> & Required<Pick<ResolvedExporter, 'keys'>> {
  noteWithoutEffect(input, context);
  const { no_verify_ssl: skips = false, certificate_file_path: ca } = input;
  const tls = {
    ...(skips ? { insecure_skip_verify: true } : {}),
    ...(ca ? { ca_file: ca } : {}),
  };
  const timeout = input.request_timeout_seconds || undefined;
  return {
    entry: {
      endpoint: input.endpoint,
      region: input.region,
      role_arn: input.role_arn,
      external_id: input.role_arn === undefined ? undefined : input.external_id,
      profile: input.profile,
      local_mode: input.local_mode,
      tls_config: Object.keys(tls).length === 0 ? undefined : tls,
      ...resolveClientProxy(input.proxy_address, context.reading.env),
      request_timeout: timeout && `${timeout}s`,
      queue_config: { max_shards: resolveWorkers(input, context) },
    },
    keys: {
      tls_config: ['certificate_file_path'],
      proxy_url: ['proxy_address'],
      proxy_from_environment: ['proxy_address'],
      request_timeout: ['request_timeout_seconds'],
      queue_config: ['num_workers'],
    },
  };
}

function resolveWorkers(
  { num_workers: count = 0 }: AwsSessionInput,
  { at, report }: ComponentContext,
): number {
  if (count === 0) return WORKERS_DEFAULT;
  if (count > WORKERS_MAX)
    report.warn(
      [...at, 'num_workers'],
      `${count} requests at once are taken as ${WORKERS_MAX}, the most`,
    );
  return Math.min(count, WORKERS_MAX);
}

function noteWithoutEffect(input: AwsSessionInput, { at, report }: ComponentContext): void {
  for (const [key, why] of Object.entries(WITHOUT_EFFECT))
    if (input[key as keyof typeof WITHOUT_EFFECT] !== undefined)
      report.warn([...at, key], `${key} has no effect: ${why}`, 'key');
  if (input.external_id !== undefined && input.role_arn === undefined)
    report.warn([...at, 'external_id'], 'external_id has no effect without role_arn', 'key');
}
