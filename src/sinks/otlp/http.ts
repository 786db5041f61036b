/**
 * OTLP over HTTP: each request is compressed, authenticated anew for each attempt, and sent to the
 * endpoint of its signal. Redirects are not followed: credentials are for one URL.
 * Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
import { describeError, RecoverableError } from '../../kernel/errors.ts';
import type { ClientResponse } from '../../kernel/http-client.ts';
import type { World } from '../../kernel/world.ts';
import type { OtlpSignal } from '../../wire/otlp/cutting.ts';
import { readPartialSuccess } from '../../wire/otlp/export-response.ts';
import { formatRequestJson } from '../../wire/otlp/request-json.ts';
import { type Authenticate, authenticateWith } from '../requests/authenticate.ts';
import { compressBody } from './compression.ts';
import type { OtlpEndpoint, OtlpSettings } from './config.ts';
import {
  describeEndpoint,
  type OtlpRequest,
  type Response,
  TAKEN_WHOLE,
  type Transport,
} from './transport.ts';
import { judgeHttp } from './verdict.ts';

const ANSWER_MAX_BYTES = 1024 * 1024;
/** How many bytes of a refusal's body are read for a word on the clock. */
const REFUSAL_MAX = 4_096;

export interface TransportOptions {
  readonly settings: OtlpSettings;
  readonly world: Pick<World, 'clock' | 'log' | 'metrics' | 'http'>;
  readonly userAgent: string;
}

interface Destination extends OtlpEndpoint {
  readonly auth: Authenticate;
  readonly where: string;
}

export class HttpTransport implements Transport {
  readonly #options: TransportOptions;
  readonly #destinations: Readonly<Partial<Record<OtlpSignal, Destination>>>;

  constructor(options: TransportOptions) {
    this.#options = options;
    const { settings, world } = options;
    const edges = { ...world, connection: settings.connection };
    this.#destinations = Object.fromEntries(
      Object.entries(settings.endpoints).map(([signal, endpoint]) => [
        signal,
        {
          ...endpoint,
          auth: authenticateWith(endpoint, edges),
          where: describeEndpoint(endpoint.url),
        },
      ]),
    );
  }

  async send(request: OtlpRequest, attempt: number, signal: AbortSignal): Promise<Response> {
    const { settings, world } = this.#options;
    const destination = this.#destinations[request.signal];
    if (destination === undefined) return refuseUnwanted(request.signal);
    const body = await this.#encode(request);
    const response = await world.http.send({
      method: 'POST',
      url: destination.url,
      headers: await this.#headersFor(destination, body, signal),
      body,
      timeoutMs: settings.timeoutMs,
      bodyMaxBytes: ANSWER_MAX_BYTES,
      signal,
    });
    const { where, auth } = destination;
    const isSigned = destination.sigv4 !== undefined;
    const nowMs = world.clock.nowMs();
    const verdict = judgeHttp(response, { where, nowMs, isSigned, attempt });
    if (response.status === 401 || response.status === 403) auth.invalidate(readRefusal(response));
    const isJson = (response.headers['content-type'] ?? '').includes('json');
    const partial =
      verdict.kind === 'taken' ? readPartialSuccess(response.body, isJson) : TAKEN_WHOLE;
    return { verdict, partial, code: String(response.status), bytes: body.length };
  }

  close(): Promise<void> {
    for (const destination of Object.values(this.#destinations)) destination.auth.close();
    return Promise.resolve();
  }

  async #encode({ signal, body }: OtlpRequest): Promise<Uint8Array> {
    const { encoding, compression, compressionLevel } = this.#options.settings;
    const written = encoding === 'json' ? formatRequestJson(signal, body) : body;
    return compressBody(written, compression, compressionLevel);
  }

  /** The headers of the protocol and the credentials win over configured ones. */
  async #headersFor(
    { url, auth, where }: Destination,
    body: Uint8Array,
    signal: AbortSignal,
  ): Promise<Record<string, string>> {
    const { settings, world, userAgent } = this.#options;
    const { encoding, compression } = settings;
    const headers: Record<string, string> = { 'user-agent': settings.userAgent ?? userAgent };
    for (const [name, value] of Object.entries(settings.headers))
      headers[name.toLowerCase()] = value;
    headers['content-type'] = encoding === 'json' ? 'application/json' : 'application/x-protobuf';
    if (compression !== 'none') headers['content-encoding'] = compression;
    try {
      return await auth.headersFor({ url, headers, body }, world.clock.nowMs(), signal);
    } catch (error) {
      if (signal.aborted) throw error;
      throw new RecoverableError(
        'SINK_CREDENTIALS',
        `no credentials for OTLP to ${where}: ${describeError(error)}; check the task role, or ` +
          'the credentials in the configuration',
        { cause: error },
      );
    }
  }
}

/** For a signal that was configured when its items were queued, and is not any more. */
export function refuseUnwanted(signal: OtlpSignal): Response {
  const text = `there is no endpoint of ${signal} any more`;
  const verdict = { kind: 'refused', reason: 'no_endpoint', isSeparable: false, text } as const;
  return { verdict, partial: TAKEN_WHOLE, code: 'no_endpoint', bytes: 0 };
}

function readRefusal({ body, headers }: ClientResponse) {
  const dateMs = Date.parse(headers['date'] ?? '');
  return {
    text: body.subarray(0, REFUSAL_MAX).toString('utf8'),
    dateMs: Number.isNaN(dateMs) ? undefined : dateMs,
  };
}
