/**
 * OTLP over HTTP: a POST of protobuf or JSON to the path of its signal, and an answer in the same
 * encoding.
 * Limits: bytes of a body, as it is sent and inflated; of all bodies under way (byte-budget.ts);
 * 2,000 connections; 60 s for a request to come whole.
 * Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
import { BodyBuffers, type BodyLoan } from '../kernel/body-buffers.ts';
import { type ByteBudget, NotTakenNow } from '../kernel/byte-budget.ts';
import { HttpError } from '../kernel/http-error.ts';
import type { HttpRefusal } from '../kernel/http-refusals.ts';
import { type HttpRequest, type HttpResponse, HttpServer } from '../kernel/http-server.ts';
import { ENCODINGS, inflateBody } from '../kernel/inflate.ts';
import type { World } from '../kernel/world.ts';
import { createWebConfig } from '../settings/web-config.ts';
import { type Encoding, encodeRefusal, encodeTaken, httpStatusOf } from './answers.ts';
import { allowOrigin, answerPreflight, isPreflight } from './cors.ts';
import type { RefusedExport } from './export-call.ts';
import { type OtlpExports, RefusedRequest } from './exports.ts';
import type { OtlpSignal } from '../wire/otlp/cutting.ts';
import type { JsonRequests } from './json-requests.ts';
import type { OtlpHttpSettings } from './settings.ts';

const TYPES: Readonly<Record<Encoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

const MIB = 1_024 * 1_024;
/** Of the buffers of bodies that are used again. */
const BUFFER_LIMITS = { longest: 4 * MIB, keptBytes: 16 * MIB };

export interface OtlpHttpParts {
  readonly world: World;
  readonly exports: OtlpExports;
  readonly budget: ByteBudget;
  readonly json: JsonRequests;
  /** The port of gRPC of the same receiver; 0 for none. */
  readonly grpcPort: () => number;
}

/** A server that is not listening yet. @throws ConfigError for a certificate that can't be used */
export function createOtlpHttpServer(
  id: string,
  settings: OtlpHttpSettings,
  parts: OtlpHttpParts,
): HttpServer {
  const { log } = parts.world;
  const handler = new OtlpHttpHandler(settings, parts);
  const { listen, listenFlag, tls, headers, bodyMaxBytes, requestTimeoutMs } = settings;
  return new HttpServer({
    // Origins are allowed by cors; without it browsers ask first, as the bodies have types.
    strangers: { ...parts.world.hosts, isOpen: true },
    name: `${id} (OTLP over HTTP)`,
    listen,
    ...(listenFlag === undefined ? {} : { listenFlag }),
    isBare: true,
    log,
    metrics: parts.world.metrics,
    bodyMaxBytes,
    budget: parts.budget,
    ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
    onConnectionRefused: () => parts.exports.report.tellConnectionRefused('http'),
    onUnread: (refusal, from) => tellUnread(parts, refusal, from),
    web: createWebConfig(id, { tls, headers }, log),
    routes: [{ method: 'ANY', path: '*', handle: (request) => handler.handle(request) }],
  });
}

function tellUnread(
  { exports: { report }, grpcPort }: OtlpHttpParts,
  { came, words }: HttpRefusal,
  from: string,
): void {
  if (came === undefined) report.tellUnread('http', from, words);
  else if (came === 'tls')
    report.tellWrongProtocol('http', from, 'TLS came, and this listener has none');
  else {
    const port = grpcPort();
    const where = port === 0 ? 'the receiver has no gRPC' : `gRPC is at port ${port}`;
    report.tellWrongProtocol('http', from, `HTTP/2 came to the port of HTTP/1.1; ${where}`);
  }
}

class OtlpHttpHandler {
  readonly #settings: OtlpHttpSettings;
  readonly #parts: OtlpHttpParts;
  readonly #signals: ReadonlyMap<string, OtlpSignal>;
  readonly #encodings: ReadonlySet<string>;
  readonly #buffers = new BodyBuffers(BUFFER_LIMITS);

