/**
 * A client of gRPC for calls of one message each way, over HTTP/2: in the clear, or with TLS. It
 * keeps one connection, and makes another when the server has ended it, says that it will (GOAWAY),
 * answers no ping, or a call took too long. Calls under way end on the old one.
 * Not here: retries, and what a status means for the caller. Names are resolved for each
 * connection; it goes to no proxy.
 * Limits: `answerMaxBytes` of an answer; what is above is dropped, and the answer has no message.
 * Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { describeError } from '../errors.ts';
import { HttpClientError } from '../http-client-error.ts';
import { secureOptions, type TlsSettings } from '../http-connection.ts';
import { InflateError, inflateBody } from '../inflate.ts';
import { guardedLookup, refuseMetadataUrl } from '../metadata-addresses.ts';
import { parseUrl } from '../urls.ts';
import { parseGrpcStatus, translateHttpStatus } from './client-status.ts';
import { type GrpcFrame, UnaryFrame, writeGrpcFrame } from './framing.ts';
import { decodeGrpcMessage, type GrpcStatusName } from './status.ts';

// Loaded with the first session: a collector that sends no gRPC need not hold it.
const loadHttp2 = () => process.getBuiltinModule('node:http2');

export interface GrpcClientOptions {
  /** Scheme and host: `http://` in the clear, `https://` with TLS. */
  readonly origin: string;
  readonly tls?: TlsSettings | undefined;
  /** Changes when a file of the TLS settings has changed: the next call connects anew. */
  readonly stamp?: (() => string) | undefined;
  /** The name that the server is asked for; that of the origin when undefined. */
  readonly authority?: string | undefined;
  readonly keepAlive?: GrpcKeepAlive | undefined;
  readonly answerMaxBytes: number;
  readonly onConnected?: (() => void) | undefined;
}

export interface GrpcKeepAlive {
  /** A ping follows when nothing was sent or received for so long, ms. */
  readonly timeMs: number;
  /** The connection is given up when the answer to a ping takes longer, ms. */
  readonly timeoutMs: number;
  /** Whether pings are sent while no call is under way, too. */
  readonly whileIdle: boolean;
}

export interface GrpcRequest {
  /** `/package.Service/Method`. */
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly message: Uint8Array;
  /** How the message is compressed; undefined: not at all. */
  readonly encoding: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface GrpcReply {
  readonly status: GrpcStatusName;
  readonly text: string;
  /** A google.rpc.Status, where the server gives one. */
  readonly details: Buffer | undefined;
  readonly message: Uint8Array | undefined;
}

export class GrpcClient {
  readonly #options: GrpcClientOptions;
  #connection: Connection | undefined;
  #stamp = '';

  constructor(options: GrpcClientOptions) {
    this.#options = options;
  }

  /**
   * Makes one call.
   *
   * @throws HttpClientError when there is no answer: no connection, a reset, the time limit, the
   *   signal
   */
  async call(request: GrpcRequest): Promise<GrpcReply> {
    return this.#open().call(request);
  }

  close(): void {
    this.#connection?.end(new Error('the client is closed'));
    this.#connection = undefined;
  }

  #open(): Connection {
    const stamp = this.#options.stamp?.() ?? '';
    const known = this.#connection;
    if (known?.isUsable === true && stamp === this.#stamp) return known;
    // Calls under way go on; the session closes behind them.
    known?.retire();
    this.#stamp = stamp;
    this.#connection = new Connection(this.#options);
    return this.#connection;
  }
}

class Connection {
  readonly #options: GrpcClientOptions;
  readonly #session: ClientHttp2Session;
  readonly #pings: NodeJS.Timeout | undefined;
  #calls = 0;
  #isRetired = false;
  #isConnected = false;
  #failure: Error | undefined;

