/**
 * The connections to upstreams, kept alive. An answer is streamed to the client as it comes, no
 * faster than the client reads it. A short refusal (400, 403) is held back, so that the proxy can
 * correct the request and send it again.
 */
import type { ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import type { Readable } from 'node:stream';
import type * as undici from 'undici';
import type { buildConnector, Dispatcher } from 'undici';
import { GrowingBuffer } from '../kernel/growing-buffer.ts';
import { INTERIM_HEADS_MAX } from '../kernel/http-response-parser.ts';
import { guardedLookup, refuseMetadataUrl } from '../kernel/metadata-addresses.ts';
import { ConnectionPools } from '../kernel/connection-pools.ts';
import { chooseOfEnvironment, listProxies } from '../kernel/proxy-choice.ts';
import type { EnvironmentProxies } from '../kernel/proxy-environment.ts';
import type { ProxyConfig } from './config.ts';
import { selectReturnedHeaders } from '../kernel/end-to-end-headers.ts';

export interface UpstreamRequest {
  readonly origin: string;
  readonly path: string;
  readonly method: string;
  /** Names and values, alternating. */
  readonly headers: string[];
  /** Sent in chunks where the headers have no content-length. */
  readonly body: Buffer | Readable | null;
  readonly signal: AbortSignal;
}

/** A short refusal that was held back, complete. */
export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly text: string;
}

/** How long a connection may take to be made, that to a proxy as well. */
const CONNECT_MS = 10_000;
const HELD_MAX_BYTES = 16 * 1024;
/** How many characters of a failure's body are logged. */
const SHOWN_MAX = 1_024;

type Headers = Answered['headers'];

export class Upstream {
  readonly #pools: ConnectionPools;

  /**
   * @param proxies  through which upstreams are reached, as Go's programs read them
   * @throws PermanentError where a proxy is at a metadata address
   */
  static async open(config: ProxyConfig, proxies?: EnvironmentProxies): Promise<Upstream> {
    const undici = await import('undici');
    const pool = {
      connections: 256,
      pipelining: 1,
      keepAliveTimeout: config.idleTimeoutMs,
      keepAliveMaxTimeout: config.idleTimeoutMs,
      headersTimeout: config.upstreamTimeoutMs,
      bodyTimeout: config.upstreamTimeoutMs,
      maxHeaderSize: 65_536,
    };
    const choice = chooseOfEnvironment(proxies ?? { http: '', https: '', no: '' });
    for (const url of listProxies(choice)) refuseMetadataUrl(new URL(url));
    const pools = new ConnectionPools(
      undici,
      {
        pool,
        connect: createConnector(undici, config),
        tunnelTls: { timeout: CONNECT_MS, rejectUnauthorized: config.verifiesTls },
        proxyTls: { timeout: CONNECT_MS, lookup: guardedLookup() },
      },
      choice,
    );
    return new Upstream(pools);
  }

  private constructor(pools: ConnectionPools) {
    this.#pools = pools;
  }

  async close(): Promise<void> {
    await this.#pools.destroy();
  }

  /**
   * Sends a request and streams its answer to the client. Resolves with `done` after that, or with
   * a short refusal, of which nothing is sent yet.
   */
  send(
    request: UpstreamRequest,
    outgoing: ServerResponse,
    onFailure?: (status: number, text: string) => void,
  ): Promise<'done' | Answered> {
    return new Promise((resolve, reject) => {
      const relay = new Relay(request, outgoing, { resolve, reject, onFailure });
      const { origin, path, method, headers, body } = request;
      // undici would take the TLS name from the Host header, and open a new connection whenever it
      // changes; so all requests of an origin get the same name.
      const url = new URL(origin);
      const servername = url.hostname;
      // The dispatcher takes `servername`, though its types lack it.
      const options = { origin, path, method, headers, body, servername };
      this.#pools.of(url).dispatch(options, relay);
    });
  }

  /** Sends a refusal that was held back to the client. */
  give({ status, headers, body }: Answered, outgoing: ServerResponse): void {
    outgoing.writeHead(status, {
      ...selectReturnedHeaders(headers),
      'content-length': body.length,
    });
    outgoing.end(body);
  }
}

/** The connection ended before any byte of an answer; most often it was idle for too long. */
class LostConnection extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

