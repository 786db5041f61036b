/** How an otlp_write entry becomes plain values: what the schema cannot check, and the defaults. */
import type * as z from 'zod';
import { scopeOfHost } from '../../aws/endpoints.ts';
import type { DeliverySettings } from '../../delivery/settings.ts';
import { resolveConnection } from '../../settings/connection.ts';
import { resolveCredentials } from '../../settings/credentials.ts';
import { checkHeaders } from '../../settings/http-headers.ts';
import { withoutSecrets } from '../../settings/url.ts';
import type { OtlpSignal } from '../../wire/otlp/cutting.ts';
import { resolveQueue } from '../queue-config.ts';
import { readSecrets } from '../requests/credentials.ts';
import type { ResolvedSink, SinkContext } from '../sink.ts';
import type { OtlpEndpoint, OtlpSettings } from './config.ts';
import { resolveEndpoints } from './endpoints.ts';
import {
  BYTES_MAX,
  CLOUDWATCH_POINTS_MAX,
  type OtlpInput,
  POINTS_MAX,
  QUEUE,
  type queueSchema,
  SPANS_MAX,
  XRAY_BYTES_MAX,
} from './schema.ts';

export function resolveOtlp(input: OtlpInput, context: SinkContext): ResolvedSink<OtlpSettings> {
  const { path, report } = context;
  const protocol = input.protocol ?? 'http';
  checkProtocol(input, context);
  checkHeaders(input.headers ?? {}, [...path, 'headers'], report);
  const client = { ...resolveCredentials(input, context), headers: {} };
  readSecrets(input, client, context);
  if (input.sigv4 !== undefined && (client.basicAuth ?? client.authorization) !== undefined)
    report.error(
      [...path, 'sigv4'],
      'CONFIG_VALUE',
      'only one of "sigv4", "basic_auth", "authorization" and "oauth2" may be set',
    );
  const { basicAuth, authorization } = client;
  const endpoints = resolveEndpoints(input, { basicAuth, authorization }, context);
  const limits = resolveLimits(input, endpoints, context);
  const { keepalive } = input;
  return {
    name: input.name,
    address: [protocol, ...listUrls(endpoints)].join(' '),
    shownAddress: listUrls(endpoints).map(withoutSecrets).join(' and '),
    remark: describeWay(input, endpoints),
    delivery: resolveDelivery(input.queue_config ?? {}, limits, context),
    transforms: [],
    signals: Object.keys(endpoints) as OtlpSignal[],
    settings: {
      protocol,
      encoding: input.encoding ?? 'proto',
      compression: input.compression ?? 'gzip',
      compressionLevel: input.compression_level,
      headers: input.headers ?? {},
      userAgent: input.user_agent,
      timeoutMs: input.request_timeout ?? 30_000,
      endpoints,
      connection: resolveConnection(input, context),
      authority: input.authority,
      keepAlive:
        keepalive === undefined || keepalive.time === 0
          ? undefined
          : {
              timeMs: keepalive.time ?? 10_000,
              timeoutMs: keepalive.timeout || 10_000,
              whileIdle: keepalive.permit_without_stream ?? false,
            },
      ...limits,
    },
  };
}

/** What only one of the two protocols has. */
function checkProtocol(input: OtlpInput, { path, report }: SinkContext): void {
  const isGrpc = input.protocol === 'grpc';
  const refuse = (key: keyof OtlpInput, message: string): void =>
    report.error([...path, key], 'CONFIG_VALUE', message);
  if (!isGrpc) {
    for (const key of ['authority', 'keepalive'] as const)
      if (input[key] !== undefined) refuse(key, `"${key}" needs "protocol: grpc"`);
    return;
  }
  for (const key of ['metrics_endpoint', 'traces_endpoint'] as const)
    if (input[key] !== undefined)
      refuse(key, `"${key}" is of HTTP; over gRPC both signals go to "endpoint"`);
  if (input.encoding === 'json')
    refuse('encoding', 'gRPC carries protobuf alone; remove "encoding: json"');
  if (input.sigv4 !== undefined)
    refuse('sigv4', 'requests over gRPC are not signed: no service of AWS takes them; use http');
  if (input.compression === 'zlib' || input.compression === 'deflate')
    refuse('compression', 'over gRPC, compression is gzip, zstd, snappy or none');
  for (const key of ['proxy_url', 'proxy_from_environment'] as const)
    if (input[key] !== undefined && input[key] !== false)
      refuse(key, `"${key}": gRPC goes to no proxy; use http, or let the host name lead there`);
}