  constructor(options: GrpcClientOptions) {
    this.#options = options;
    const { origin, tls, keepAlive } = options;
    // A file of the settings that cannot be read throws here.
    const session = openSession(origin, tls);
    this.#session = session;
    session.on('error', (error) => (this.#failure ??= error));
    session.on('goaway', (code) => {
      this.#failure ??= new Error(`the server ended the connection with GOAWAY ${code}`);
      this.retire();
    });
    session.on('connect', () => {
      this.#isConnected = true;
      options.onConnected?.();
    });
    session.on('close', () => clearInterval(this.#pings));
    // The process does not wait for a silent connection.
    session.unref();
    if (keepAlive !== undefined)
      this.#pings = setInterval(() => this.#ping(keepAlive), keepAlive.timeMs).unref();
  }

  get isUsable(): boolean {
    return !this.#isRetired && !this.#session.closed && !this.#session.destroyed;
  }

  /** Takes no further calls, and closes when those under way have ended. */
  retire(): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    if (!this.#session.destroyed) this.#session.close();
  }

  end(why: Error): void {
    this.#isRetired = true;
    this.#failure ??= why;
    clearInterval(this.#pings);
    this.#session.destroy();
  }

  async call(request: GrpcRequest): Promise<GrpcReply> {
    this.#calls += 1;
    this.#session.ref();
    const exchange = new Exchange(this.#session, request, this.#options);
    try {
      return await exchange.answer;
    } catch (error) {
      // A connection that does not come about is tried anew by the next call.
      if (!this.#isConnected) this.end(error as Error);
      // It may lead nowhere any more, which TCP notices after a quarter of an hour.
      else if (error instanceof HttpClientError && error.kind === 'timeout') this.retire();
      throw describeFailure(request, this.#options, this.#failure ?? error, error);
    } finally {
      exchange.clear();
      this.#calls -= 1;
      // One that is retired would otherwise stay for as long as its peer is silent.
      if (this.#calls === 0 && this.#isRetired) this.#session.destroy();
      if (this.#calls === 0 && !this.#session.destroyed) this.#session.unref();
    }
  }

  #ping({ timeoutMs, whileIdle }: GrpcKeepAlive): void {
    const session = this.#session;
    if (!this.#isConnected || !this.isUsable || (this.#calls === 0 && !whileIdle)) return;
    const late = setTimeout(
      () => this.end(new Error(`no answer to a ping within ${timeoutMs} ms`)),
      timeoutMs,
    ).unref();
    try {
      session.ping(() => clearTimeout(late));
    } catch {
      // It is closing.
      clearTimeout(late);
    }
  }
}

function openSession(origin: string, tls: TlsSettings | undefined): ClientHttp2Session {
  try {
    refuseMetadataUrl(parseUrl(origin));
    const lookup = guardedLookup();
    const { connect } = loadHttp2();
    return connect(origin, tls === undefined ? { lookup } : { ...secureOptions(tls), lookup });
  } catch (error) {
    const message = `the connection cannot be made: ${describeError(error)}`;
    throw new HttpClientError('connect', message, { cause: error });
  }
}

/** One call and its answer, gathered without streams. */
class Exchange {
  readonly answer: Promise<GrpcReply>;
  readonly #request: GrpcRequest;
  readonly #maxBytes: number;
  readonly #stream: ClientHttp2Stream | undefined;
  readonly #timer: NodeJS.Timeout;
  #reject: (error: unknown) => void = () => undefined;
  #resolve: (answer: GrpcReply) => void = () => undefined;
  #headers: IncomingHttpHeaders = {};
  #trailers: IncomingHttpHeaders = {};
  readonly #frame: UnaryFrame;
  #isFaulty = false;
  readonly #onAbort = (): void => this.#give('aborted', 'was aborted');

  constructor(session: ClientHttp2Session, request: GrpcRequest, options: GrpcClientOptions) {
    this.#request = request;
    this.#maxBytes = options.answerMaxBytes;
    this.#frame = new UnaryFrame(options.answerMaxBytes);
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // It may be rejected before anything awaits it; without this that would end the process.
    this.answer.catch(() => undefined);
    const { timeoutMs, signal } = request;
    this.#timer = setTimeout(
      () => this.#give('timeout', `took longer than ${timeoutMs} ms`),
      timeoutMs,
    );
    signal.addEventListener('abort', this.#onAbort);
    try {
      this.#stream = this.#open(session, options);
    } catch (error) {
      this.#reject(error);
    }
    if (signal.aborted) this.#onAbort();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#request.signal.removeEventListener('abort', this.#onAbort);
  }

  #open(session: ClientHttp2Session, { authority }: GrpcClientOptions): ClientHttp2Stream {
    const { path, headers, encoding, message, timeoutMs } = this.#request;
    const stream = session.request(
      {
        ...headers,
        ':method': 'POST',
        ':path': path,
        ...(authority === undefined ? {} : { ':authority': authority }),
        'content-type': 'application/grpc',
        te: 'trailers',
        'grpc-timeout': `${Math.min(99_999_999, Math.ceil(timeoutMs))}m`,
        'grpc-accept-encoding': 'identity,gzip',
        ...(encoding === undefined ? {} : { 'grpc-encoding': encoding }),
      },
      { endStream: false },
    );
    stream.on('response', (one) => (this.#headers = one));
    stream.on('trailers', (one) => (this.#trailers = one));
    stream.on('data', (part: Buffer) => {
      // The status of the trailers counts, whatever the message is.
      if (!this.#isFaulty) this.#isFaulty = this.#frame.add(part) !== undefined;
    });
    stream.on('error', (error) => this.#reject(error));
    stream.on('close', () => void this.#end());
    stream.end(writeGrpcFrame(message, encoding !== undefined));
    return stream;
  }

  /** Never rejects. */
  async #end(): Promise<void> {
    const status = this.#trailers['grpc-status'] ?? this.#headers['grpc-status'];
    const http = Number(this.#headers[':status'] ?? 0);
    if (status === undefined && (http === 0 || http === 200)) {
      this.#reject(new Error('the stream ended without a status'));
      return;
    }
    const all = { ...this.#headers, ...this.#trailers };
    const read = (name: string): string => {
      const value = all[name] ?? '';
      return String(Array.isArray(value) ? value[0] : value);
    };
    const details = read('grpc-status-details-bin');
    const frame = this.#isFaulty ? undefined : this.#frame.finish();
    this.#resolve({
      status: status === undefined ? translateHttpStatus(http) : parseGrpcStatus(String(status)),
      text: status === undefined ? `HTTP status ${http}` : decodeGrpcMessage(read('grpc-message')),
      details: details === '' ? undefined : Buffer.from(details, 'base64'),
      message: await readFrame(frame, read('grpc-encoding'), this.#maxBytes),
    });
  }

  #give(kind: HttpClientError['kind'], what: string): void {
    this.#reject(new HttpClientError(kind, what));
    this.#stream?.close(loadHttp2().constants.NGHTTP2_CANCEL);
  }
}

/** Undefined where it is not whole, too large, or compressed in a way that was not offered. */
async function readFrame(
  whole: GrpcFrame | undefined | Promise<GrpcFrame>,
  encoding: string,
  maxBytes: number,
): Promise<Buffer | undefined> {
  const frame = await whole;
  if (frame?.isCompressed !== true) return frame?.message;
  if (encoding !== 'gzip') return undefined;
  try {
    return await inflateBody(encoding, frame.message, { maxBytes });
  } catch (error) {
    if (error instanceof InflateError) return undefined;
    throw error;
  }
}

/** @param cause  of the connection where that failed, else of the call */
function describeFailure(
  { path }: GrpcRequest,
  { origin }: GrpcClientOptions,
  cause: unknown,
  error: unknown,
): HttpClientError {
  const kind = error instanceof HttpClientError ? error.kind : kindOf(cause);
  const what = `gRPC ${origin}${path}`;
  if (error instanceof HttpClientError)
    return new HttpClientError(kind, `${what} ${error.message}`, { cause: error });
  return new HttpClientError(kind, `${what} failed: ${describeError(cause)}`, { cause });
}

function kindOf(cause: unknown): HttpClientError['kind'] {
  const { code = '' } = cause as NodeJS.ErrnoException;
  const isNever = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'].includes(code);
  return isNever ? 'connect' : 'reset';
}
