/**
 * The HTTP server of every command: exact and prefix routes, `/metrics`, `/-/healthy`, `/-/ready`,
 * limits of bodies and time, and a graceful drain. A handler's error becomes a status and one log
 * line; it never stops the process.
 * Limits by default: 16 MiB for a body, 128 MiB for all under way, 60 s for a request, 10 s for its
 * head, 2,000 connections, 1,500 of one address; unread-answers.ts and server-bounds.ts have more.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type Component } from './component.ts';
import { describeError } from './errors.ts';
import { type Logger } from './logger.ts';
import { type Registry } from './metrics.ts';
import { type ListenAddress, parseListen } from './listen-address.ts';
import { withoutPrefix } from './path-prefix.ts';
import { describeListenError } from './listen-error.ts';
import { BUSY_WORDS, warnOfBarePort, type WebConfig } from './web-config.ts';
import { answerFamilies } from './exposition-response.ts';
import { HttpError } from './http-error.ts';
import type { HttpRefusal } from './http-refusals.ts';
import { answerNotTaken, ByteBudget, NotTakenNow } from './byte-budget.ts';
import { inflateGzip, readBody } from './request-bodies.ts';
import { requestSignal } from './request-signal.ts';
import { refuseStranger, type StrangerRules } from './stranger-guard.ts';
import { ServerBounds } from './server-bounds.ts';
import { ServerConnections } from './server-connections.ts';
import { createWebServer } from './web-server.ts';

export interface HttpRequest {
  readonly method: string;
  /** The path without the query, percent-encoded exactly as sent. */
  readonly path: string;
  /** The query without the question mark, exactly as sent. */
  readonly query: string;
  readonly headers: IncomingMessage['headers'];
  /** Header names and values in arrival order, alternating, as sent. */
  readonly rawHeaders: readonly string[];
  readonly remoteAddress: string;
  /** Aborts when the client goes away or the server stops. */
  readonly signal: AbortSignal;
  /**
   * The whole body, inflated if it is gzip. It is read on the first call; further calls return the
   * same promise.
   *
   * @throws HttpError 413 for a body above the limit, 400 for gzip that cannot be inflated
   * @throws NotTakenNow where all bodies under way are too large together
   */
  body(): Promise<Buffer>;
  /**
   * The same body as it was sent, not inflated.
   *
   * @param lend  gives the buffers, of at least a length, that a body of several parts is put
   *              into, if this is the first call; absent: new ones
   * @throws HttpError 413, NotTakenNow
   */
  bytes(lend?: (length: number) => Buffer): Promise<Buffer>;
  /**
   * Counts bytes that are made of the body among those of all requests under way, until this one
   * is answered.
   *
   * @throws NotTakenNow where there is no room for them
   */
  readonly take: (bytes: number) => void;
}

export interface HttpResponse {
  readonly status: number;
  /** Header lines of one name are a list. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Uint8Array;
  /**
   * Whether the headers are those of another server: no content-type is added where there is none,
   * and the length that an answer to HEAD gives stays.
   */
  readonly isForwarded?: boolean;
  /** Fails on purpose: `reset` resets the connection, `half` closes it within the body. */
  readonly cut?: 'reset' | 'half';
}

export type HttpHandler = (request: HttpRequest) => Promise<HttpResponse> | HttpResponse;

export interface Route {
  /** GET also serves HEAD. */
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'ANY';
  /** An exact path, or a prefix when it ends with `*`. */
  readonly path: string;
  readonly handle: HttpHandler;
}

