/**
 * One remote_write entry: its schema and how it becomes the sink's plain configuration.
 * Not here: sending.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#remote_write
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import {
  durationSchema,
  ignored,
  positiveSchema,
  sizeSchema,
  switchSchema,
  textSchema,
  unsupported,
} from '../settings/values.ts';
import {
  defaultSampleAgeLimitMs,
  METADATA_DEFAULTS,
  MESSAGE_1,
  MESSAGE_2,
  QUEUE_DEFAULTS,
  type RemoteWriteConfig,
  type RemoteWriteQueueConfig,
  type Sigv4Config,
} from '../sinks/remote-write/config.ts';
import { type ConfigPath, type Reporter } from '../settings/finding.ts';
import {
  checkHeaderName,
  httpClientShape,
  readNow,
  resolveHttpClient,
} from '../settings/http-client.ts';
import { compileRules, relabelListSchema } from '../settings/relabel.ts';

const queueSchema = z.strictObject({
  max_samples_per_send: positiveSchema.optional().describe('Samples in a request; 10000.'),
  max_bytes_per_send: sizeSchema
    .optional()
    .describe('Bytes of a request, compressed and not; 1000000, as much as AMP takes.'),
  batch_send_deadline: durationSchema.optional().describe('5s.'),
  min_shards: positiveSchema.optional().describe('1; more follow the load.'),
  max_shards: positiveSchema.optional().describe('Bound of the parallel requests; 16.'),
  min_backoff: durationSchema.optional().describe('30ms.'),
  max_backoff: durationSchema.optional().describe('5s.'),
  sample_age_limit: durationSchema.optional().describe('59m for AMP, none for others.'),
  disk_size_limit: sizeSchema.optional().describe('Of the queue on disk; 1GB.'),
  disk_sync: z
    .enum(['never', 'interval', 'every'])
    .optional()
    .describe('When the queue is forced to disk: interval, once a second.'),
  // The queue is on disk: there is no count of samples in memory to set.
  capacity: positiveSchema.optional(),
  retry_on_http_429: switchSchema.optional(),
});

const sigv4Schema = z.strictObject({
  region: textSchema.optional(),
  access_key: textSchema.optional(),
  secret_key: textSchema.optional(),
  profile: textSchema.optional(),
  role_arn: textSchema.optional(),
  external_id: textSchema.optional(),
  service_name: textSchema.optional(),
  use_fips_sts_endpoint: switchSchema.optional(),
});

const noSuch = 'is not supported; AMP needs "sigv4", others "basic_auth" or "authorization"';

export const remoteWriteSchema = z.strictObject(
  {
    url: textSchema.describe('Where samples are sent.'),
    name: textSchema.optional(),
    remote_timeout: durationSchema.optional().describe('30s.'),
    headers: z.record(z.string(), textSchema).optional(),
    protobuf_message: textSchema
      .optional()
      .describe(`${MESSAGE_1} (remote write 1.0), or ${MESSAGE_2} (2.0).`),
    write_relabel_configs: relabelListSchema.optional(),
    send_exemplars: switchSchema.optional(),
    send_native_histograms: switchSchema.optional(),
    round_robin_dns: ignored,
    queue_config: queueSchema.optional(),
    metadata_config: z
      .strictObject({
        send: switchSchema.optional(),
        send_interval: durationSchema.optional().describe('1m.'),
        max_samples_per_send: positiveSchema.optional().describe('2000.'),
      })
      .optional(),
    sigv4: sigv4Schema.optional(),
    azuread: unsupported(`azuread ${noSuch}`),
    google_iam: unsupported(`google_iam ${noSuch}`),
    ...httpClientShape,
  },
  {
    error: (issue) =>
      issue.code === 'invalid_type' ? 'empty or null remote write entry' : undefined,
  },
);

type RemoteWriteInput = z.output<typeof remoteWriteSchema>;

export interface RemoteWriteContext {
  readonly baseDirectory: string;
  readonly externalLabels: Readonly<Record<string, string>>;
  /** For the region of a sigv4 that names none. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly report: Reporter;
}

/** All entries, with names that are unique. */
export function resolveRemoteWrites(
  inputs: readonly RemoteWriteInput[],
  context: RemoteWriteContext,
): readonly RemoteWriteConfig[] {
  const names = new Map<string, number>();
  return inputs.map((input, index) => {
    const path: ConfigPath = ['remote_write', index];
    const config = resolve(input, path, context);
    const other = names.get(config.name);
    if (other !== undefined)
      context.report.error(
        input.name === undefined ? path : [...path, 'name'],
        'CONFIG_DUPLICATE',
        input.name === undefined
          ? `remote_write[${index}] has the same url as remote_write[${other}]; give both a "name" of their own`
          : `name "${config.name}" is used by remote_write[${other}] already; names must be unique`,
      );
    names.set(config.name, index);
    return config;
  });
}

