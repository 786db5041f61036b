/**
 * The HTTP client: sends one request within limits of time and size, inflates gzip within the
 * limit, and uses TLS settings and proxies as given. It never connects to a metadata address, nor
 * to a proxy there, unless told so. Not here: signing, redirects, retries and the meaning of a
 * status, which callers add as wrappers. Built on undici's pool, which keeps connections alive.
 */
import type { lookup } from 'node:dns';
import type { buildConnector, Dispatcher } from 'undici';
import type { Borrowed } from '../model/borrowed.ts';
import { inflate } from './answer-bodies.ts';
import { describeError, PermanentError } from './errors.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import { HttpClientError } from './http-client-error.ts';
import { type HttpConnection, secureOptions } from './http-connection.ts';
import { BodyClient } from './http-bodies.ts';
import { withUrlCredentials } from './http-credentials.ts';
import { INTERIM_HEADS_MAX } from './http-response-parser.ts';
import { guardedLookup, refuseMetadataUrl } from './metadata-addresses.ts';
import { ConnectionPools } from './connection-pools.ts';
import { chooseProxies, listProxies } from './proxy-choice.ts';
import { SocketClients } from './socket-clients.ts';
import { isSocksUrl, socksConnector } from './socks5.ts';
import { parseUrl } from './urls.ts';

export { HttpClientError };

export interface ClientRequest {
  readonly method: string;
  readonly url: string;
  /** Path and query to send byte for byte; those of the URL, in normal form, when undefined. */
  readonly target?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly timeoutMs: number;
  /** Limit of the answer's body, after inflating. */
  readonly bodyMaxBytes: number;
  readonly signal: AbortSignal;
  /** A socket file to connect to in place of the URL's host. */
  readonly socketPath?: string | undefined;
  /** Whether it is a question to the metadata of this machine or task: those pass the guard. */
  readonly reachesMetadata?: boolean;
  /** Whether the answer is handed on: its body is not inflated, and it has `headerLists`. */
  readonly isForwarded?: boolean;
}

export type HeaderLists = Readonly<Record<string, string | string[]>>;

export interface ClientResponse<Body = Buffer> {
  readonly status: number;
  /** Lower-case names; repeats joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  /** The same headers with repeats as lists; only in answers that are handed on. */
  readonly headerLists?: HeaderLists;
  readonly body: Body;
}

export interface HttpClient<Body = Buffer> {
  send(request: ClientRequest): Promise<ClientResponse<Body>>;
  close(): Promise<void>;
}

export interface HttpClientOptions {
  readonly connectionsPerHost?: number;
  readonly connection?: HttpConnection | undefined;
  /** Refuses metadata addresses, which URLs of targets and configurations may lead to; yes. */
  readonly isGuarded?: boolean;
  /** Connects to this socket file, whatever the host. */
  readonly socketPath?: string | undefined;
  /** For tests: how names become addresses. */
  readonly resolve?: typeof lookup;
}

/**
 * For callers that get the same URLs again and again and finish with a body in the turn of the
 * event loop in which it came: bodies of plain GETs are lent until that turn ends, in buffers that
 * are used again.
 */
export interface LendingClientOptions extends HttpClientOptions {
  readonly reusesBodies: true;
}

export function createHttpClient(options: LendingClientOptions): HttpClient<Borrowed<Uint8Array>>;
export function createHttpClient(options?: HttpClientOptions): HttpClient;
export function createHttpClient(
  options: HttpClientOptions & Partial<LendingClientOptions> = {},
): HttpClient<Borrowed<Uint8Array>> {
  const { connection, isGuarded = true } = options;
  // Loaded on first use: undici is large, and a process that only serves sends no requests.
  let loaded: Promise<ConnectionPools> | undefined;
  let stamp = connection?.stamp() ?? '';
  const bodies =
    options.reusesBodies === true && connection?.proxy === undefined
      ? new BodyClient(isGuarded ? guardedLookup(options.resolve) : undefined)
      : undefined;
  let unguarded: HttpClient | undefined;
  const bySocket = new SocketClients((socketPath) => {
    const { reusesBodies: _, ...rest } = options;
    return createHttpClient({ ...rest, socketPath });
  });
  return {
    async send(given) {
      const request = withUrlCredentials(given);
      if (isGuarded && request.reachesMetadata === true) {
        const { reusesBodies: _, ...rest } = options;
        unguarded ??= createHttpClient({ ...rest, isGuarded: false });
        return unguarded.send(request);
      }
      if (isGuarded) refuseMetadataUrl(parseUrl(request.url));
      if (request.socketPath !== undefined) {
        const { socketPath, ...others } = request;
        return bySocket.of(socketPath).send(others);
      }
      if (bodies !== undefined && request.method === 'GET' && request.url.startsWith('http:'))
        return getBody(bodies, request);
      if (connection !== undefined && connection.stamp() !== stamp) {
        stamp = connection.stamp();
        // Requests under way end on the old connections.
        void loaded?.then((pools) => pools.close()).catch(() => undefined);
        loaded = undefined;
      }
      loaded ??= load(options).catch((error: unknown) => {
        // The next request tries again: the file that is wrong now may be mended.
        loaded = undefined;
        throw error;
      });
      return send(await loaded, request);
    },
    async close() {
      bodies?.close();
      await unguarded?.close();
      await bySocket.close();
      // Without connections there is nothing to close.
      const pools = await loaded?.catch(() => undefined);
      await pools?.destroy();
    },
  };
}

