/**
 * OTLP over gRPC: a call of the export service of the signal for each request.
 * Source: https://opentelemetry.io/docs/specs/otlp/#otlpgrpc
 */
import { describeError, RecoverableError } from '../../kernel/errors.ts';
import { GrpcClient } from '../../kernel/grpc/client.ts';
import { formatGrpcStatus } from '../../kernel/grpc/client-status.ts';
import { readAuthorization } from '../../kernel/http-credentials.ts';
import type { OtlpSignal } from '../../wire/otlp/cutting.ts';
import { readPartialSuccess } from '../../wire/otlp/export-response.ts';
import { compressBody } from './compression.ts';
import { refuseUnwanted, type TransportOptions } from './http.ts';
import {
  describeEndpoint,
  type OtlpRequest,
  type Response,
  TAKEN_WHOLE,
  type Transport,
} from './transport.ts';
import { judgeGrpc } from './verdict.ts';

const ANSWER_MAX_BYTES = 1024 * 1024;

const METHODS: Readonly<Record<OtlpSignal, string>> = {
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
};

export class GrpcTransport implements Transport {
  readonly #options: TransportOptions;
  readonly #client: GrpcClient | undefined;
  readonly #where: string;

  /** @param onConnected  called for each connection that is made */
  constructor(options: TransportOptions, onConnected: () => void) {
    this.#options = options;
    const { connection, authority, keepAlive, endpoints } = options.settings;
    // Both signals have one endpoint.
    const origin = (endpoints.metrics ?? endpoints.traces)?.url;
    this.#where = origin === undefined ? '' : describeEndpoint(origin);
    if (origin !== undefined)
      this.#client = new GrpcClient({
        origin,
        tls: connection?.tls,
        stamp: connection?.stamp,
        authority,
        keepAlive,
        answerMaxBytes: ANSWER_MAX_BYTES,
        onConnected,
      });
  }

  async send(request: OtlpRequest, attempt: number, signal: AbortSignal): Promise<Response> {
    const { settings, world } = this.#options;
    const { compression, compressionLevel, timeoutMs, endpoints } = settings;
    const client = this.#client;
    if (client === undefined || endpoints[request.signal] === undefined)
      return refuseUnwanted(request.signal);
    const message = await compressBody(request.body, compression, compressionLevel);
    const answer = await client.call({
      path: METHODS[request.signal],
      headers: await this.#headersFor(request.signal),
      message,
      encoding: compression === 'none' ? undefined : compression,
      timeoutMs,
      signal,
    });
    const where = this.#where;
    const nowMs = world.clock.nowMs();
    return {
      verdict: judgeGrpc(answer, { where, nowMs, isSigned: false, attempt }),
      partial:
        answer.status === 'ok' && answer.message !== undefined
          ? readPartialSuccess(answer.message, false)
          : TAKEN_WHOLE,
      code: formatGrpcStatus(answer.status),
      bytes: message.length,
    };
  }

  close(): Promise<void> {
    this.#client?.close();
    return Promise.resolve();
  }

  async #headersFor(signal: OtlpSignal): Promise<Record<string, string>> {
    const { settings, userAgent } = this.#options;
    const headers: Record<string, string> = { 'user-agent': settings.userAgent ?? userAgent };
    for (const [name, value] of Object.entries(settings.headers))
      headers[name.toLowerCase()] = value;
    try {
      const authorization = await readAuthorization(settings.endpoints[signal] ?? {});
      if (authorization !== undefined) headers['authorization'] = authorization;
      return headers;
    } catch (error) {
      throw new RecoverableError(
        'SINK_CREDENTIALS',
        `no credentials for OTLP to ${this.#where}: ${describeError(error)}; check the ` +
          'credentials in the configuration',
        { cause: error },
      );
    }
  }
}
