/**
 * The signing proxy: sends a client's request to its upstream with a signature of its own, and
 * streams the answer back. Path, query and end-to-end headers are forwarded byte for byte. When AWS
 * refuses an expired token or a wrong clock, the request is signed and sent once more. Tunnels
 * (CONNECT) and upgrades are refused, since they can't be signed.
 * Source: https://github.com/awslabs/aws-sigv4-proxy (its flags keep their meaning; docs/proxy.md
 * lists what differs)
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { blamesClock, blamesToken } from '../aws/refusals.ts';
import type { CredentialSource } from '../aws/credential-source.ts';
import { UNSIGNED_PAYLOAD } from '../aws/signing.ts';
import {
  type HeaderPair,
  presignQuery,
  signWire,
  type WireSigningOptions,
} from '../aws/wire-signing.ts';
import { describeError } from '../kernel/errors.ts';
import type { HttpRefusal } from '../kernel/http-refusals.ts';
import { HttpError } from '../kernel/http-error.ts';
import { askForBody, endWhenRead } from '../kernel/web-server.ts';
import type { World } from '../kernel/world.ts';
import { removeChunkHeaders } from './aws-chunked.ts';
import { type BodyKeeper, cutWhenStalled, isAwsChunked, type KeptBody } from './body.ts';
import { type ProxyConfig, type ProxyRoute } from './config.ts';
import { selectForwardedHeaders, decrementMaxForwards } from './headers.ts';
import type { ProxyMetrics } from './metrics.ts';
import { UpstreamOutages } from './outages.ts';
import { type Answered, isLost, type Upstream } from './upstream.ts';
import { isForUs, type Way, chooseUpstream } from './way.ts';

export interface SigningProxyOptions {
  readonly world: Pick<World, 'clock' | 'log'>;
  readonly upstream: Upstream;
  readonly bodies: BodyKeeper;
  readonly metrics: ProxyMetrics;
  /** The credential source of a route. */
  readonly credentialsOf: (route: ProxyRoute) => CredentialSource;
  /** The region of the environment or the profile, for hosts that do not name one. */
  readonly defaultRegion: string | undefined;
  /** For tests against published signatures. */
  readonly signing?: WireSigningOptions;
}

/** A clock that is off by less is not corrected: AWS tolerates five minutes. */
const SKEW_MIN_MS = 60_000;
const OFFSETS_MAX = 1_000;

/** The methods that are named to clients. Those of WebDAV pass too; CONNECT and TRACE do not. */
export const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

export class SigningProxy {
  readonly #options: SigningProxyOptions;
  #config: ProxyConfig;
  /** What is added to our clock for each origin; clocks of origins may differ. */
  readonly #offsetsMs = new Map<string, number>();
  readonly #outages: UpstreamOutages;
  /** Errors that need no line for their request. */
  readonly #said = new WeakSet<object>();
  /** This proxy's name in `Via`. A request that has it already is going round in a circle. */
  readonly #name = `amperage-${randomBytes(6).toString('hex')}`;

  constructor(config: ProxyConfig, options: SigningProxyOptions) {
    this.#config = config;
    this.#options = options;
    this.#outages = new UpstreamOutages(options.world);
  }

  get config(): ProxyConfig {
    return this.#config;
  }

  /** Switches to another table of routes; requests under way finish with the old one. */
  setConfig(config: ProxyConfig): void {
    this.#config = config;
  }

  /** Counts and logs a request that the server refused before it came here. */
  countRefused({ status, words }: HttpRefusal): void {
    const { metrics, world } = this.#options;
    metrics.requests.with({ status: String(status) }).inc();
    metrics.failures.with({ reason: 'refused' }).inc();
    world.log.warn('a request could not be read', { status, error: words });
  }

