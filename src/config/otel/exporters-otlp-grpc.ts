/**
 * The exporter `otlp`, which is OTLP over gRPC, as an entry of otlp_write.
 * Source: core's exporter/otlpexporter/config.go and config/configgrpc/configgrpc.go
 */
import * as z from 'zod';
import { goDurationSchema } from '../../settings/go-duration.ts';
import { ignoredValue } from '../../settings/refused-keys.ts';
import { switchSchema } from '../../settings/switch.ts';
import { textSchema } from '../../settings/text.ts';
import { otlpKind } from '../../sinks/otlp/kind.ts';
import type { SinkKind } from '../../sinks/sink.ts';
import { defineExporter, type ExporterContext, pickDefined } from './exporter-kind.ts';
import { OTLP_KEYS, resolveShared, resolveTimeout } from './exporter-otlp.ts';
import { otlpExporterShape } from './exporter-otlp-schema.ts';

const ONE_CONNECTION = 'there is one connection, to an address of the host';
const WAITS = 'requests wait in a queue on disk until the receiver is there';
/** A ping is sent no more often, as in gRPC's own client. */
const KEEPALIVE_MIN_MS = 10_000;

const keepAliveSchema = z.strictObject({
  time: goDurationSchema.optional().meta({
    description: 'How often a connection is asked whether it is alive; at least 10s.',
    default: '10s',
  }),
  timeout: goDurationSchema
    .optional()
    .meta({ description: 'How long the answer may take.', default: '10s' }),
  permit_without_stream: switchSchema.optional().meta({
    description: 'Whether it is asked while no request is under way, too.',
    default: false,
  }),
});

const schema = z.strictObject({
  ...otlpExporterShape,
  endpoint: textSchema
    .optional()
    .describe('host:port; with TLS, unless tls says "insecure: true".'),
  timeout: goDurationSchema.optional().meta({
    description: 'How long a request may take; 0 is the default too.',
    default: '5s',
  }),
  authority: textSchema
    .optional()
    .describe('Name that the server is asked for; that of the endpoint by default.'),
  user_agent: textSchema.optional().describe('Header user-agent; our own by default.'),
  keepalive: keepAliveSchema.optional().describe('Pings of the connection.'),
  balancer_name: ignoredValue(textSchema, `Has no effect: ${ONE_CONNECTION}.`),
  wait_for_ready: ignoredValue(switchSchema, `Has no effect: ${WAITS}.`),
});

type OtlpGrpcInput = z.output<typeof schema>;

export const otlpGrpcExporter = defineExporter({
  names: ['otlp', 'otlp_grpc'],
  signals: ['metrics', 'traces'],
  schema,
  as: 'a queue on disk before a receiver of OTLP over gRPC',
  minimal: { endpoint: 'receiver:4317', tls: { insecure: true } },
  resolve: (input, context) => {
    const { at, report } = context;
    const notes = { balancer_name: ONE_CONNECTION, wait_for_ready: WAITS } as const;
    for (const key of ['balancer_name', 'wait_for_ready'] as const)
      if (input[key] !== undefined)
        report.warn([...at, key], `${key} has no effect: ${notes[key]}`, 'key');
    const shared = resolveShared(input, context);
    if (shared === undefined) return undefined;
    if (shared['sigv4'] !== undefined) {
      report.error(
        [...at, 'auth', 'authenticator'],
        'CONFIG_VALUE',
        'sigv4auth signs no requests over gRPC: no service of AWS takes them; use otlphttp',
      );
      return undefined;
    }
    const { keepalive: { time, timeout, permit_without_stream: idle } = {}, user_agent } = input;
    const entry = {
      ...shared,
      protocol: 'grpc',
      endpoint: resolveEndpoint(input, context),
      user_agent: user_agent || undefined,
      authority: input.authority || undefined,
      request_timeout: resolveTimeout(input.timeout, '5s', context),
      keepalive: pickDefined({
        time: `${Math.max(KEEPALIVE_MIN_MS, Math.round(time ?? 0))}ms`,
        timeout: timeout === undefined ? undefined : `${Math.max(1, Math.round(timeout))}ms`,
        permit_without_stream: idle,
      }),
    };
    return { kind: otlpKind as unknown as SinkKind, entry: pickDefined(entry), keys: OTLP_KEYS };
  },
});

/** With a scheme that says whether TLS is spoken: in the Collector, tls alone says it. */
function resolveEndpoint(
  { endpoint = '', tls }: OtlpGrpcInput,
  { at, report }: ExporterContext,
): string | undefined {
  const endpointAt = [...at, 'endpoint'];
  if (endpoint === '') {
    report.error(at, 'CONFIG_VALUE', 'the exporter needs an "endpoint"');
    return undefined;
  }
  if (endpoint.startsWith('unix:')) {
    report.lacks(endpointAt, 'a unix socket is no endpoint here; give host:port');
    return undefined;
  }
  const host = endpoint.replace(/^(?:https?:\/\/|dns:\/\/\/?)/, '').replace(/\/+$/, '');
  const isPlain = tls?.insecure === true && !endpoint.startsWith('https://');
  if (endpoint.startsWith('http://') && !isPlain)
    report.warn(
      endpointAt,
      'TLS is spoken in spite of http://, as in the Collector; write "insecure: true" in tls for ' +
        'a connection without it',
    );
  if (!isPlain) return `https://${host}`;
  return /:\d+$/.test(host) ? `http://${host}` : `http://${host}:443`;
}