export interface HttpServerOptions {
  readonly name: string;
  /** `host:port`, `:port` (all addresses), `[::1]:port`; port 0 takes any free one. */
  readonly listen: string;
  /** A file descriptor that listens already, in place of `listen`: a socket of systemd's. */
  readonly listenFd?: number | undefined;
  /** The flag that gives the address, for errors; --web.listen-address by default. */
  readonly listenFlag?: string;
  /** Whether another line at info says where it listens; no by default. */
  readonly isToldElsewhere?: boolean;
  /** All that it serves, what every server has among it. */
  readonly routes: readonly Route[];
  /** Everything is served below this path too: `/collect`; none by default. */
  readonly pathPrefix?: string | undefined;
  /** Whether /-/healthy, /-/ready and /metrics are not served; no by default. */
  readonly isBare?: boolean;
  readonly log: Logger;
  /** Where the server counts what it bounds; `/metrics` serves it. */
  readonly metrics?: Registry;
  /** Whether `/metrics` is not served all the same; no by default. */
  readonly hidesMetrics?: boolean;
  readonly ready?: () => boolean;
  readonly bodyMaxBytes?: number;
  /** Of the bodies of all requests under way; one of its own by default. */
  readonly budget?: ByteBudget;
  readonly requestTimeoutMs?: number;
  readonly connectionsMax?: number;
  /** Limit of the connections of one client address; three quarters of those of all by default. */
  readonly connectionsPerAddress?: number;
  /** Called for each connection that is closed at once, since there are too many. */
  readonly onConnectionRefused?: () => void;
  /** Called for each request that is refused before it gets to a route, with its sender. */
  readonly onUnread?: (refusal: HttpRefusal, from: string) => void;
  /**
   * Which requests of web pages are refused (stranger-guard.ts); by default those of other origins
   * that change something, and those by a name of the public DNS. `none`: the routes judge both.
   */
  readonly strangers?: StrangerRules | 'none';
  /** TLS, basic auth and further headers. */
  readonly web?: WebConfig | undefined;
}

/**
 * How many connections may wait to be accepted; the kernel has a limit too (net.core.somaxconn).
 * Where the queue is full it drops what comes, and the client tries again after a second.
 */
const BACKLOG = 4_096;

/** A listening HTTP server as a component; `port` and `url` are known after `start`. */
export class HttpServer implements Component {
  readonly name: string;
  readonly routes: readonly Route[];
  readonly #options: HttpServerOptions;
  readonly #address: ListenAddress;
  readonly #server: Server;
  readonly #connections: ServerConnections;
  readonly #budget: ByteBudget;
  readonly #bounds: ServerBounds;
  readonly #stopped = new AbortController();
  #listening = false;

