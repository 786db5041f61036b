/**
 * The HTTP client: one request, bounded in time and size, gzip inflated within the bound; TLS and proxies as told; never
 * a metadata address unless told. Signing, redirects, retry and what a status means are wrappers of the caller. Built on
 * undici's pool; keeps connections alive.
 */
import { gunzipSync } from 'node:zlib';
import type { lookup } from 'node:dns';
import type { buildConnector, Dispatcher } from 'undici';
import { messageOf, PermanentError } from './errors.ts';
import { HttpClientError } from './http-client-error.ts';
import type { HttpConnection } from './http-connection.ts';
import { PageClient } from './http-pages.ts';
import { guardedLookup, refuseMetadataUrl } from './metadata-addresses.ts';
import { urlOf } from './urls.ts';

export { HttpClientError };

export interface ClientRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly timeoutMs: number;
  /** Of the answer's body, after inflating. */
  readonly bodyMaxBytes: number;
  readonly signal: AbortSignal;
}

export interface ClientResponse {
  readonly status: number;
  /** Lower-case names; repeats joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface HttpClient {
  send(request: ClientRequest): Promise<ClientResponse>;
  close(): Promise<void>;
}

export interface HttpClientOptions {
  readonly connectionsPerHost?: number;
  readonly connection?: HttpConnection | undefined;
  /** Refuses metadata addresses: what targets and configurations name is not to be trusted. */
  readonly isGuarded?: boolean;
  /**
   * For who reads the same pages all the time and is done with a body in the turn of the event loop in which it came:
   * bodies of plain GETs lie in buffers that are used again.
   */
  readonly reusesBodies?: boolean;
  /** For tests: how names become addresses. */
  readonly resolve?: typeof lookup;
}

export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const { connection } = options;
  // Loaded on first use: it is large, and a process that only serves never asks for anything.
  let loaded: Promise<Undici> | undefined;
  let stamp = connection?.stamp() ?? '';
  const pages =
    options.reusesBodies === true && connection?.proxy === undefined
      ? new PageClient(options.isGuarded === true ? guardedLookup(options.resolve) : undefined)
      : undefined;
  return {
    async send(request) {
      if (options.isGuarded === true) refuseMetadataUrl(urlOf(request.url));
      if (pages !== undefined && request.method === 'GET' && request.url.startsWith('http:'))
        return getPage(pages, request);
      if (connection !== undefined && connection.stamp() !== stamp) {
        stamp = connection.stamp();
        // Requests under way end on the old connections.
        void loaded?.then(({ agent }) => agent.close()).catch(() => undefined);
        loaded = undefined;
      }
      loaded ??= load(options);
      return send(await loaded, request);
    },
    async close() {
      pages?.close();
      await (await loaded)?.agent.destroy();
    },
  };
}

async function getPage(pages: PageClient, request: ClientRequest): Promise<ClientResponse> {
  const { status, headers, body } = await pages.get(request, urlOf(request.url));
  return { status, headers, body: inflate(headers, body, request.bodyMaxBytes) };
}

async function load(options: HttpClientOptions): Promise<Undici> {
  const { Agent, EnvHttpProxyAgent, request } = await import('undici');
  const { connection } = options;
  const connect = connectOptions(options);
  const shared = {
    connections: options.connectionsPerHost ?? 32,
    pipelining: 1,
    keepAliveTimeout: 60_000,
    maxHeaderSize: 65_536,
  };
  const proxy = connection?.proxy;
  if (proxy === undefined) return { agent: new Agent({ ...shared, connect }), request };
  const given =
    proxy.url === undefined
      ? {}
      : { httpProxy: proxy.url, httpsProxy: proxy.url, noProxy: proxy.noProxy ?? '' };
  const agent = new EnvHttpProxyAgent({
    ...shared,
    ...given,
    connect,
    requestTls: connect,
    proxyTunnel: false,
    headers: { ...proxy.connectHeaders },
  });
  return { agent, request };
}

function connectOptions({
  connection,
  isGuarded,
  resolve,
}: HttpClientOptions): buildConnector.BuildOptions {
  const tls = connection?.tls;
  return {
    timeout: 10_000,
    ...(isGuarded === true ? { lookup: guardedLookup(resolve) } : {}),
    ...(tls === undefined
      ? {}
      : {
          ...(tls.ca === undefined ? {} : { ca: tls.ca() }),
          ...(tls.cert === undefined ? {} : { cert: tls.cert() }),
          ...(tls.key === undefined ? {} : { key: tls.key() }),
          ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
          ...(tls.maxVersion === undefined ? {} : { maxVersion: tls.maxVersion }),
          minVersion: tls.minVersion ?? 'TLSv1.2',
          rejectUnauthorized: !tls.skipsVerification,
        }),
  };
}

interface Undici {
  readonly agent: Dispatcher;
  readonly request: typeof import('undici').request;
}

async function send(undici: Undici, request: ClientRequest): Promise<ClientResponse> {
  const timeout = AbortSignal.timeout(request.timeoutMs);
  const signal = AbortSignal.any([request.signal, timeout]);
  try {
    const response = await undici.request(request.url, {
      dispatcher: undici.agent,
      method: request.method,
      headers: { ...request.headers },
      body: request.body ?? null,
      signal,
      headersTimeout: request.timeoutMs,
      bodyTimeout: request.timeoutMs,
    });
    const headers = flatten(response.headers);
    const body = await readBounded(response.body, request.bodyMaxBytes);
    return {
      status: response.statusCode,
      headers,
      body: inflate(headers, body, request.bodyMaxBytes),
    };
  } catch (error) {
    if (error instanceof HttpClientError || error instanceof PermanentError) throw error;
    if (request.signal.aborted)
      throw new HttpClientError('aborted', `${describeRequest(request)} was aborted`, {
        cause: error,
      });
    if (timeout.aborted)
      throw new HttpClientError(
        'timeout',
        `${describeRequest(request)} took longer than ${request.timeoutMs} ms`,
      );
    const code = (error as NodeJS.ErrnoException).code ?? '';
    const kind = ['ECONNRESET', 'UND_ERR_SOCKET', 'EPIPE'].includes(code) ? 'reset' : 'connect';
    throw new HttpClientError(kind, `${describeRequest(request)} failed: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Method and URL without query or credentials: what may stand in a log. */
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

export async function readBounded(
  stream: AsyncIterable<Buffer>,
  maxBytes: number,
): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of stream) {
    size += part.length;
    // Leaving the loop destroys the stream and with it the connection: the rest is never read.
    if (size > maxBytes)
      throw new HttpClientError('body_too_large', `the answer is larger than ${maxBytes} bytes`);
    parts.push(part);
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}

export function inflate(headers: Record<string, string>, body: Buffer, maxBytes: number): Buffer {
  if (headers['content-encoding'] !== 'gzip' || body.length === 0) return body;
  try {
    return gunzipSync(body, { maxOutputLength: maxBytes });
  } catch (error) {
    const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw new HttpClientError(
      tooLarge ? 'body_too_large' : 'bad_gzip',
      tooLarge
        ? `the answer is larger than ${maxBytes} bytes inflated`
        : 'the answer is not valid gzip',
      { cause: error },
    );
  }
}
