/**
 * Forwards requests of programs without credentials to one AWS service, signed: X-Ray's SDKs ask
 * for sampling rules by TCP, and the Collector's `awsproxy` takes any request of a service. Method,
 * target, end-to-end headers and body pass as they are, and so does the answer. It is for programs
 * alone (browser-guard.ts); a request is never forwarded unsigned.
 * Limits: 16 MiB for a body and for an answer, 128 MiB for bodies under way, 2,000 connections,
 * 1,500 of one address, 30 s for an answer.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sampling.html
 */
import { randomBytes } from 'node:crypto';
import { type ServiceAccess, ServiceClient } from '../aws/service-client.ts';
import { answerNotTaken, NotTakenNow } from '../kernel/byte-budget.ts';
import type { Component } from '../kernel/component.ts';
import { selectEndToEnd } from '../kernel/end-to-end-headers.ts';
import { type ClientResponse } from '../kernel/http-client.ts';
import { HttpError } from '../kernel/http-error.ts';
import { type HttpRequest, type HttpResponse, HttpServer } from '../kernel/http-server.ts';
import type { KnownHosts } from '../kernel/stranger-guard.ts';
import type { World } from '../kernel/world.ts';
import { refuseBrowser } from './browser-guard.ts';
import { createForwardMetrics, type ForwardMetrics } from './forward-metrics.ts';
import { passAnswer } from './pass-answer.ts';
import { SamplingCache } from './sampling-cache.ts';
import { isXrayAnswer } from './sampling-report.ts';
import { UpstreamCalls } from './upstream-calls.ts';

export interface ForwarderSettings {
  /** Names the forwarder in logs and metrics. */
  readonly id: string;
  /** `host:port` of TCP. */
  readonly listen: string;
  /** The key or flag that gives the address, for errors. */
  readonly listenFlag?: string | undefined;
  readonly access: ServiceAccess;
  /** Paths that are forwarded, others are refused; all when undefined. */
  readonly paths?: readonly string[] | undefined;
  /** Whether answers about sampling are kept, and given while the service does not answer. */
  readonly keepsSampling: boolean;
  /** Whether another line at info says where it listens. */
  readonly isToldElsewhere?: boolean;
}

const RULES_PATH = '/GetSamplingRules';
const TARGETS_PATH = '/SamplingTargets';
const SEGMENTS_PATH = '/TraceSegments';

/** What SDKs and daemons ask X-Ray for; for `paths`. */
export const XRAY_PATHS: readonly string[] = [
  RULES_PATH,
  TARGETS_PATH,
  '/SamplingStatisticSummaries',
  SEGMENTS_PATH,
  '/TelemetryRecords',
];

const TIMEOUT_MS = 30_000;
const BODY_MAX_BYTES = 16 * 1024 * 1024;
const CONNECTIONS_MAX = 2_000;
/** Larger requests about sampling are forwarded like all others; SDKs send some kilobytes. */
const SAMPLING_MAX_BYTES = 256 * 1024;

