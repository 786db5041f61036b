/**
 * `otlp_receivers` of the Prometheus dialect: where metrics and traces of OpenTelemetry's SDKs and
 * collectors are received.
 */
import { resolve } from 'node:path';
import * as z from 'zod';
import { splitListen } from '../kernel/listen-address.ts';
import {
  GRPC_MESSAGE_MAX_BYTES,
  HTTP_BODY_MAX_BYTES,
  type OtlpReceiverSettings,
  SIGNAL_PATHS,
} from '../otlp/settings.ts';
import { countSchema } from '../settings/count.ts';
import { durationSchema } from '../settings/duration.ts';
import type { CheckContext, ConfigPath, Reporter } from '../settings/finding.ts';
import { sizeSchema } from '../settings/size.ts';
import { listOf, textSchema } from '../settings/text.ts';
import { type TlsServerInput, tlsServerSchema } from '../settings/web-config.ts';
import { checkListeners, type Listener } from './listeners.ts';
import type { OtlpReceiverPlan } from './plan.ts';

export const HTTP_LISTEN_DEFAULT = '127.0.0.1:4318';
export const GRPC_LISTEN_DEFAULT = '127.0.0.1:4317';

const WHERE =
  'Other tasks and hosts reach it only with a host such as 0.0.0.0; without a host it is ' +
  '127.0.0.1.';
const tls = tlsServerSchema.optional().describe('TLS of the listener; plain without it.');

const corsSchema = z.strictObject({
  allowed_origins: listOf(textSchema).meta({
    description: 'Origins of web pages that may send; "*" stands for any characters.',
    examples: [['https://*.example.com']],
  }),
  allowed_headers: listOf(textSchema)
    .optional()
    .describe('Headers that they may send beside those of OTLP; "*" for all.'),
  max_age: durationSchema
    .optional()
    .describe('How long a browser may keep that a page may send; its own default without it.'),
});

const httpSchema = z.strictObject({
  listen: textSchema.optional().meta({
    description: `Address to listen on, host:port. ${WHERE}`,
    default: HTTP_LISTEN_DEFAULT,
    examples: ['0.0.0.0:4318'],
  }),
  max_body_size: sizeSchema.optional().meta({
    description: 'Largest body of a request, as it is sent and inflated.',
    default: '20MB',
  }),
  timeout: durationSchema.optional().meta({
    description: 'How long a request may take to come whole.',
    default: '60s',
  }),
  cors: corsSchema.optional().describe('Which web pages may send; none without it.'),
  tls,
});

const grpcSchema = z.strictObject({
  listen: textSchema.optional().meta({
    description: `Address to listen on, host:port. ${WHERE}`,
    default: GRPC_LISTEN_DEFAULT,
    examples: ['0.0.0.0:4317'],
  }),
  max_message_size: sizeSchema.optional().meta({
    description: 'Largest message, as it is sent and inflated.',
    default: '4MB',
  }),
  max_concurrent_streams: countSchema
    .optional()
    .meta({ description: 'Most calls under way of one connection.', default: 100 }),
  tls,
});

export const otlpReceiverSchema = z
  .strictObject({
    name: textSchema
      .optional()
      .meta({ description: 'Its name in metrics and logs; unique.', default: 'otlp' }),
    http: httpSchema.optional().describe('OTLP over HTTP, in protobuf and JSON; {} for defaults.'),
    grpc: grpcSchema.optional().describe('OTLP over gRPC; {} for defaults.'),
  })
  .describe('Metrics and traces by OTLP. Prometheus receives metrics by it, at its own address.');

type ReceiverInput = z.output<typeof otlpReceiverSchema>;

export interface OtlpReceiversContext
  extends CheckContext, Pick<OtlpReceiverSettings, 'signals' | 'metrics'> {}

