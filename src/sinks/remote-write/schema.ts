/**
 * The schema of one remote_write entry, and how the entry becomes the sink's plain values.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#remote_write
 */
import * as z from 'zod';
import { DELIVERY_DEFAULTS, type DeliverySettings } from '../../delivery/settings.ts';
import type { ConfigPath, Reporter } from '../../settings/finding.ts';
import { httpClientShape, resolveHttpClient } from '../../settings/http-client.ts';
import { checkHeaders } from '../../settings/http-headers.ts';
import { compileRules, relabelListSchema } from '../../settings/relabel.ts';
import { positiveSchema } from '../../settings/count.ts';
import { durationSchema } from '../../settings/duration.ts';
import { ignoredValue, unsupported } from '../../settings/refused-keys.ts';
import { secretSchema } from '../../settings/secret.ts';
import { sizeSchema } from '../../settings/size.ts';
import { switchSchema } from '../../settings/switch.ts';
import { textSchema } from '../../settings/text.ts';
import { findUrlFault, withoutSecrets } from '../../settings/url.ts';
import { relabelling } from '../../transforms/relabelling.ts';
import { queueShape, resolveQueue } from '../queue-config.ts';
import { readSecrets } from '../requests/credentials.ts';
import { resolveSigv4, sigv4Schema } from '../requests/sigv4.ts';
import type { ResolvedSink, SinkContext } from '../sink.ts';
import {
  defaultSampleAgeLimitMs,
  MESSAGE_1,
  MESSAGE_2,
  METADATA_DEFAULTS,
  type RemoteWriteConfig,
} from './config.ts';
import { noteAmpFaults } from './amp-url.ts';
import { publicUrl } from './metrics.ts';

const QUEUE = {
  items: 'samples',
  deadlineMs: DELIVERY_DEFAULTS.batchSendDeadlineMs,
  shards: DELIVERY_DEFAULTS.shardsMax,
  shardsLimit: 64,
  remark: ' Prometheus: 50.',
};

const queueSchema = z.strictObject({
  max_samples_per_send: positiveSchema
    .optional()
    .meta({ description: 'Most samples in a request. Prometheus: 2000.', default: 10000 }),
  max_bytes_per_send: sizeSchema.optional().meta({
    description:
      'Most bytes of a request, compressed and not; as much as AMP takes. Prometheus knows no ' +
      'such key.',
    default: '1000000B',
  }),
  sample_age_limit: durationSchema
    .optional()
    .describe(
      'Samples that are older are dropped and counted; 0 keeps them. 59m by default for AMP, ' +
        'which refuses older ones, and 0 for others.',
    ),
  ...queueShape(QUEUE),
  // Accepted for Prometheus' sake: the queue is on disk and counts no samples in memory.
  capacity: positiveSchema
    .optional()
    .describe('Has no effect: the queue is on disk, and disk_size_limit bounds it.'),
  retry_on_http_429: switchSchema.optional().meta({
    description:
      'Status 429 is always tried again; false is warned of, since dropping would lose samples.',
    default: true,
  }),
});

const noSuch = 'is not supported; AMP needs "sigv4", others "basic_auth" or "authorization"';

