/**
 * What the exporters of OTLP over HTTP and over gRPC have in common when they become entries of
 * otlp_write: credentials, queue, compression, and the keys without effect.
 */
import { changeHeaders, type Credentials } from './authenticators.ts';
import type { ExporterContext } from './exporter-kind.ts';
import { resolveExporterHeaders } from './exporter-headers.ts';
import type { OtlpExporterInput } from './exporter-otlp-schema.ts';
import { resolveExporterQueue } from './exporter-queue.ts';
import { resolveExporterTls } from './exporter-tls.ts';

/** Keys of the entry that are called otherwise in the exporters. */
export const OTLP_KEYS = {
  tls_config: ['tls'],
  request_timeout: ['timeout'],
  queue_config: ['sending_queue'],
  sigv4: ['auth', 'authenticator'],
  basic_auth: ['auth', 'authenticator'],
  authorization: ['auth', 'authenticator'],
  oauth2: ['auth', 'authenticator'],
} as const;

/** Undefined where the authenticator can't be done, which the findings say. */
export function resolveShared(
  input: OtlpExporterInput,
  context: ExporterContext,
): Readonly<Record<string, unknown>> | undefined {
  const { at, report } = context;
  noteBuffers(input, context);
  if ((input.middlewares ?? []).length > 0)
    report.lacks([...at, 'middlewares'], '"middlewares": requests go through none; remove it');
  const credentials = resolveCredentials(input, context);
  if (credentials === undefined) return undefined;
  return {
    ...credentials,
    ...resolveExporterTls(input.tls, [...at, 'tls'], report),
    queue_config: resolveQueue(input, context),
    compression: resolveCompression(input, context),
  };
}

function resolveCredentials(
  { auth, headers: own }: OtlpExporterInput,
  { at, report, authenticate }: ExporterContext,
): Readonly<Record<string, unknown>> | undefined {
  const authAt = [...at, 'auth', 'authenticator'];
  const found: Credentials | undefined =
    auth === undefined ? { input: {}, at } : authenticate(auth.authenticator, authAt);
  if (found === undefined) return undefined;
  const headersAt = [...at, 'headers'];
  const headers = changeHeaders(own, found.headers);
  const written = resolveExporterHeaders(headers, headersAt, report);
  if (written.credentials !== undefined && Object.keys(found.input).length > 0)
    report.error(
      headersAt,
      'CONFIG_VALUE',
      'only one of a header Authorization and credentials may be set; remove the header',
    );
  return { headers: written.headers, ...written.credentials, ...found.input };
}

function resolveQueue(input: OtlpExporterInput, context: ExporterContext): object | undefined {
  const { at, report } = context;
  const { sending_queue: queue, retry_on_failure: retry } = input;
  const { batch = {}, blocking, ...rest } = queue ?? {};
  if (blocking !== undefined)
    report.warn(
      [...at, 'sending_queue', 'blocking'],
      'blocking of sending_queue has no effect: what is sent waits in a queue on disk, in order, ' +
        'whatever this says',
      'key',
    );
  const batchAt = [...at, 'sending_queue', 'batch'];
  for (const key of ['min_size', 'partition'] as const)
    if (batch[key] !== undefined)
      report.warn(
        [...batchAt, key],
        `${key} of batch has no effect: a request goes when it is full, or after flush_timeout`,
        'key',
      );
  const taken = resolveExporterQueue(
    {
      sending_queue: queue && ({ ...rest, batch } as never),
      retry_on_failure: retry,
    },
    at,
    report,
    { hasBatches: true },
  );
  const { max_size: most = 0, flush_timeout: flush, sizer = 'items' } = batch;
  const sizes =
    most === 0
      ? {}
      : sizer === 'bytes'
        ? { max_bytes_per_send: `${most}B` }
        : { max_points_per_send: most, max_spans_per_send: most };
  const wait = flush === undefined ? {} : { batch_send_deadline: `${Math.round(flush)}ms` };
  return { ...taken, ...sizes, ...wait };
}

function resolveCompression(
  { compression = 'gzip' }: OtlpExporterInput,
  { at, report }: ExporterContext,
): string {
  if (compression === '' || compression === 'none') return 'none';
  if (compression !== 'lz4' && compression !== 'x-snappy-framed') return compression;
  report.lacks(
    [...at, 'compression'],
    `compression "${compression}" is not built in; use gzip, zstd, snappy or none`,
  );
  return 'gzip';
}

function noteBuffers(input: OtlpExporterInput, { at, report }: ExporterContext): void {
  for (const key of ['read_buffer_size', 'write_buffer_size'] as const)
    if (input[key] !== undefined)
      report.warn([...at, key], `${key} has no effect: buffers are sized by themselves`, 'key');
}

/** The time limit as an entry has it. @param unset  what stands for none */
export function resolveTimeout(
  ms: number | undefined,
  unset: string,
  { at, report }: ExporterContext,
): string {
  if (ms === undefined) return unset;
  if (ms > 0) return `${Math.max(1, Math.round(ms))}ms`;
  report.warn([...at, 'timeout'], `a request is never unlimited: timeout 0 is taken as ${unset}`);
  return unset;
}