  constructor(settings: OtlpHttpSettings, parts: OtlpHttpParts) {
    this.#settings = settings;
    this.#parts = parts;
    const { paths, encodings = ENCODINGS } = settings;
    this.#signals = new Map([
      [paths.metrics, 'metrics'],
      [paths.traces, 'traces'],
    ]);
    this.#encodings = new Set(encodings);
  }

  async handle(request: HttpRequest): Promise<HttpResponse> {
    const { cors } = this.#settings;
    const { method, headers } = request;
    if (cors === undefined) return this.#answer(request);
    if (isPreflight(method, headers))
      return { status: 204, headers: answerPreflight(cors, headers) };
    const response = await this.#answer(request);
    return { ...response, headers: { ...response.headers, ...allowOrigin(cors, headers) } };
  }

  async #answer(request: HttpRequest): Promise<HttpResponse> {
    const { exports } = this.#parts;
    const { path, method, remoteAddress: from } = request;
    const signal = this.#signals.get(path);
    const encoding = readEncoding(request);
    const refuse = (status: number, words: string, more: Record<string, string> = {}) => {
      exports.report.tellUnread('http', from, words);
      return { status, headers: { ...TEXT, ...more }, body: `${status}: ${words}\n` };
    };
    if (signal === undefined) return refuse(404, this.#describePaths(path));
    const missing = exports.describeMissing(signal);
    if (missing !== undefined && encoding === undefined) return refuse(404, missing);
    if (method !== 'POST') return refuse(405, `${method} is not taken here; POST is`, ALLOW);
    if (encoding === undefined)
      return refuse(415, `Content-Type must be ${Object.values(TYPES).join(' or ')}`);
    const loan = this.#buffers.open();
    try {
      const call = { protocol: 'http', signal, from } as const;
      const outcome = await exports.take(call, () =>
        this.#read(request, { signal, encoding, loan }),
      );
      return outcome.is === 'taken'
        ? respond(200, encoding, encodeTaken(encoding, signal, outcome))
        : respondRefused(encoding, outcome.refusal);
    } finally {
      // The intake has ended, and it keeps no bytes of the body.
      loan.release();
    }
  }

  #describePaths(path: string): string {
    const known = [...this.#signals.keys()].join(' and ');
    return path === '/v1/logs'
      ? 'logs are not taken; run an OpenTelemetry collector beside this one for logs'
      : `nothing is taken at ${path}; requests go to ${known}${this.#describeDoubled(path)}`;
  }

  /** SDKs add the path of the signal to the endpoint of all signals. */
  #describeDoubled(path: string): string {
    const known = [...this.#signals.keys()];
    const doubled = known.find((one) => known.some((two) => path === one + two));
    const name = 'OTEL_EXPORTER_OTLP_ENDPOINT';
    return doubled === undefined ? '' : `; set ${name} without ${doubled}`;
  }

  /** The request in protobuf, inflated. */
  async #read(request: HttpRequest, { signal, encoding, loan }: Reading): Promise<Buffer> {
    const { bodyMaxBytes: maxBytes } = this.#settings;
    const coding = (request.headers['content-encoding'] ?? '').toLowerCase();
    const isPlain = coding === '' || coding === 'identity';
    if (!isPlain && !this.#encodings.has(coding)) throw new RefusedRequest(refuseCoding(coding));
    const isReused = isPlain && encoding === 'protobuf' && signal === 'metrics';
    const lend = isReused ? loan.take : undefined;
    const sent = await request.bytes(lend).catch((error: unknown) => {
      if (!(error instanceof HttpError) || error instanceof NotTakenNow) throw error;
      throw new RefusedRequest({ status: 'resourceExhausted', message: error.message });
    });
    const body = isPlain
      ? sent
      : await inflateBody(coding, sent, { maxBytes, onBytes: request.take });
    if (encoding === 'protobuf') return body;
    const converted = await this.#parts.json.convert(signal, body);
    request.take(converted.length);
    return converted;
  }
}

interface Reading {
  readonly signal: OtlpSignal;
  readonly encoding: Encoding;
  readonly loan: BodyLoan;
}

const TEXT = { 'content-type': 'text/plain; charset=utf-8' };
const ALLOW = { allow: 'POST' };

function refuseCoding(coding: string): RefusedExport {
  const message = `Content-Encoding ${JSON.stringify(coding)} is not taken; gzip is`;
  return { status: 'invalidArgument', message };
}

/** Undefined for a type that is neither. Parameters, such as a charset, do not count. */
function readEncoding({ headers }: HttpRequest): Encoding | undefined {
  const [type = ''] = (headers['content-type'] ?? '').split(';', 1);
  const written = type.trim().toLowerCase();
  if (written === TYPES.protobuf) return 'protobuf';
  return written === TYPES.json ? 'json' : undefined;
}

function respond(status: number, encoding: Encoding, body: Uint8Array): HttpResponse {
  return { status, headers: { 'content-type': TYPES[encoding] }, body };
}

function respondRefused(encoding: Encoding, refusal: RefusedExport): HttpResponse {
  const response = respond(httpStatusOf(refusal), encoding, encodeRefusal(encoding, refusal));
  if (refusal.retryAfterMs === undefined) return response;
  const retry = String(Math.max(1, Math.ceil(refusal.retryAfterMs / 1_000)));
  return { ...response, headers: { ...response.headers, 'retry-after': retry } };
}
