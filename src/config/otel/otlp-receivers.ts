/**
 * The receiver `otlp`: metrics and traces over HTTP and gRPC.
 * Source: core's receiver/otlpreceiver/{config,factory}.go, config/confighttp/server.go and
 * config/configgrpc/configgrpc.go
 */
import * as z from 'zod';
import { ENCODINGS } from '../../kernel/inflate.ts';
import {
  GRPC_MESSAGE_MAX_BYTES,
  HTTP_BODY_MAX_BYTES,
  type OtlpGrpcSettings,
  type OtlpHttpSettings,
  SIGNAL_PATHS,
} from '../../otlp/settings.ts';
import { countSchema } from '../../settings/count.ts';
import type { ConfigPath, Reporter } from '../../settings/finding.ts';
import { goDurationSchema } from '../../settings/go-duration.ts';
import { ignored, ignoredValue, refusedWhereUsed } from '../../settings/refused-keys.ts';
import { switchSchema } from '../../settings/switch.ts';
import { listOf, textSchema } from '../../settings/text.ts';
import type { OtlpReceiverPlan } from '../plan.ts';
import { parseValue } from '../reading.ts';
import type { CollectorContext, ComponentKind } from './component.ts';
import { typeOf } from './components.ts';
import type { OtelComponent } from './document.ts';
import { headersSchema } from './exporter-schema.ts';
import { resolveServer } from './server-settings.ts';
import { serverTlsSchema } from './server-tls-schema.ts';

const HTTP_DEFAULT = 'localhost:4318';
const GRPC_DEFAULT = 'localhost:4317';
const REACH = 'Other tasks and hosts reach it only with a host such as 0.0.0.0.';
const METADATA = 'Has no effect: nothing behind the receiver looks at what a request carries.';
const NODE = 'Has no effect: buffers are those of Node.';
const KEPT = 'Has no effect: connections are kept, and closed when the receiver stops.';

const listenerShape = {
  transport: textSchema.optional().meta({ description: 'Only tcp is taken.', default: 'tcp' }),
  dialer: ignored('Has no effect, as in the Collector: nothing is dialled to listen.'),
  tls: serverTlsSchema.optional().describe('TLS of the listener; plain without it.'),
  auth: refusedWhereUsed('senders are not authenticated; let tls ask for their certificates.'),
  include_metadata: ignoredValue(switchSchema, METADATA),
  middlewares: refusedWhereUsed('requests go through none.'),
};

const corsSchema = z.strictObject({
  allowed_origins: listOf(textSchema)
    .optional()
    .describe('Origins of web pages that may send; "*" stands for any characters.'),
  allowed_headers: listOf(textSchema)
    .optional()
    .describe('Headers that they may send beside those of OTLP; "*" for all.'),
  exposed_headers: listOf(textSchema).optional().describe('Headers of answers that they may read.'),
  max_age: countSchema
    .optional()
    .describe('For how many seconds a browser may keep that a page may send.'),
});

const httpSchema = z.strictObject({
  endpoint: textSchema
    .optional()
    .meta({ description: `Address to listen on, host:port. ${REACH}`, default: HTTP_DEFAULT }),
  ...listenerShape,
  cors: corsSchema.optional().describe('Which web pages may send; none without it.'),
  max_request_body_size: countSchema.optional().meta({
    description: 'Largest body of a request in bytes, as it is sent and inflated.',
    default: HTTP_BODY_MAX_BYTES,
  }),
  response_headers: headersSchema.optional().describe('Further headers of every answer.'),
  compression_algorithms: listOf(textSchema)
    .optional()
    .describe(
      `Compressions that are taken: ${ENCODINGS.join(', ')}; all of these by default. "" stands ` +
        'for none. lz4 and x-snappy-framed are not taken.',
    ),
  read_timeout: goDurationSchema
    .optional()
    .meta({ description: 'How long a request may take to come whole.', default: '60s' }),
  read_header_timeout: ignored('Has no effect: headers may take 10s.'),
  write_timeout: ignored('Has no effect: answers are small.'),
  idle_timeout: ignored('Has no effect: idle connections are closed after 75s.'),
  keep_alives_enabled: ignoredValue(switchSchema, 'Has no effect: connections are kept.'),
  traces_url_path: textSchema
    .optional()
    .meta({ description: 'Path for traces.', default: SIGNAL_PATHS.traces }),
  metrics_url_path: textSchema
    .optional()
    .meta({ description: 'Path for metrics.', default: SIGNAL_PATHS.metrics }),
  logs_url_path: ignored('Has no effect: no logs are received.'),
});