/** @param context  its path is that of the list */
export function planOtlpReceivers(
  inputs: readonly ReceiverInput[],
  { path, baseDirectory, report, signals, metrics }: OtlpReceiversContext,
): readonly OtlpReceiverPlan[] {
  const names = new Set<string>();
  return inputs.flatMap(({ name: id = 'otlp', http, grpc }, index): OtlpReceiverPlan[] => {
    const at = [...path, index];
    if (id === '') report.error([...at, 'name'], 'CONFIG_VALUE', 'a name is empty');
    if (names.has(id))
      report.error(
        inputs[index]?.name === undefined ? at : [...at, 'name'],
        'CONFIG_DUPLICATE',
        `name "${id}" is used by another entry of otlp_receivers already; names must be unique`,
      );
    names.add(id);
    if (http === undefined && grpc === undefined) {
      const message = `"${id}" receives nothing; write "http: {}", "grpc: {}" or both`;
      report.error(at, 'CONFIG_VALUE', message);
      return [];
    }
    const listenOf = (key: 'http' | 'grpc', written: string): string =>
      resolveListen(written, [...at, key, 'listen'], report);
    const flagOf = (key: string): string => `otlp_receivers: ${key}.listen of ${id}`;
    return [
      {
        id,
        signals,
        metrics,
        ...(http === undefined
          ? {}
          : {
              http: {
                listen: listenOf('http', http.listen ?? HTTP_LISTEN_DEFAULT),
                listenFlag: flagOf('http'),
                tls: http.tls && makeAbsolute(http.tls, baseDirectory),
                paths: SIGNAL_PATHS,
                bodyMaxBytes: http.max_body_size ?? HTTP_BODY_MAX_BYTES,
                requestTimeoutMs: http.timeout,
                headers: {},
                cors: http.cors && {
                  origins: http.cors.allowed_origins,
                  headers: http.cors.allowed_headers ?? [],
                  exposedHeaders: [],
                  maxAgeSeconds: Math.round((http.cors.max_age ?? 0) / 1_000),
                },
              },
            }),
        ...(grpc === undefined
          ? {}
          : {
              grpc: {
                listen: listenOf('grpc', grpc.listen ?? GRPC_LISTEN_DEFAULT),
                listenFlag: flagOf('grpc'),
                tls: grpc.tls && makeAbsolute(grpc.tls, baseDirectory),
                messageMaxBytes: grpc.max_message_size ?? GRPC_MESSAGE_MAX_BYTES,
                maxConcurrentStreams: grpc.max_concurrent_streams,
              },
            }),
      },
    ];
  });
}

/** The addresses of receivers, to find those that collide. */
export function listOtlpListeners(
  receivers: readonly OtlpReceiverPlan[],
  at: (receiver: OtlpReceiverPlan, index: number) => ConfigPath,
): readonly Listener[] {
  return receivers.flatMap((receiver, index) =>
    [receiver.http, receiver.grpc].flatMap((one): Listener[] =>
      one === undefined
        ? []
        : [{ id: receiver.id, listen: one.listen, protocol: 'tcp', at: at(receiver, index) }],
    ),
  );
}

/** Reports receivers that can't listen beside one another. @param path  of the list */
export function checkOtlpListeners(
  receivers: readonly OtlpReceiverPlan[],
  path: ConfigPath,
  report: Reporter,
): void {
  checkListeners(
    listOtlpListeners(receivers, (_one, index) => [...path, index]),
    report,
  );
}

function makeAbsolute(input: TlsServerInput, baseDirectory: string): TlsServerInput {
  const absolute = (file: string | undefined): string | undefined =>
    file === undefined ? undefined : resolve(baseDirectory, file);
  return {
    ...input,
    cert_file: absolute(input.cert_file),
    key_file: absolute(input.key_file),
    client_ca_file: absolute(input.client_ca_file),
  };
}

function resolveListen(text: string, at: ConfigPath, report: Reporter): string {
  const address = splitListen(text);
  if (address === undefined) {
    const message = `"${text}" is not host:port; write for example ${HTTP_LISTEN_DEFAULT}`;
    report.error(at, 'CONFIG_VALUE', message);
    return text;
  }
  const { host, port } = address;
  const found = host === '' || host === 'localhost' ? '127.0.0.1' : host;
  return found.includes(':') ? `[${found}]:${port}` : `${found}:${port}`;
}