  constructor(options: HttpServerOptions) {
    this.name = `${options.name} http server`;
    this.#options = options;
    this.#address = parseListen(options.listen, options.listenFlag);
    const strangers = options.strangers === 'none' ? undefined : (options.strangers ?? {});
    const own = options.isBare === true ? [] : listOwnRoutes(options);
    this.routes = [...own, ...options.routes];
    const limits = {
      requestTimeout: options.requestTimeoutMs ?? 60_000,
      headersTimeout: 10_000,
      keepAliveTimeout: 75_000,
    };
    const listener = (incoming: IncomingMessage, outgoing: ServerResponse): void =>
      void this.#serve(incoming, outgoing);
    this.#server = createWebServer(
      {
        limits,
        web: options.web,
        methods: 'GET, HEAD, POST, PUT, DELETE',
        noTunnel: 'there are no tunnels here; ask for a path',
        refuseStranger: (incoming) => strangers && refuseStranger(incoming, strangers),
        ...(options.onUnread === undefined ? {} : { onRefused: options.onUnread }),
        onPipelined: (from) => this.#bounds.tell('pipelined', from),
      },
      listener,
    );
    this.#connections = new ServerConnections(this.#server, options.web?.tls !== undefined);
    const { name, log, metrics, connectionsPerAddress, onConnectionRefused } = options;
    this.#budget = options.budget ?? new ByteBudget();
    this.#bounds = new ServerBounds(this.#server, {
      name,
      log,
      metrics,
      connectionsMax: options.connectionsMax ?? 2_000,
      connectionsPerAddress,
      onConnectionRefused,
      budget: this.#budget,
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  /** With the address as it was given, that of all interfaces too. */
  get listensAt(): string {
    const scheme = this.#options.web?.tls === undefined ? 'http' : 'https';
    const passed = this.#options.listenFd === undefined ? null : this.#server.address();
    const host = typeof passed === 'object' ? (passed?.address ?? this.#address.host) : passed;
    return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${this.port}`;
  }

  /** For a client on this machine. */
  get url(): string {
    return this.listensAt.replace(/\/\/(?:0\.0\.0\.0|\[::\]):/, '//127.0.0.1:');
  }

  start(): Promise<void> {
    const { log, name, isToldElsewhere, listenFd: fd } = this.#options;
    const at = fd === undefined ? this.#address : { fd };
    return new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException): void =>
        reject(describeListenError(error, this.#options));
      this.#server.once('error', onError);
      this.#server.listen({ ...at, backlog: BACKLOG }, () => {
        this.#server.off('error', onError);
        this.#server.on('error', (error) => log.error('http server failed', { error }));
        this.#listening = true;
        this.#bounds.begin();
        const level = isToldElsewhere === true ? 'debug' : 'info';
        log[level]('listening', { what: name, url: this.listensAt });
        if (fd === undefined) warnOfBarePort(this.#options);
        resolve();
      });
    });
  }

  async stop(deadlineMs: number): Promise<void> {
    if (!this.#listening) return;
    this.#listening = false;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const unserved = this.#connections.endUnserved();
    const timer = setTimeout(() => {
      this.#stopped.abort(new Error('server is stopping'));
      this.#connections.endAll();
    }, deadlineMs);
    await closed;
    clearTimeout(timer);
    clearTimeout(unserved);
    this.#bounds.end();
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const target = incoming.url ?? '/';
    const mark = target.indexOf('?');
    const path = withoutPrefix(mark < 0 ? target : target.slice(0, mark), this.#options.pathPrefix);
    let signal: AbortSignal | undefined;
    const stopped = this.#stopped.signal;
    let bytes: Promise<Buffer> | undefined;
    let body: Promise<Buffer> | undefined;
    const maxBytes = this.#options.bodyMaxBytes ?? 16 * 1024 * 1024;
    const share = this.#budget.open();
    const take = (more: number): void => {
      try {
        share.take(more);
      } catch (error) {
        this.#bounds.tell('body_bytes', request.remoteAddress);
        throw error;
      }
    };
    const readBytes: HttpRequest['bytes'] = (lend) =>
      (bytes ??= readBody(incoming, outgoing, { maxBytes, onBytes: take, lend }));
    const request: HttpRequest = {
      method: incoming.method ?? 'GET',
      path,
      query: mark < 0 ? '' : target.slice(mark + 1),
      headers: incoming.headers,
      rawHeaders: incoming.rawHeaders,
      remoteAddress: incoming.socket.remoteAddress ?? '',
      get signal() {
        return (signal ??= requestSignal(outgoing, stopped));
      },
      body: () =>
        (body ??= readBytes().then((read) =>
          inflateGzip(incoming, read, { maxBytes, onBytes: take }),
        )),
      bytes: readBytes,
      take,
    };
    // The body is let go before the answer is taken, which may be long.
    const response = await this.#answerGuarded(request).finally(() => {
      bytes = undefined;
      body = undefined;
      share.release();
    });
    // A kept-alive connection would hold up the drain until its idle timeout.
    if (!this.#listening) outgoing.setHeader('connection', 'close');
    send(request, outgoing, incoming, response);
  }

  /** Basic auth comes before the routes, so that a 404 does not tell which paths exist. */
  async #answerGuarded(request: HttpRequest): Promise<HttpResponse> {
    const { web } = this.#options;
    if (web === undefined) return this.#answer(request);
    const isAllowed = await web.isAllowed(request.headers).catch((error: unknown) => {
      this.#options.log.error('a password cannot be checked', { error });
      return 'busy' as const;
    });
    const response =
      isAllowed === true
        ? await this.#answer(request)
        : isAllowed === 'busy'
          ? { status: 503, headers: { 'retry-after': '1' }, body: `503: ${BUSY_WORDS}\n` }
          : { status: 401, headers: { 'www-authenticate': 'Basic' }, body: '401: unauthorized\n' };
    return { ...response, headers: { ...web.headers(), ...response.headers } };
  }

  async #answer(request: HttpRequest): Promise<HttpResponse> {
    try {
      return await answerByRoutes(this.routes, request);
    } catch (error) {
      if (error instanceof NotTakenNow) return answerNotTaken(error);
      if (error instanceof HttpError) return { status: error.status, body: `${error.message}\n` };
      if (request.signal.aborted) return { status: 499 };
      const { method, path } = request;
      this.#options.log.error('request failed', { method, path, error });
      return { status: 500, body: `500: internal error: ${describeError(error)}\n` };
    }
  }
}

/** Answers by the first route of the request's path and method; 404 and 405 where there is none. */
export async function answerByRoutes(
  routes: readonly Route[],
  request: HttpRequest,
): Promise<HttpResponse> {
  const matching = routes.filter(({ path }) => matches(path, request.path));
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const route = matching.find((known) => known.method === 'ANY' || known.method === method);
  if (route !== undefined) return route.handle(request);
  if (matching.length === 0)
    return { status: 404, body: `404: nothing is served at ${request.path}\n` };
  const allow = matching.map((known) => known.method).join(', ');
  return { status: 405, headers: { allow }, body: `405: ${request.method} is not served here\n` };
}

function listOwnRoutes(options: HttpServerOptions): Route[] {
  const { name, metrics, hidesMetrics = false } = options;
  const headers = { 'content-type': 'text/plain; charset=utf-8' };
  const answer = (status: number, how: string): HttpResponse => ({
    status,
    headers,
    body: `amperage ${name} is ${how}.\n`,
  });
  const isReady = (): boolean => options.ready?.() ?? true;
  const routes: Route[] = [
    { method: 'GET', path: '/-/healthy', handle: () => answer(200, 'healthy') },
    {
      method: 'GET',
      path: '/-/ready',
      handle: () => (isReady() ? answer(200, 'ready') : answer(503, 'not ready')),
    },
  ];
  const isTaken = options.routes.some((route) => route.path === '/metrics');
  if (metrics !== undefined && !hidesMetrics && !isTaken)
    routes.push({
      method: 'GET',
      path: '/metrics',
      handle: (request) => answerFamilies(metrics.families(), request.headers.accept),
    });
  return routes;
}

function matches(pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : pattern === path;
}

function send(
  request: HttpRequest,
  outgoing: ServerResponse,
  incoming: IncomingMessage,
  response: HttpResponse,
): void {
  if (outgoing.destroyed) return;
  if (response.cut === 'reset') {
    incoming.socket.resetAndDestroy();
    return;
  }
  const body =
    typeof response.body === 'string'
      ? Buffer.from(response.body)
      : (response.body ?? Buffer.alloc(0));
  const { isForwarded = false, headers: given = {} } = response;
  const headers: Record<string, string | string[] | number> = {
    ...(isForwarded ? {} : { 'content-type': 'text/plain; charset=utf-8' }),
    ...given,
  };
  if (!isForwarded || request.method !== 'HEAD') headers['content-length'] = body.length;
  // Bytes of a body that was not read would stay in the socket and be parsed as the next request.
  if (!incoming.complete) headers['connection'] = 'close';
  if (response.status === 204 || response.status === 304) delete headers['content-length'];
  outgoing.writeHead(response.status, headers);
  if (response.cut === 'half') {
    outgoing.write(body.subarray(0, body.length >> 1), () => incoming.socket.destroy());
    return;
  }
  outgoing.end(request.method === 'HEAD' ? undefined : body);
}
