/**
 * One remote_write entry of a configuration: its schema, and how it becomes the sink's plain values.
 * Not here: sending.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#remote_write
 */
import { z } from 'zod';
import { scopeOfHost } from '../../aws/endpoints.ts';
import { DELIVERY_DEFAULTS, type DeliverySettings } from '../../delivery/settings.ts';
import type { ConfigPath, Reporter } from '../../settings/finding.ts';
import {
  type HttpClientSettings,
  httpClientShape,
  resolveHttpClient,
} from '../../settings/http-client.ts';
import { checkHeaderName } from '../../settings/http-headers.ts';
import { readNow } from '../../settings/secret.ts';
import { compileRules, relabelListSchema } from '../../settings/relabel.ts';
import { awsAccessShape, checkAwsAccess, resolveAwsAccess } from '../../settings/aws-access.ts';
import { positiveSchema } from '../../settings/count.ts';
import { durationSchema } from '../../settings/duration.ts';
import { ignored, unsupported } from '../../settings/refused-keys.ts';
import { sizeSchema } from '../../settings/size.ts';
import { switchSchema } from '../../settings/switch.ts';
import { presentSchema, textSchema } from '../../settings/text.ts';
import { relabelling } from '../../transforms/relabelling.ts';
import type { ResolvedSink, SinkContext } from '../sink.ts';
import {
  defaultSampleAgeLimitMs,
  MESSAGE_1,
  MESSAGE_2,
  METADATA_DEFAULTS,
  type RemoteWriteConfig,
  type Sigv4Config,
} from './config.ts';
import { publicUrl } from './metrics.ts';

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
  ...awsAccessShape,
  service_name: presentSchema.describe('Service that is signed for; aps.'),
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

export function resolveRemoteWrite(
  input: RemoteWriteInput,
  context: SinkContext,
): ResolvedSink<RemoteWriteConfig> {
  const { report, path, baseDirectory } = context;
  const url = checkUrl(input.url, path, report);
  for (const name of Object.keys(input.headers ?? {}))
    checkHeaderName(name, [...path, 'headers', name], report);
  const client = resolveHttpClient(input, { baseDirectory, path, report });
  readSecrets(input, client, context);
  const sigv4 = input.sigv4 === undefined ? undefined : resolveSigv4(input.sigv4, url, context);
  if (sigv4 !== undefined && (client.basicAuth ?? client.authorization) !== undefined)
    report.error(
      [...path, 'sigv4'],
      'CONFIG_VALUE',
      'only one of "sigv4", "basic_auth" and "authorization" may be set',
    );
  const at = [...path, 'write_relabel_configs'];
  const rules = compileRules(input.write_relabel_configs, 'utf8', at, report);
  noteDifferences(input, path, report);
  return {
    name: input.name,
    address: url,
    place: publicUrl(url),
    remark: sigv4 === undefined ? undefined : `signed for ${sigv4.region}`,
    delivery: resolveQueue(input.queue_config ?? {}, url, path, report),
    transforms: rules.length === 0 ? [] : [relabelling(rules)],
    settings: {
      url,
      headers: { ...client.headers, ...input.headers },
      message: input.protobuf_message === MESSAGE_2 ? MESSAGE_2 : MESSAGE_1,
      remoteTimeoutMs: input.remote_timeout ?? 30_000,
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
    },
  };
}

/** A secret that can't be read is told at the start, not at the first request. */
function readSecrets(
  input: RemoteWriteInput,
  { basicAuth, authorization }: HttpClientSettings,
  context: SinkContext,
): void {
  const { path } = context;
  if (basicAuth !== undefined) readNow(basicAuth.password, [...path, 'basic_auth'], context);
  else if (authorization !== undefined && input.oauth2 === undefined)
    readNow(authorization.credentials as () => string, path, context);
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
    serviceName: input.service_name,
  };
}

function resolveQueue(
  input: z.output<typeof queueSchema>,
  url: string,
  path: ConfigPath,
  report: Reporter,
): DeliverySettings {
  const at = [...path, 'queue_config'];
  const { min_shards: min, max_shards: max } = input;
  if (min !== undefined && max !== undefined && min > max)
    report.error(
      [...at, 'min_shards'],
      'CONFIG_VALUE',
      `min_shards ${min} is more than max_shards ${max}`,
    );
  const minBackoffMs = input.min_backoff ?? DELIVERY_DEFAULTS.minBackoffMs;
  const maxBackoffMs = input.max_backoff ?? DELIVERY_DEFAULTS.maxBackoffMs;
  if (minBackoffMs > maxBackoffMs)
    report.error([...at, 'min_backoff'], 'CONFIG_VALUE', 'min_backoff is more than max_backoff');
  if (input.retry_on_http_429 === false)
    report.warn(
      [...at, 'retry_on_http_429'],
      'status 429 is retried all the same: dropping would lose samples',
    );
  return {
    maxItemsPerSend: input.max_samples_per_send ?? DELIVERY_DEFAULTS.maxItemsPerSend,
    maxBytesPerSend: input.max_bytes_per_send || DELIVERY_DEFAULTS.maxBytesPerSend,
    batchSendDeadlineMs: input.batch_send_deadline ?? DELIVERY_DEFAULTS.batchSendDeadlineMs,
    shardsMin: Math.min(SHARDS_MAX, min ?? DELIVERY_DEFAULTS.shardsMin),
    shardsMax: Math.min(SHARDS_MAX, max ?? Math.max(DELIVERY_DEFAULTS.shardsMax, min ?? 1)),
    minBackoffMs,
    maxBackoffMs,
    ageLimitMs: input.sample_age_limit ?? defaultSampleAgeLimitMs(url),
    capBytes: input.disk_size_limit || DELIVERY_DEFAULTS.capBytes,
    sync: input.disk_sync ?? DELIVERY_DEFAULTS.sync,
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
