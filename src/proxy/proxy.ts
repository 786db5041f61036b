/**
 * The signing reverse proxy: a client's request goes to its upstream with a signature of ours, the answer streams back.
 * Path, query and end-to-end headers are forwarded to the byte; an expired token or a wrong clock is mended once.
 * Not here: tunnels (CONNECT) and upgrades, which can't be signed.
 * Source: https://github.com/awslabs/aws-sigv4-proxy (whose flags and meaning are kept, docs/proxy.md tells what differs)
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { type CredentialSource } from '../aws/credentials.ts';
import { scopeOfHost } from '../aws/endpoints.ts';
import type { SigningScope } from '../aws/signing.ts';
import {
  type HeaderPair,
  signWire,
  UNSIGNED_PAYLOAD,
  type WireSigningOptions,
} from '../aws/wire-signing.ts';
import { messageOf } from '../kernel/errors.ts';
import { HttpError } from '../kernel/http-server.ts';
import type { World } from '../kernel/world.ts';
import { type KeptBody, keepBody } from './body.ts';
import { type ProxyConfig, type ProxyRoute, routeFor } from './config.ts';
import { forwardedHeaders, withoutPresignature } from './headers.ts';
import type { ProxyMetrics } from './metrics.ts';
import { type Answered, type Upstream } from './upstream.ts';

export interface SigningProxyOptions {
  readonly world: Pick<World, 'clock' | 'log'>;
  readonly upstream: Upstream;
  readonly metrics: ProxyMetrics;
  /** Credentials of a route. */
  readonly credentialsOf: (route: ProxyRoute) => CredentialSource;
  /** Of flags and environment, where a host does not tell. */
  readonly defaultRegion: string | undefined;
  /** For tests against published signatures. */
  readonly signing?: WireSigningOptions;
}

/** A clock that is off by less is not mended: AWS takes five minutes. */
const SKEW_MIN_MS = 60_000;
const SKEWED = /RequestTimeTooSkewed|Signature (?:expired|not yet current)|RequestExpired/i;
const STALE_TOKEN =
  /ExpiredToken|InvalidClientTokenId|UnrecognizedClient|security token .* (?:expired|invalid)/i;

/** Where a request goes, and how it is signed. */
interface Way {
  readonly route: ProxyRoute;
  readonly origin: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly scope: SigningScope;
}

export class SigningProxy {
  readonly #options: SigningProxyOptions;
  #config: ProxyConfig;
  /** Added to the clock. */
  #offsetMs = 0;
  /** In Via of what was here: seen again, the request runs in a circle. */
  readonly #name = `amperage-${randomBytes(6).toString('hex')}`;

  constructor(config: ProxyConfig, options: SigningProxyOptions) {
    this.#config = config;
    this.#options = options;
  }

  /** Goes over to another table of routes; requests under way end by the old one. */
  setConfig(config: ProxyConfig): void {
    this.#config = config;
  }