export const remoteWriteSchema = z
  .strictObject(
    {
      url: textSchema.meta({
        description: 'Where samples are sent.',
        examples: [
          'https://aps-workspaces.us-east-1.amazonaws.com/workspaces/ws-EXAMPLE/api/v1/remote_write',
        ],
      }),
      name: textSchema
        .optional()
        .describe(
          'Name of the entry in metrics and logs, and of the folder of its queue; made from the ' +
            'URL by default.',
        ),
      remote_timeout: durationSchema
        .optional()
        .meta({ description: 'How long a request may take.', default: '30s' }),
      headers: z
        .record(z.string(), secretSchema)
        .optional()
        .meta({
          description: 'Further headers of each request.',
          examples: [{ 'X-Scope-OrgID': 'tenant' }],
        }),
      protobuf_message: textSchema.optional().meta({
        description:
          'prometheus.WriteRequest for remote write 1.0, io.prometheus.write.v2.Request for 2.0, ' +
          'which falls back to 1.0 at a receiver that does not take it.',
        default: 'prometheus.WriteRequest',
      }),
      write_relabel_configs: relabelListSchema
        .optional()
        .describe('Rules that change or drop series for this entry alone.'),
      send_exemplars: switchSchema
        .optional()
        .meta({ description: 'Sends exemplars too.', default: false }),
      send_native_histograms: switchSchema
        .optional()
        .meta({ description: 'Sends native histograms too.', default: false }),
      round_robin_dns: ignoredValue(
        switchSchema,
        'Which of several addresses a connection goes to is left to the resolver.',
      ),
      queue_config: queueSchema.optional().describe('The queue on disk, and how it is sent.'),
      metadata_config: z
        .strictObject({
          send: switchSchema
            .optional()
            .meta({ description: 'Whether they are sent.', default: true }),
          send_interval: durationSchema
            .optional()
            .meta({ description: 'Time between two times that they are sent.', default: '1m' }),
          max_samples_per_send: positiveSchema
            .optional()
            .meta({ description: 'Most of them in a request.', default: 2000 }),
        })
        .optional()
        .describe('Types, units and help texts of metrics.'),
      sigv4: sigv4Schema
        .optional()
        .describe('Signs the requests with AWS credentials, as AMP wants it.'),
      azuread: unsupported(`azuread ${noSuch}`),
      google_iam: unsupported(`google_iam ${noSuch}`),
      ...httpClientShape,
      follow_redirects: switchSchema
        .optional()
        .describe('Redirects are never followed, which true is warned of: give the final URL.'),
    },
    {
      error: (issue) =>
        issue.code === 'invalid_type' ? 'empty or null remote write entry' : undefined,
    },
  )
  .describe('Where samples are sent by remote write, each entry with a queue of its own.');

type RemoteWriteInput = z.output<typeof remoteWriteSchema>;

export function resolveRemoteWrite(
  input: RemoteWriteInput,
  context: SinkContext,
): ResolvedSink<RemoteWriteConfig> {
  const { report, path, baseDirectory } = context;
  const url = checkUrl(input.url, path, report);
  checkHeaders(input.headers ?? {}, [...path, 'headers'], report);
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
  noteAmpFaults(url, { sigv4, hasOther: client.authorization !== undefined }, path, report);
  return {
    name: input.name,
    address: url,
    shownAddress: publicUrl(url),
    remark: sigv4 === undefined ? undefined : `signed for ${sigv4.region}`,
    delivery: resolveDelivery(input.queue_config ?? {}, url, context),
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

function checkUrl(text: string, path: ConfigPath, report: Reporter): string {
  const at = [...path, 'url'];
  const fault = findUrlFault('url', text);
  if (fault === undefined) return text;
  if (!/^[a-z]+:\/\//i.test(text) && URL.canParse(`http://${text}`) && !text.startsWith('/')) {
    const shown = withoutSecrets(text);
    report.warn(at, `url "${shown}" has no scheme and is taken as http://${shown}`);
    return `http://${text}`;
  }
  report.error(at, 'CONFIG_VALUE', fault);
  return 'http://invalid';
}

function resolveDelivery(
  input: z.output<typeof queueSchema>,
  url: string,
  context: SinkContext,
): DeliverySettings {
  const shared = resolveQueue(input, QUEUE, context);
  if (input.retry_on_http_429 === false)
    context.report.warn(
      [...context.path, 'queue_config', 'retry_on_http_429'],
      'status 429 is retried all the same: dropping would lose samples',
    );
  return {
    ...shared,
    maxItemsPerSend: input.max_samples_per_send ?? DELIVERY_DEFAULTS.maxItemsPerSend,
    maxBytesPerSend: input.max_bytes_per_send || DELIVERY_DEFAULTS.maxBytesPerSend,
    ageLimitMs: input.sample_age_limit ?? defaultSampleAgeLimitMs(url),
  };
}

/** Reports keys that are accepted but mean less here than in Prometheus. */
function noteDifferences(input: RemoteWriteInput, path: ConfigPath, report: Reporter): void {
  const message = input.protobuf_message;
  if (message !== undefined && message !== MESSAGE_1 && message !== MESSAGE_2)
    report.error(
      [...path, 'protobuf_message'],
      'CONFIG_VALUE',
      `${JSON.stringify(message)} is not a remote write message; use "${MESSAGE_1}" or ` +
        `"${MESSAGE_2}"`,
    );
  if (input.follow_redirects === true)
    report.warn([...path, 'follow_redirects'], 'redirects are not followed; give the final URL');
}