const LOST = /^(?:UND_ERR_SOCKET|ECONNRESET|EPIPE)$/;

export function isLost(error: unknown): boolean {
  return error instanceof LostConnection;
}

function nameFailure(error: Error): string {
  return 'code' in error ? String(error.code) : '';
}

/**
 * Makes a connector that checks certificates against the upstream's own name, whatever Host is
 * sent, and refuses metadata addresses.
 */
function createConnector(
  { buildConnector }: typeof undici,
  config: ProxyConfig,
): buildConnector.connector {
  const connect = buildConnector({
    timeout: CONNECT_MS,
    rejectUnauthorized: config.verifiesTls,
    lookup: guardedLookup(),
  });
  return (options, callback) => {
    const name = bareName(options.hostname);
    const { servername: _, ...rest } = options;
    connect(isIP(name) === 0 ? { ...rest, servername: name } : rest, callback);
  };
}

const bareName = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');

interface RelayEnds {
  readonly resolve: (value: 'done' | Answered) => void;
  readonly reject: (error: unknown) => void;
  readonly onFailure: ((status: number, text: string) => void) | undefined;
}

/** Relays one answer to the client, or holds it back. */
class Relay implements Dispatcher.DispatchHandler {
  readonly #request: UpstreamRequest;
  readonly #outgoing: ServerResponse;
  readonly #ends: RelayEnds;
  /** The beginning of the body of a failure, for the log. */
  #shown = '';
  /** The body of a refusal, until it is too long to be held back. */
  #held: GrowingBuffer | undefined;
  #interimHeads = 0;
  #status = 0;
  #headers: Headers = {};

  constructor(request: UpstreamRequest, outgoing: ServerResponse, ends: RelayEnds) {
    this.#request = request;
    this.#outgoing = outgoing;
    this.#ends = ends;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const { signal } = this.#request;
    const abort = (): void => controller.abort(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Headers,
  ): void {
    if (status < 200) {
      this.#interimHeads += 1;
      if (this.#interimHeads > INTERIM_HEADS_MAX)
        controller.abort(new Error('the upstream sends interim answers without end'));
      return;
    }
    const coding = String(headers['transfer-encoding'] ?? 'chunked');
    if (coding.trim().toLowerCase() !== 'chunked') {
      // Transfer-Encoding is hop-by-hop and not sent on: the client would not decode the bytes.
      controller.abort(
        new Error(`the upstream sends Transfer-Encoding: ${coding}, which it was not asked for`),
      );
      return;
    }
    this.#status = status;
    this.#headers = headers;
    if (status === 400 || status === 403) {
      this.#held = new GrowingBuffer();
      return;
    }
    this.#begin(controller);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#held !== undefined) {
      this.#held.add(chunk);
      if (this.#held.length <= HELD_MAX_BYTES) return;
      const held = this.#held.finishSmall();
      this.#held = undefined;
      this.#begin(controller);
      this.#write(controller, held);
      return;
    }
    this.#write(controller, chunk);
  }

  onResponseEnd(): void {
    if (this.#held !== undefined) {
      const body = this.#held.finishSmall();
      const text = `${String(this.#headers['x-amzn-errortype'] ?? '')} ${body.toString('utf8')}`;
      this.#ends.onFailure?.(this.#status, text.slice(0, SHOWN_MAX));
      this.#ends.resolve({ status: this.#status, headers: this.#headers, body, text });
      return;
    }
    this.#outgoing.end();
    if (this.#status >= 400) this.#ends.onFailure?.(this.#status, this.#shown);
    this.#ends.resolve('done');
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#ends.reject(
      this.#status === 0 && LOST.test(nameFailure(error)) ? new LostConnection(error) : error,
    );
  }

  #begin(controller: Dispatcher.DispatchController): void {
    const outgoing = this.#outgoing;
    if (outgoing.destroyed) return;
    const headers = selectReturnedHeaders(this.#headers);
    if (this.#status === 204) delete headers['content-length'];
    outgoing.writeHead(this.#status, headers);
    outgoing.on('drain', () => controller.resume());
  }

  #write(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#status >= 400 && this.#ends.onFailure !== undefined && this.#shown.length < SHOWN_MAX)
      this.#shown = (this.#shown + chunk.toString('utf8')).slice(0, SHOWN_MAX);
    if (!this.#outgoing.write(chunk)) controller.pause();
  }
}