/** A whole URL as target, which clients send to their proxy. */
const ABSOLUTE = /^https?:\/\/([^/?#]+)/i;
/** A second execution of these changes nothing: X-Ray stores a segment once. */
const REPEATABLE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
const REPEATABLE_PATHS = new Set([RULES_PATH, SEGMENTS_PATH]);

export class Forwarder implements Component {
  readonly name: string;
  readonly #settings: ForwarderSettings;
  readonly #server: HttpServer;
  readonly #client: ServiceClient;
  readonly #metrics: ForwardMetrics;
  readonly #calls: UpstreamCalls;
  readonly #sampling: SamplingCache;
  /** Ends the calls that no client waits for. */
  readonly #stopped = new AbortController();
  readonly #hosts: KnownHosts | undefined;
  /** This forwarder's name in `Via`. A request that has it already is going round in a circle. */
  readonly #via = `amperage-${randomBytes(6).toString('hex')}`;

  constructor(settings: ForwarderSettings, world: World) {
    const { id: name, listen, listenFlag, access, isToldElsewhere = false } = settings;
    this.name = name;
    this.#settings = settings;
    this.#client = new ServiceClient(access, world);
    const metrics = createForwardMetrics(world.metrics);
    this.#metrics = metrics;
    const { service } = access;
    this.#calls = new UpstreamCalls({ name, service, client: this.#client, world, metrics });
    this.#sampling = new SamplingCache({ name, clock: world.clock, metrics });
    this.#hosts = world.hosts;
    this.#server = new HttpServer({
      // browser-guard.ts refuses all that browsers send.
      strangers: 'none',
      name,
      listen,
      ...(listenFlag === undefined ? {} : { listenFlag }),
      isToldElsewhere,
      isBare: true,
      log: world.log,
      metrics: world.metrics,
      bodyMaxBytes: BODY_MAX_BYTES,
      connectionsMax: CONNECTIONS_MAX,
      onConnectionRefused: () => this.#countRefused('connections'),
      routes: [
        // Health checks are no requests for the service. Where all paths pass, this one does too.
        ...(settings.paths === undefined
          ? []
          : [{ method: 'GET' as const, path: '/-/healthy', handle: () => ({ status: 200 }) }]),
        { method: 'ANY', path: '*', handle: (request) => this.#handle(request) },
      ],
    });
  }

  /** The port that is listened on, after `start`. */
  get port(): number {
    return this.#server.port;
  }

  /** @throws ConfigError PORT_IN_USE, PORT_FORBIDDEN or LISTEN_FAILED */
  start(): Promise<void> {
    return this.#server.start();
  }

  /** Requests under way may end; calls that no client waits for are given up after them. */
  async stop(deadlineMs: number): Promise<void> {
    await this.#server.stop(deadlineMs);
    this.#stopped.abort(new Error('the forwarder has stopped'));
    await this.#client.close();
  }

  async #handle(request: HttpRequest): Promise<HttpResponse> {
    const response = await this.#answer(request).catch((error: unknown): HttpResponse => {
      if (request.signal.aborted) return { status: 499 };
      if (error instanceof NotTakenNow) return answerNotTaken(error);
      if (!(error instanceof HttpError)) throw error;
      // Never JSON: SDKs that look at no status (Node's) would read an object as an answer without
      // rules and say nothing; by plain text they report a failure.
      return { status: error.status, body: `${error.message}\n` };
    });
    const labels = { forwarder: this.name, status: String(response.status) };
    this.#metrics.requests.with(labels).inc();
    return response;
  }

  async #answer(request: HttpRequest): Promise<HttpResponse> {
    const target = this.#check(request);
    return this.#forward(request, target, await this.#readBody(request));
  }

  /** The target that is asked for upstream. @throws HttpError where the request is refused */
  #check(request: HttpRequest): string {
    const { method, headers, query } = request;
    const named = ABSOLUTE.exec(request.path);
    const path =
      named === null ? request.path : request.path.slice(named[0].length).replace(/^(?!\/)/, '/');
    if (!path.startsWith('/'))
      throw this.#refuse('path', 400, `${path} is no path: begin it with /`);
    const host = named?.[1] ?? headers.host ?? '';
    const foreign = refuseBrowser(headers, host, this.#hosts);
    if (foreign !== undefined) throw this.#refuse('browser', 403, foreign);
    if ((headers.via ?? '').includes(this.#via))
      throw this.#refuse('circle', 508, 'this port is its own upstream; correct the endpoint');
    if (method === 'TRACE')
      throw this.#refuse('method', 405, 'TRACE would reveal the signature and is not forwarded');
    const { paths } = this.#settings;
    if (paths !== undefined && !paths.includes(path))
      throw this.#refuse(
        'path',
        403,
        `${path} is not forwarded: this port is for ${paths.join(', ')}; make other calls with ` +
          'credentials of your own, or by a port for all paths (extension awsproxy)',
      );
    if (String(headers['x-amz-content-sha256'] ?? '').startsWith('STREAMING-'))
      throw this.#refuse(
        'aws_chunked',
        501,
        'a body of signed pieces (aws-chunked) cannot be signed anew here; send it plain, or by ' +
          '`amperage proxy`',
      );
    return query === '' ? path : `${path}?${query}`;
  }

  async #readBody(request: HttpRequest): Promise<Buffer> {
    try {
      return await request.bytes();
    } catch (error) {
      if (error instanceof NotTakenNow) this.#countRefused('bodies');
      else if (error instanceof HttpError) this.#countRefused('too_large');
      throw error;
    }
  }

  async #forward(request: HttpRequest, target: string, body: Buffer): Promise<HttpResponse> {
    const { method, rawHeaders, headers } = request;
    const call = {
      method,
      target,
      headers: [...selectEndToEnd(rawHeaders), ['via', `1.1 ${this.#via}`] as const],
      timeoutMs: TIMEOUT_MS,
      bodyMaxBytes: BODY_MAX_BYTES,
    };
    const mayRepeat = REPEATABLE_METHODS.has(method) || REPEATABLE_PATHS.has(target);
    if (this.#settings.keepsSampling && method === 'POST') {
      // The call goes on for others, and for what is kept, when this client has gone.
      const send = (sent: Buffer, givenUp: AbortSignal): Promise<ClientResponse> => {
        const signal = AbortSignal.any([givenUp, this.#stopped.signal]);
        return this.#calls.call({ ...call, body: sent, signal }, mayRepeat, isXrayAnswer);
      };
      const isSmall = body.length <= SAMPLING_MAX_BYTES;
      if (target === RULES_PATH && isSmall) {
        const key = `${headers['accept-encoding'] ?? ''}\n${body.toString('latin1')}`;
        return this.#sampling.rules(key, (givenUp) => send(body, givenUp));
      }
      if (target === TARGETS_PATH && isSmall) return this.#sampling.targets(body, send);
    }
    const signal = AbortSignal.any([request.signal, this.#stopped.signal]);
    return passAnswer(await this.#calls.call({ ...call, body, signal }, mayRepeat));
  }

  #refuse(reason: string, status: number, words: string): HttpError {
    this.#countRefused(reason);
    return new HttpError(status, words);
  }

  #countRefused(reason: string): void {
    this.#metrics.refused.with({ forwarder: this.name, reason }).inc();
  }
}