const grpcSchema = z.strictObject({
  endpoint: textSchema
    .optional()
    .meta({ description: `Address to listen on, host:port. ${REACH}`, default: GRPC_DEFAULT }),
  ...listenerShape,
  max_recv_msg_size_mib: countSchema.optional().meta({
    description: 'Largest message in MiB, as it is sent and inflated; 0 is the default too.',
    default: GRPC_MESSAGE_MAX_BYTES / 1024 / 1024,
  }),
  max_concurrent_streams: countSchema
    .optional()
    .meta({ description: 'Most calls under way of one connection.', default: 100 }),
  read_buffer_size: ignoredValue(countSchema, NODE),
  write_buffer_size: ignoredValue(countSchema, NODE),
  keepalive: ignored(KEPT),
});

const schema = z.strictObject({
  protocols: z
    .strictObject({
      grpc: grpcSchema.optional().describe('OTLP over gRPC; without keys, all its defaults.'),
      http: httpSchema.optional().describe('OTLP over HTTP; without keys, all its defaults.'),
    })
    .optional()
    .describe('The protocols that are listened for, at least one.'),
});

type HttpInput = z.output<typeof httpSchema>;
type GrpcInput = z.output<typeof grpcSchema>;

export const otlpReceiverKind: ComponentKind<typeof schema> = {
  names: ['otlp'],
  minimal: { protocols: { http: { endpoint: '0.0.0.0:4318' } } },
  signals: ['metrics', 'traces'],
  schema,
};

export function isOtlpReceiver(name: string): boolean {
  return otlpReceiverKind.names.includes(typeOf(name));
}

/** Its signals are those of its pipelines, which it does not know. */
export type ResolvedOtlpReceiver = Omit<OtlpReceiverPlan, 'signals'>;

/** Undefined when the receiver has faults, which are then reported. */
export function resolveOtlpReceiver(
  name: string,
  receiver: OtelComponent,
  context: CollectorContext,
): ResolvedOtlpReceiver | undefined {
  const at = ['receivers', name];
  const { report, reading } = context;
  const { allowsPartial } = reading;
  const parsed = parseValue(schema, receiver, { allowsPartial, report, at });
  if (parsed === undefined) return undefined;
  const { protocols: { http, grpc } = {} } = parsed.data;
  if (http === undefined && grpc === undefined) {
    const message = `"${name}" receives nothing; write "grpc:" or "http:" below its "protocols"`;
    report.error(at, 'CONFIG_VALUE', message);
    return undefined;
  }
  const below = { ...context, name };
  return {
    id: name,
    http: http && resolveHttp(http, { ...below, at: [...at, 'protocols', 'http'] }),
    grpc: grpc && resolveGrpc(grpc, { ...below, at: [...at, 'protocols', 'grpc'] }),
  };
}

interface Context extends CollectorContext {
  readonly name: string;
  readonly at: ConfigPath;
}

function resolveHttp(input: HttpInput, context: Context): OtlpHttpSettings | undefined {
  const { at, report } = context;
  const server = resolveListener(input, HTTP_DEFAULT, context);
  tellIdle(
    input,
    {
      read_header_timeout: 'headers may take 10s',
      write_timeout: 'answers are small',
      idle_timeout: 'idle connections are closed after 75s',
      keep_alives_enabled: 'connections are kept',
      logs_url_path: 'no logs are received',
    },
    context,
  );
  const paths = {
    metrics: resolvePath(input.metrics_url_path ?? SIGNAL_PATHS.metrics),
    traces: resolvePath(input.traces_url_path ?? SIGNAL_PATHS.traces),
  };
  if (paths.metrics === paths.traces)
    report.error(
      [...at, input.traces_url_path === undefined ? 'metrics_url_path' : 'traces_url_path'],
      'CONFIG_VALUE',
      'metrics and traces have one path; change one',
    );
  const { read_timeout: timeoutMs, max_request_body_size: maxBytes = 0, cors } = input;
  if (cors !== undefined && (cors.allowed_origins ?? []).length === 0)
    report.warn([...at, 'cors'], 'cors has no effect: it has no allowed_origins', 'key');
  return (
    server && {
      ...server,
      paths,
      bodyMaxBytes: maxBytes === 0 ? HTTP_BODY_MAX_BYTES : maxBytes,
      requestTimeoutMs: timeoutMs === 0 ? undefined : timeoutMs,
      encodings: resolveEncodings(input.compression_algorithms, at, report),
      cors: cors && {
        origins: cors.allowed_origins ?? [],
        headers: cors.allowed_headers ?? [],
        exposedHeaders: cors.exposed_headers ?? [],
        maxAgeSeconds: cors.max_age ?? 0,
      },
    }
  );
}