/**
 * Loads what the client stands on, which is some 60 ms in one turn of the event loop: for a process
 * that will send requests, while it starts.
 */
export async function loadHttpClient(): Promise<void> {
  await import('undici');
}

async function getBody(
  bodies: BodyClient,
  request: ClientRequest,
): Promise<ClientResponse<Borrowed<Uint8Array>>> {
  const { status, headers, body } = await bodies.get(request, parseUrl(request.url));
  const plain = inflate(headers, body, request.bodyMaxBytes);
  // A lent body is valid in this turn only: awaiting it would let the turn end.
  return { status, headers, body: plain instanceof Promise ? await plain : plain };
}

/** @throws HttpClientError when a file of the settings or a proxy cannot be used */
async function load(options: HttpClientOptions): Promise<ConnectionPools> {
  const undici = await import('undici');
  const { connection } = options;
  const pool = {
    connections: options.connectionsPerHost ?? 32,
    pipelining: 1,
    keepAliveTimeout: 60_000,
    maxHeaderSize: 65_536,
  };
  const proxy = options.socketPath === undefined ? connection?.proxy : undefined;
  try {
    const connect = connectOptions(options);
    const made = {
      pool,
      connect,
      tunnelTls: connect,
      // The connection to the proxy itself.
      proxyTls: timeAndLookup(options),
      proxyHeaders: proxy?.connectHeaders ?? {},
    };
    const choice = proxy === undefined ? undefined : chooseProxies(proxy);
    if (choice === undefined) return new ConnectionPools(undici, made);
    if (options.isGuarded !== false)
      for (const url of listProxies(choice)) refuseMetadataUrl(parseUrl(url));
    if (!isSocksUrl(proxy?.url ?? '')) return new ConnectionPools(undici, made, choice);
    const tls = connection?.tls === undefined ? {} : secureOptions(connection.tls);
    const socks = { choice, direct: undici.buildConnector(connect), tls };
    return new ConnectionPools(undici, { ...made, connect: socksConnector(socks) });
  } catch (error) {
    if (error instanceof HttpClientError || error instanceof PermanentError) throw error;
    const message = `the connection cannot be made: ${describeError(error)}`;
    throw new HttpClientError('connect', message, { cause: error });
  }
}

function connectOptions(options: HttpClientOptions): buildConnector.BuildOptions {
  const tls = options.connection?.tls;
  return { ...timeAndLookup(options), ...(tls === undefined ? {} : secureOptions(tls)) };
}

function timeAndLookup(options: HttpClientOptions): buildConnector.BuildOptions {
  const { isGuarded, resolve, socketPath } = options;
  if (socketPath !== undefined) return { timeout: 10_000, socketPath };
  const lookup = isGuarded === false ? {} : { lookup: guardedLookup(resolve) };
  return { timeout: 10_000, ...lookup };
}