  /** Never rejects: a failure becomes an answer, or ends the connection. */
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
    const { bodies, metrics, upstream } = this.#options;
    if ((incoming.headers.via ?? '').includes(this.#name))
      throw new HttpError(508, 'this proxy is its own upstream; set --host to the service');
    if (isForUs(incoming)) {
      outgoing.writeHead(204, { allow: METHODS }).end();
      return;
    }
    const way = chooseUpstream(incoming, config, this.#options.defaultRegion);
    const given = decrementMaxForwards(
      selectForwardedHeaders(incoming.rawHeaders, config),
      incoming.method,
    );
    if (way.route.unsignedPayload) return this.#stream(incoming, outgoing, { way, given, signal });
    const body = await bodies.keep(incoming, () => askForBody(incoming, outgoing));
    try {
      const plain = isAwsChunked(incoming) ? removeChunkHeaders(given) : given;
      const headers = [...plain, ...body.trailers];
      const request = { incoming, way, headers, body, signal };
      const first = await this.#send(request, outgoing).catch((error: unknown) => {
        if (!isLost(error) || !mayRepeat(incoming, way) || signal.aborted) throw error;
        metrics.retried.inc();
        return this.#send(request, outgoing);
      });
      if (first === 'done') return;
      if (!(await this.#correct(first, way, signal))) {
        upstream.give(first, outgoing);
        return;
      }
      metrics.mended.inc();
      const second = await this.#send(request, outgoing);
      if (second !== 'done') upstream.give(second, outgoing);
    } finally {
      await body.release();
    }
  }

  /** Sends on a body that is not signed while it arrives; it can't be sent a second time. */
  async #stream(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    { way, given, signal }: { way: Way; given: readonly HeaderPair[]; signal: AbortSignal },
  ): Promise<void> {
    const { bodies, upstream } = this.#options;
    if (isAwsChunked(incoming))
      throw new HttpError(
        400,
        'an aws-chunked body has pieces signed with other keys, which --unsigned-payload cannot ' +
          'sign again; send the body plain, or leave out --unsigned-payload',
      );
    askForBody(incoming, outgoing);
    const stopWatching = cutWhenStalled(incoming, bodies.limits.idleMs);
    try {
      const request = { incoming, way, headers: given, body: undefined, signal };
      const answered = await this.#send(request, outgoing);
      if (answered === 'done') return;
      // The body is gone, so this request can't be sent again; the next one is signed correctly.
      await this.#correct(answered, way, signal);
      upstream.give(answered, outgoing);
    } finally {
      stopWatching();
    }
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
    const credentials = await credentialsOf(way.route)(signal).catch((error: unknown) => {
      const refusal = new HttpError(502, `there are no AWS credentials: ${describeError(error)}`);
      this.#said.add(refusal);
      throw refusal;
    });
    const { content, length } = chooseContent(body, incoming);
    const own: HeaderPair[] = [['host', way.host]];
    if (length !== undefined) own.push(['content-length', String(length)]);
    const wire = {
      method: incoming.method ?? 'GET',
      path: way.path,
      query: way.query,
      headers: [...own, ...headers],
      payloadHash: body?.hash ?? UNSIGNED_PAYLOAD,
    };
    const nowMs = world.clock.nowMs() + (this.#offsetsMs.get(way.origin) ?? 0);
    const { signing } = this.#options;
    const { presignSeconds: expiresSeconds } = way.route;
    const [query, signed] =
      expiresSeconds === undefined
        ? [way.query, signWire(wire, credentials, way.scope, nowMs, signing)]
        : [presignQuery(wire, credentials, way.scope, nowMs, { ...signing, expiresSeconds }), []];
    const sent = [...wire.headers, ...signed, ['via', `1.1 ${this.#name}`] as const];
    const answer = upstream.send(
      {
        origin: way.origin,
        path: query === '' ? way.path : `${way.path}?${query}`,
        method: wire.method,
        headers: sent.flat(),
        body: content,
        signal,
      },
      outgoing,
      this.#config.logsFailures
        ? (status, text) =>
            world.log.warn('the upstream failed', {
              status,
              host: way.host,
              path: way.path,
              body: text,
            })
        : undefined,
    );
    try {
      const answered = await answer;
      this.#outages.worked(way.host);
      return answered;
    } catch (error) {
      if (!signal.aborted) this.#outages.failed(way.host, way.path, error);
      this.#said.add(error as object);
      throw error;
    }
  }

  /**
   * Corrects what AWS complains about: takes fresh credentials for a stale token, or AWS' time for
   * a wrong clock. True where the request may now succeed.
   */
  async #correct(
    { text, headers }: Answered,
    { route, origin }: Way,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { world, credentialsOf } = this.#options;
    const date = Date.parse(String(headers['date'] ?? ''));
    if (blamesClock(text) && !Number.isNaN(date)) {
      const offsetMs = date - world.clock.nowMs();
      const before = this.#offsetsMs.get(origin) ?? 0;
      if (Math.abs(offsetMs - before) < SKEW_MIN_MS) return false;
      world.log.warn('the clock is off; requests are signed with the time of AWS', {
        origin,
        offset_ms: offsetMs,
      });
      if (this.#offsetsMs.size >= OFFSETS_MAX) this.#offsetsMs.clear();
      this.#offsetsMs.set(origin, offsetMs);
      return true;
    }
    if (!blamesToken(text)) return false;
    const source = credentialsOf(route);
    const before = await source(signal);
    source.invalidate();
    return (await source(signal)).accessKeyId !== before.accessKeyId;
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
      // The client must not take half an answer for a complete one.
      outgoing.destroy();
      metrics.failures.with({ reason: 'answer_cut' }).inc();
      return;
    }
    const status = error instanceof HttpError ? error.status : 502;
    const words =
      error instanceof HttpError
        ? error.message
        : `unable to proxy request - ${describeError(error)}`;
    metrics.failures.with({ reason: status === 502 ? 'upstream' : 'refused' }).inc();
    // A failing upstream and missing credentials are said where they fail, in sums.
    if (!this.#said.has(error as object))
      world.log.warn('a request could not be proxied', {
        method: incoming.method,
        status,
        error: words,
      });
    outgoing.writeHead(status, {
      'content-type': 'text/plain; charset=utf-8',
      ...(status === 405 ? { allow: METHODS } : {}),
      ...(incoming.complete ? {} : { connection: 'close' }),
    });
    outgoing.write(`${words}\n`);
    endWhenRead(incoming, outgoing);
  }
}

const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/**
 * Whether a request whose answer was lost may be sent again, since a second execution changes
 * nothing. That holds for idempotent methods, and for writes and queries of an AMP workspace, which
 * keeps one sample for each series and time; it does not hold for creating a workspace.
 */
function mayRepeat({ method = '' }: IncomingMessage, { scope, path }: Way): boolean {
  return REPEATABLE.has(method) || (scope.service === 'aps' && path.includes('/api/v1/'));
}

/** What is sent as the body: the kept body with its length, or the client's stream. */
function chooseContent(
  body: KeptBody | undefined,
  incoming: IncomingMessage,
): { readonly content: Buffer | Readable | null; readonly length: number | undefined } {
  if (body !== undefined) return { content: body.content(), length: body.length };
  const length = incoming.headers['content-length'];
  const isEmpty = length === undefined && incoming.headers['transfer-encoding'] === undefined;
  return {
    content: isEmpty ? null : incoming,
    length: length === undefined ? undefined : Number(length),
  };
}
