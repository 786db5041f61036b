/**
 * Forwards requests of X-Ray clients to the service, signed: they ask for sampling rules by TCP,
 * without credentials.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sampling.html
 */
import { type ServiceAccess, ServiceClient } from '../aws/service-client.ts';
import type { Component } from '../kernel/component.ts';
import { describeError } from '../kernel/errors.ts';
import { type HttpRequest, type HttpResponse, HttpServer } from '../kernel/http-server.ts';
import type { World } from '../kernel/world.ts';

export interface ForwarderSettings {
  /** Names the forwarder in logs and metrics. */
  readonly id: string;
  /** `host:port` of TCP. */
  readonly listen: string;
  readonly access: ServiceAccess;
  /** Paths that are forwarded, others are refused; all when undefined. */
  readonly paths?: readonly string[] | undefined;
  /** Whether answers about sampling are kept, and given while the service does not answer. */
  readonly keepsSampling: boolean;
}

/** What X-Ray's SDKs ask for by TCP. */
export const XRAY_PATHS: readonly string[] = [
  '/GetSamplingRules',
  '/SamplingTargets',
  '/SamplingStatisticSummaries',
  '/TraceSegments',
  '/TelemetryRecords',
];

const TIMEOUT_MS = 30_000;
const BODY_MAX_BYTES = 16 * 1024 * 1024;

export class Forwarder implements Component {
  readonly name: string;
  readonly #server: HttpServer;
  readonly #client: ServiceClient;

  constructor(settings: ForwarderSettings, world: World) {
    this.name = settings.id;
    this.#client = new ServiceClient(settings.access, world);
    this.#server = new HttpServer({
      name: settings.id,
      listen: settings.listen,
      isBare: true,
      log: world.log,
      routes: [{ method: 'ANY', path: '/*', handle: (request) => this.#forward(request) }],
    });
  }

  /** The port that is listened on, after `start`. */
  get port(): number {
    return this.#server.port;
  }

  start(): Promise<void> {
    return this.#server.start();
  }

  async stop(deadlineMs: number): Promise<void> {
    await this.#server.stop(deadlineMs);
    await this.#client.close();
  }

  async #forward(request: HttpRequest): Promise<HttpResponse> {
    try {
      return await this.#client.send({
        method: request.method as 'POST',
        path: request.path,
        headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
        body: await request.body(),
        timeoutMs: TIMEOUT_MS,
        bodyMaxBytes: BODY_MAX_BYTES,
        signal: request.signal,
      });
    } catch (error) {
      return { status: 502, body: `${describeError(error)}\n` };
    }
  }
}