async function send(pools: ConnectionPools, request: ClientRequest): Promise<ClientResponse> {
  const url = parseUrl(request.url);
  const { pathname, search, origin } = url;
  const exchange = new Exchange(request);
  try {
    pools.of(url).dispatch(
      {
        origin,
        path: request.target ?? pathname + search,
        method: request.method,
        headers: { ...request.headers },
        body: request.body ?? null,
        // The exchange has one time limit of its own for the whole request.
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      exchange,
    );
    return await exchange.answer;
  } catch (error) {
    if (error instanceof HttpClientError || error instanceof PermanentError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? '';
    const kind = ['ECONNRESET', 'UND_ERR_SOCKET', 'EPIPE'].includes(code) ? 'reset' : 'connect';
    throw new HttpClientError(kind, `${describeRequest(request)} failed: ${describeError(error)}`, {
      cause: error,
    });
  } finally {
    exchange.clear();
  }
}

/** One request and its answer, gathered without streams. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<ClientResponse>;
  readonly #request: ClientRequest;
  readonly #timer: NodeJS.Timeout;
  #resolve: (answer: ClientResponse) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #failure: Error | undefined;
  #status = 0;
  #headers: Record<string, string> = {};
  #headerLists: HeaderLists = {};
  #body = new GrowingBuffer();
  #interimHeads = 0;
  readonly #onAbort = (): void =>
    this.#end(
      new HttpClientError('aborted', `${describeRequest(this.#request)} was aborted`, {
        cause: this.#request.signal.reason,
      }),
    );

  constructor(request: ClientRequest) {
    const { signal, timeoutMs } = request;
    this.#request = request;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // It may be rejected before anything awaits it; without this that would end the process.
    this.answer.catch(() => undefined);
    this.#timer = setTimeout(
      () =>
        this.#end(
          new HttpClientError(
            'timeout',
            `${describeRequest(request)} took longer than ${timeoutMs} ms`,
          ),
        ),
      timeoutMs,
    );
    signal.addEventListener('abort', this.#onAbort, { once: true });
    if (signal.aborted) this.#onAbort();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#request.signal.removeEventListener('abort', this.#onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // The request may have been given up while it waited for a connection.
    if (this.#failure !== undefined) controller.abort(this.#failure);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) {
      // Early hints and the like are passed over; without a limit they would go on for ever.
      this.#interimHeads += 1;
      if (this.#interimHeads > INTERIM_HEADS_MAX)
        controller.abort(new Error('the other side sends interim answers without end'));
      return;
    }
    const announced = Number(headers['content-length'] ?? 0);
    const { method, bodyMaxBytes } = this.#request;
    if (announced > bodyMaxBytes && method !== 'HEAD' && status !== 304) {
      controller.abort(describeTooLarge(bodyMaxBytes));
      return;
    }
    this.#body = new GrowingBuffer({ announced });
    this.#status = status;
    this.#headers = flatten(headers);
    if (this.#request.isForwarded === true) this.#headerLists = headers as HeaderLists;
  }

  onResponseData(controller: Dispatcher.DispatchController, part: Buffer): void {
    const { bodyMaxBytes } = this.#request;
    if (this.#body.length + part.length > bodyMaxBytes) {
      controller.abort(describeTooLarge(bodyMaxBytes));
      return;
    }
    try {
      this.#body.add(part);
    } catch (error) {
      controller.abort(error as Error);
    }
  }

  onResponseEnd(): void {
    const body = this.#body.finish();
    if (body instanceof Promise)
      void body.then(
        (joined) => this.#answer(joined),
        (error: unknown) => this.#reject(error),
      );
    else this.#answer(body);
  }

  #answer(body: Buffer): void {
    const headers = this.#headers;
    if (this.#request.isForwarded === true) {
      this.#resolve({ status: this.#status, headers, headerLists: this.#headerLists, body });
      return;
    }
    try {
      const plain = inflate(headers, body, this.#request.bodyMaxBytes);
      if (plain instanceof Promise) void this.#resolveLater(plain);
      else this.#resolve({ status: this.#status, headers, body: plain });
    } catch (error) {
      this.#reject(error);
    }
  }

  async #resolveLater(body: Promise<Buffer>): Promise<void> {
    try {
      this.#resolve({ status: this.#status, headers: this.#headers, body: await body });
    } catch (error) {
      this.#reject(error);
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#reject(error);
  }

  #end(failure: Error): void {
    this.#failure = failure;
    this.#reject(failure);
    this.#controller?.abort(failure);
  }
}

function describeTooLarge(maxBytes: number): HttpClientError {
  return new HttpClientError('body_too_large', `the answer is larger than ${maxBytes} bytes`);
}

/** Method and URL without query and credentials, which must not be logged. */
export function describeRequest(request: ClientRequest): string {
  const url = new URL(request.url);
  return `${request.method} ${url.protocol}//${url.host}${url.pathname}`;
}

export function flatten(
  headers: Record<string, string | string[] | undefined>,
): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined)
      flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