  /** Never rejects: what fails becomes an answer, or the end of the connection. */
  async handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { metrics, world } = this.#options;
    const startedAt = performance.now();
    const gone = new AbortController();
    outgoing.once('close', () => {
      if (!outgoing.writableFinished) gone.abort(new Error('the client went away'));
    });
    metrics.underWay.inc(1);
    try {
      await this.#forward(incoming, outgoing, gone.signal);
    } catch (error) {
      this.#fail(incoming, outgoing, error, gone.signal);
    } finally {
      metrics.underWay.inc(-1);
      const status = gone.signal.aborted ? 499 : outgoing.statusCode;
      metrics.requests.with({ status: String(status) }).inc();
      metrics.seconds.observe((performance.now() - startedAt) / 1_000);
      world.log.debug('proxied', { method: incoming.method, status });
    }
  }

  async #forward(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    const config = this.#config;
    if ((incoming.headers.via ?? '').includes(this.#name))
      throw new HttpError(508, 'this proxy is its own upstream; set --host to the service');
    const hash = incoming.headers['x-amz-content-sha256'];
    if (typeof hash === 'string' && hash.startsWith('STREAMING-'))
      throw new HttpError(
        400,
        'chunks signed with other keys cannot be signed again; send the body plain (no aws-chunked)',
      );
    const way = this.#wayOf(incoming, config);
    const headers = forwardedHeaders(incoming.rawHeaders, config);
    const isUnsigned = way.route.unsignedPayload;
    const body = isUnsigned ? undefined : await keepBody(incoming, config.bodyMaxBytes);
    try {
      const request = { incoming, way, headers, body, signal };
      const first = await this.#send(request, outgoing);
      if (first === 'done') return;
      // Only what is kept can be sent once more.
      if (body === undefined || !(await this.#mend(first, way))) {
        this.#options.upstream.give(first, outgoing);
        return;
      }
      this.#options.metrics.mended.inc();
      const second = await this.#send(request, outgoing);
      if (second !== 'done') this.#options.upstream.give(second, outgoing);
    } finally {
      await body?.release();
    }
  }

  #wayOf(incoming: IncomingMessage, config: ProxyConfig): Way {
    const target = incoming.url ?? '/';
    // A forward proxy is asked for a whole URL.
    const absolute = /^(https?):\/\/([^/?#]+)([^#]*)$/i.exec(target);
    const named = (absolute?.[2] ?? incoming.headers.host ?? '').toLowerCase();
    const local = absolute === null ? target : (absolute[3] ?? '').replace(/^(?!\/)/, '/');
    const mark = local.indexOf('?');
    const path = mark < 0 ? local : local.slice(0, mark);
    const query = mark < 0 ? '' : withoutPresignature(local.slice(mark + 1));
    const route = routeFor(config.routes, named.replace(/:\d+$/, ''), path);
    if (route === undefined)
      throw new HttpError(404, `no route for ${named}${path}; see the routes of --config.file`);
    const given = route.upstream ?? named;
    if (given === '') throw new HttpError(400, 'the request names no host, and --host is not set');
    const url = /^https?:\/\//i.test(given) ? given : `${config.upstreamScheme}://${given}`;
    if (!URL.canParse(url)) throw new HttpError(400, `${given} is not a host`);
    const { protocol, host } = new URL(url);
    const stripped =
      route.stripPath && route.path !== undefined
        ? path.slice(route.path.length).replace(/^(?!\/)/, '/')
        : path;
    return {
      route,
      origin: `${protocol}//${host}`,
      host: route.signHost ?? host,
      path: stripped,
      query,
      scope: this.#scopeOf(route, host),
    };
  }

  #scopeOf(route: ProxyRoute, host: string): SigningScope {
    const found = scopeOfHost(host);
    const service = route.service ?? found?.service;
    const region = route.region ?? found?.region ?? this.#options.defaultRegion;
    if (service === undefined || region === undefined)
      throw new HttpError(
        502,
        `${host} does not tell its ${service === undefined ? 'service' : 'region'}; set ${service === undefined ? '--name' : '--region'}`,
      );
    return { service, region };
  }

  async #send(
    request: {
      incoming: IncomingMessage;
      way: Way;
      headers: readonly HeaderPair[];
      body: KeptBody | undefined;
      signal: AbortSignal;
    },
    outgoing: ServerResponse,
  ): Promise<'done' | Answered> {
    const { incoming, way, headers, body, signal } = request;
    const { world, upstream, credentialsOf } = this.#options;
    const credentials = await credentialsOf(way.route)().catch((error: unknown) => {
      throw new HttpError(502, `there are no AWS credentials: ${messageOf(error)}`);
    });
    const wire = {
      method: incoming.method ?? 'GET',
      path: way.path,
      query: way.query,
      headers: [['host', way.host] as const, ...headers],
      payloadHash: body?.hash ?? UNSIGNED_PAYLOAD,
    };
    const nowMs = world.clock.nowMs() + this.#offsetMs;
    const signed = signWire(wire, credentials, way.scope, nowMs, this.#options.signing);
    const sent = [...wire.headers, ...signed, ['via', `1.1 ${this.#name}`] as const];
    return upstream.send(
      {
        origin: way.origin,
        path: way.query === '' ? way.path : `${way.path}?${way.query}`,
        method: wire.method,
        headers: sent.flat(),
        ...contentOf(body, incoming),
        signal,
      },
      outgoing,
      this.#config.logsFailures
        ? (status, text) =>
            world.log.warn('the upstream failed', { status, host: way.host, body: text })
        : undefined,
    );
  }

  /** Whether the fault that AWS tells of may be gone now: fresh credentials, or another idea of the time. */
  async #mend({ text, headers }: Answered, { route }: Way): Promise<boolean> {
    const { world, credentialsOf } = this.#options;
    const date = Date.parse(String(headers['date'] ?? ''));
    if (SKEWED.test(text) && !Number.isNaN(date)) {
      const offsetMs = date - world.clock.nowMs();
      if (Math.abs(offsetMs - this.#offsetMs) < SKEW_MIN_MS) return false;
      world.log.warn('the clock is off; requests are signed with the time of AWS', {
        offset_ms: offsetMs,
      });
      this.#offsetMs = offsetMs;
      return true;
    }
    if (!STALE_TOKEN.test(text)) return false;
    const source = credentialsOf(route);
    const before = await source();
    source.invalidate();
    return (await source()).accessKeyId !== before.accessKeyId;
  }

  #fail(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    error: unknown,
    signal: AbortSignal,
  ): void {
    const { world, metrics } = this.#options;
    if (signal.aborted || outgoing.destroyed) return;
    if (outgoing.headersSent) {
      // Half an answer must not look like a whole one.
      outgoing.destroy();
      metrics.failures.with({ reason: 'answer_cut' }).inc();
      return;
    }
    const status = error instanceof HttpError ? error.status : 502;
    const words =
      error instanceof HttpError ? error.message : `unable to proxy request - ${messageOf(error)}`;
    metrics.failures.with({ reason: status === 502 ? 'upstream' : 'refused' }).inc();
    world.log.warn('a request could not be proxied', {
      method: incoming.method,
      status,
      error: words,
    });
    outgoing.writeHead(status, {
      'content-type': 'text/plain; charset=utf-8',
      ...(incoming.complete ? {} : { connection: 'close' }),
    });
    outgoing.write(`${words}\n`);
    endWhenRead(incoming, outgoing);
  }
}

/** A client that is still writing reads the answer only when it is done: what it sends is read for a while, and lost. */
const LINGER_MS = 2_000;

function endWhenRead(incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (incoming.complete) {
    outgoing.end();
    return;
  }
  const end = (): void => {
    clearTimeout(timer);
    outgoing.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  incoming.once('end', end).once('close', end).resume();
}

/** What is sent of the body: what was kept, with its length, or the client's stream as it comes. */
function contentOf(
  body: KeptBody | undefined,
  incoming: IncomingMessage,
): { readonly body: Buffer | Readable | null; readonly length: number | undefined } {
  if (body !== undefined) return { body: body.content(), length: body.length };
  const length = incoming.headers['content-length'];
  const isEmpty = length === undefined && incoming.headers['transfer-encoding'] === undefined;
  return {
    body: isEmpty ? null : incoming,
    length: length === undefined ? undefined : Number(length),
  };
}