function resolveGrpc(input: GrpcInput, context: Context): OtlpGrpcSettings | undefined {
  const server = resolveListener(input, GRPC_DEFAULT, context);
  tellIdle(
    input,
    {
      read_buffer_size: 'buffers are those of Node',
      write_buffer_size: 'buffers are those of Node',
      keepalive: 'connections are kept, and closed when the receiver stops',
    },
    context,
  );
  const { max_recv_msg_size_mib: mib = 0, max_concurrent_streams: streams = 0 } = input;
  if (server === undefined) return undefined;
  const { listen, listenFlag, tls } = server;
  return {
    listen,
    listenFlag,
    tls,
    messageMaxBytes: mib === 0 ? GRPC_MESSAGE_MAX_BYTES : mib * 1024 * 1024,
    maxConcurrentStreams: streams === 0 ? undefined : streams,
  };
}

/** What both protocols share. */
function resolveListener(
  input: HttpInput | GrpcInput,
  fallback: string,
  { at, baseDirectory, report, name }: Context,
) {
  const { endpoint, transport, tls, auth, middlewares } = input;
  if (endpoint === undefined)
    report.warn(
      at,
      `"${name}" listens at ${fallback}, which only this task reaches, as in newer Collectors; ` +
        `for other tasks write "endpoint: 0.0.0.0:${fallback.split(':')[1] ?? ''}"`,
    );
  tellIdle(
    input,
    {
      dialer: 'nothing is dialled to listen, as in the Collector',
      include_metadata: 'nothing behind the receiver looks at what a request carries',
    },
    { at, report },
  );
  const headers = 'response_headers' in input ? input.response_headers : undefined;
  const server = resolveServer(
    {
      endpoint,
      transport,
      tls,
      middlewares,
      ...(headers === undefined ? {} : { response_headers: headers }),
    },
    fallback,
    { at, baseDirectory, report },
  );
  if (auth !== undefined)
    report.lacks(
      [...at, 'auth'],
      '"auth": senders are not authenticated; let "tls" ask for their certificates by ' +
        '"client_ca_file", or listen on localhost only',
    );
  return server && { ...server, listenFlag: `endpoint of ${name}` };
}

type Idle = Readonly<Record<string, string>>;

function tellIdle(
  input: object,
  idle: Idle,
  { at, report }: { readonly at: ConfigPath; readonly report: Reporter },
): void {
  for (const [key, why] of Object.entries(idle))
    if ((input as Record<string, unknown>)[key] !== undefined)
      report.warn([...at, key], `${key} has no effect: ${why}`, 'key');
}

/** The path of an URL, which may be written whole; as in the Collector it gets its slash. */
function resolvePath(written: string): string {
  const path = URL.canParse(written) ? new URL(written).pathname : written;
  return path.startsWith('/') ? path : `/${path}`;
}

function resolveEncodings(
  written: readonly string[] | undefined,
  at: ConfigPath,
  report: Reporter,
): readonly string[] | undefined {
  if (written === undefined) return undefined;
  for (const [index, name] of written.entries())
    if (name !== '' && !ENCODINGS.includes(name))
      report.lacks(
        [...at, 'compression_algorithms', index],
        `"${name}" is not taken; ${ENCODINGS.join(', ')} are`,
      );
  return written.filter((name) => ENCODINGS.includes(name));
}