function listUrls(endpoints: OtlpSettings['endpoints']): readonly string[] {
  const urls = Object.values(endpoints).map(({ url }: OtlpEndpoint) => url);
  return [...new Set(urls)];
}

function describeWay(
  { protocol }: OtlpInput,
  endpoints: OtlpSettings['endpoints'],
): string | undefined {
  const signed = [
    ...new Set(
      Object.values(endpoints).flatMap(({ sigv4 }: OtlpEndpoint) =>
        sigv4 === undefined ? [] : `${sigv4.serviceName ?? ''} in ${sigv4.region}`,
      ),
    ),
  ];
  const words = [
    ...(protocol === 'grpc' ? ['over gRPC'] : []),
    ...(signed.length === 0 ? [] : [`signed for ${signed.join(' and ')}`]),
  ];
  return words.length === 0 ? undefined : words.join(', ');
}

function isFor(endpoint: OtlpEndpoint | undefined, service: string): boolean {
  if (endpoint === undefined) return false;
  if (endpoint.sigv4?.serviceName === service) return true;
  return scopeOfHost(new URL(endpoint.url).host)?.service === service;
}

/** How much a request holds: what CloudWatch and X-Ray take is known. */
function resolveLimits(
  { queue_config: queue = {} }: OtlpInput,
  { metrics, traces }: OtlpSettings['endpoints'],
  { path, report }: SinkContext,
): Pick<OtlpSettings, 'maxItems' | 'maxBytes'> {
  const at = [...path, 'queue_config'];
  const isCloudWatch = isFor(metrics, 'monitoring');
  const points = queue.max_points_per_send ?? (isCloudWatch ? CLOUDWATCH_POINTS_MAX : POINTS_MAX);
  if (isCloudWatch && points > CLOUDWATCH_POINTS_MAX)
    report.error(
      [...at, 'max_points_per_send'],
      'CONFIG_VALUE',
      `CloudWatch takes at most ${CLOUDWATCH_POINTS_MAX} points in a request`,
    );
  const isXray = isFor(traces, 'xray');
  const spans = queue.max_spans_per_send ?? SPANS_MAX;
  if (isXray && spans > SPANS_MAX)
    report.error(
      [...at, 'max_spans_per_send'],
      'CONFIG_VALUE',
      `X-Ray takes at most ${SPANS_MAX} spans in a request`,
    );
  const maxBytes = queue.max_bytes_per_send || BYTES_MAX;
  if (isXray && maxBytes > XRAY_BYTES_MAX)
    report.error(
      [...at, 'max_bytes_per_send'],
      'CONFIG_VALUE',
      `X-Ray takes at most ${XRAY_BYTES_MAX} bytes in a request`,
    );
  return { maxItems: { metrics: points, traces: spans }, maxBytes };
}

function resolveDelivery(
  input: z.output<typeof queueSchema>,
  { maxItems, maxBytes }: Pick<OtlpSettings, 'maxItems' | 'maxBytes'>,
  context: SinkContext,
): DeliverySettings {
  const shared = resolveQueue(input, QUEUE, context);
  return {
    ...shared,
    // A batch holds chunks of one signal; the protocol divides it by the limit of that signal.
    maxItemsPerSend: Math.max(maxItems.metrics, maxItems.traces),
    maxBytesPerSend: maxBytes,
    // Half of the lanes, and so of the senders, are for each signal.
    shardsMin: 2 * shared.shardsMin,
    shardsMax: 2 * shared.shardsMax,
    ageLimitMs: input.age_limit ?? 0,
  };
}