function resolve(
  input: RemoteWriteInput,
  path: ConfigPath,
  context: RemoteWriteContext,
): RemoteWriteConfig {
  const { report, baseDirectory, externalLabels } = context;
  const url = checkUrl(input.url, path, report);
  for (const name of Object.keys(input.headers ?? {}))
    checkHeaderName(name, [...path, 'headers', name], report);
  const client = resolveHttpClient(input, { baseDirectory, path, report });
  if (client.basicAuth !== undefined)
    readNow(client.basicAuth.password, [...path, 'basic_auth'], context);
  else if (client.authorization !== undefined && input.oauth2 === undefined)
    readNow(client.authorization.credentials as () => string, path, context);
  const sigv4 =
    input.sigv4 === undefined ? undefined : resolveSigv4(input.sigv4, url, path, context);
  if (sigv4 !== undefined && (client.basicAuth ?? client.authorization) !== undefined)
    report.error(
      [...path, 'sigv4'],
      'CONFIG_VALUE',
      'only one of "sigv4", "basic_auth" and "authorization" may be set',
    );
  const rules = compileRules(
    input.write_relabel_configs,
    'utf8',
    [...path, 'write_relabel_configs'],
    report,
  );
  noteDifferences(input, path, report);
  return {
    name: input.name ?? createHash('sha256').update(url).digest('hex').slice(0, 6),
    url,
    headers: { ...client.headers, ...input.headers },
    message: input.protobuf_message === MESSAGE_2 ? MESSAGE_2 : MESSAGE_1,
    remoteTimeoutMs: input.remote_timeout ?? 30_000,
    writeRelabelRules: rules,
    externalLabels,
    sigv4,
    basicAuth: client.basicAuth,
    authorization: client.authorization,
    connection: client.connection,
    sendExemplars: input.send_exemplars ?? false,
    sendNativeHistograms: input.send_native_histograms ?? false,
    metadata: {
      isSent: input.metadata_config?.send ?? METADATA_DEFAULTS.isSent,
      intervalMs: input.metadata_config?.send_interval || METADATA_DEFAULTS.intervalMs,
      maxPerSend: input.metadata_config?.max_samples_per_send ?? METADATA_DEFAULTS.maxPerSend,
    },
    queue: resolveQueue(input.queue_config ?? {}, url, path, report),
  };
}

function checkUrl(text: string, path: ConfigPath, report: Reporter): string {
  const at = [...path, 'url'];
  if (/^https?:\/\/[^/]/i.test(text) && URL.canParse(text)) return text;
  if (!/^[a-z]+:\/\//i.test(text) && URL.canParse(`http://${text}`) && !text.startsWith('/')) {
    report.warn(at, `url ${JSON.stringify(text)} has no scheme and is taken as http://${text}`);
    return `http://${text}`;
  }
  report.error(
    at,
    'CONFIG_VALUE',
    `url ${JSON.stringify(text)} must begin with http:// or https:// and name a host`,
  );
  return 'http://invalid';
}

function resolveSigv4(
  input: z.output<typeof sigv4Schema>,
  url: string,
  path: ConfigPath,
  { report, env }: RemoteWriteContext,
): Sigv4Config {
  const at = [...path, 'sigv4'];
  if ((input.access_key === undefined) !== (input.secret_key === undefined))
    report.error(at, 'CONFIG_VALUE', 'sigv4 needs "access_key" and "secret_key" both or neither');
  if (input.external_id !== undefined && input.role_arn === undefined)
    report.error([...at, 'external_id'], 'CONFIG_VALUE', '"external_id" needs "role_arn"');
  const region =
    input.region ??
    /\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\./.exec(url)?.[1] ??
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
    accessKey: input.access_key,
    secretKey: input.secret_key,
    profile: input.profile,
    roleArn: input.role_arn,
    externalId: input.external_id,
    useFipsSts: input.use_fips_sts_endpoint,
    serviceName: input.service_name,
  };
}

function resolveQueue(
  input: z.output<typeof queueSchema>,
  url: string,
  path: ConfigPath,
  report: Reporter,
): RemoteWriteQueueConfig {
  const at = [...path, 'queue_config'];
  const { min_shards: min, max_shards: max } = input;
  if (min !== undefined && max !== undefined && min > max)
    report.error(
      [...at, 'min_shards'],
      'CONFIG_VALUE',
      `min_shards ${min} is more than max_shards ${max}`,
    );
  const minBackoffMs = input.min_backoff ?? QUEUE_DEFAULTS.minBackoffMs;
  const maxBackoffMs = input.max_backoff ?? QUEUE_DEFAULTS.maxBackoffMs;
  if (minBackoffMs > maxBackoffMs)
    report.error([...at, 'min_backoff'], 'CONFIG_VALUE', 'min_backoff is more than max_backoff');
  if (input.retry_on_http_429 === false)
    report.warn(
      [...at, 'retry_on_http_429'],
      'status 429 is retried all the same: dropping would lose samples',
    );
  return {
    maxSamplesPerSend: input.max_samples_per_send ?? QUEUE_DEFAULTS.maxSamplesPerSend,
    maxBytesPerSend: input.max_bytes_per_send || QUEUE_DEFAULTS.maxBytesPerSend,
    batchSendDeadlineMs: input.batch_send_deadline ?? QUEUE_DEFAULTS.batchSendDeadlineMs,
    shardsMin: Math.min(SHARDS_MAX, min ?? QUEUE_DEFAULTS.shardsMin),
    shardsMax: Math.min(SHARDS_MAX, max ?? Math.max(QUEUE_DEFAULTS.shardsMax, min ?? 1)),
    minBackoffMs,
    maxBackoffMs,
    sampleAgeLimitMs: input.sample_age_limit ?? defaultSampleAgeLimitMs(url),
    capBytes: input.disk_size_limit || QUEUE_DEFAULTS.capBytes,
    sync: input.disk_sync ?? QUEUE_DEFAULTS.sync,
  };
}

const SHARDS_MAX = 64;

/** What is accepted and does not do here what it does in Prometheus is said. */
function noteDifferences(input: RemoteWriteInput, path: ConfigPath, report: Reporter): void {
  const message = input.protobuf_message;
  if (message !== undefined && message !== MESSAGE_1 && message !== MESSAGE_2)
    report.error(
      [...path, 'protobuf_message'],
      'CONFIG_VALUE',
      `${JSON.stringify(message)} is not a remote write message; use "${MESSAGE_1}" or "${MESSAGE_2}"`,
    );
  if (input.follow_redirects === true)
    report.warn([...path, 'follow_redirects'], 'redirects are not followed; give the final URL');
}
