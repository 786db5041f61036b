/**
 * A server of unary calls of gRPC, over HTTP/2 with prior knowledge or TLS (decision 23). Not here:
 * streams of messages, reflection, compressed answers.
 * Limits: bytes of a message; calls under way of a connection; connections; 60 s, or what
 * grpc-timeout asks for, for a call to come whole; 10 s for a handshake, for the settings after it,
 * and for an answer to be taken; 60 s for a connection to answer a ping. Node
 * bounds resets, invalid frames and headers of a connection, and ends one that goes beyond.
 * Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
import type {
  Http2SecureServer,
  Http2Server,
  IncomingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import { type Component } from '../component.ts';
import { ConnectionRoom, limitRoom } from '../connection-room.ts';
import { describeError } from '../errors.ts';
import { type ListenAddress, parseListen } from '../listen-address.ts';
import { warnOfBarePort } from '../web-config.ts';
import { describeListenError } from '../listen-error.ts';
import { type Logger } from '../logger.ts';
import type { WebTls } from '../web-config.ts';
import { type GrpcFrame, UnaryFrame, writeGrpcFrame } from './framing.ts';
import { encodeGrpcMessage, GRPC_STATUS, type GrpcStatusName } from './status.ts';

export interface GrpcCall {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly remoteAddress: string;
  /**
   * The message of the call, as it is sent; called at most once.
   *
   * @param onBytes  called for each part as it comes; what it throws ends the reading
   * @throws GrpcError
   */
  message(onBytes?: (bytes: number) => void): Promise<GrpcFrame>;
}

/** What a call is answered: a message, or a status that is not ok. */
export type GrpcAnswer =
  | { readonly message: Uint8Array }
  | {
      readonly status: Exclude<GrpcStatusName, 'ok'>;
      readonly words: string;
      /** A google.rpc.Status with details, for `grpc-status-details-bin`. */
      readonly details?: Uint8Array | undefined;
    };

/** A call that can't be read. */
export class GrpcError extends Error {
  override readonly name = 'GrpcError';
  readonly status: Exclude<GrpcStatusName, 'ok'>;
  constructor(status: Exclude<GrpcStatusName, 'ok'>, message: string) {
    super(message);
    this.status = status;
  }
}

export interface GrpcServerOptions {
  readonly name: string;
  /** `host:port`, `[::1]:port`; port 0 takes any free one. */
  readonly listen: string;
  /** The flag or key that gives the address, for errors. */
  readonly listenFlag?: string | undefined;
  readonly log: Logger;
  /** Undefined for plain HTTP/2. */
  readonly tls?: WebTls | undefined;
  /** Of a message as it is sent. */
  readonly messageMaxBytes: number;
  /** Most calls under way of one connection; 100 by default. */
  readonly maxConcurrentStreams?: number | undefined;
  readonly connectionsMax?: number | undefined;
  /** How often each connection is asked whether it is alive; 60 s by default. */
  readonly pingMs?: number | undefined;
  /** What it throws is answered as internal. */
  readonly handle: (call: GrpcCall) => Promise<GrpcAnswer>;
  /** Called for a connection that is closed at once, since there are too many. */
  readonly onConnectionRefused?: () => void;
  /** Called for a connection that ends for what it sent, with why. */
  readonly onConnectionFailed?: (from: string, why: string) => void;
  /** Called for what is not gRPC, with what came, in words. */
  readonly onOtherProtocol?: (from: string, came: string) => void;
}

const STREAMS_MAX = 100;
const CONNECTIONS_MAX = 2_000;
const CALL_MS = 60_000;
const PING_MS = 60_000;
/** For the handshake of TLS, and for the settings of HTTP/2 after it. */
const PREFACE_MS = 10_000;
/** NGHTTP2_CANCEL. */
const CANCEL = 8;
/** For the client to take an answer. */
const ANSWER_MS = 10_000;
/** How long the rest of a refused call is read, so that the client gets to read its answer. */
const LINGER_MS = 1_000;
/** What a sender may send ahead: a usual request has room in it. */
const WINDOW_BYTES = 256 * 1024;

/** A listening server as a component; `port` is known after `start`. */
export class GrpcServer implements Component {
  readonly name: string;
  readonly #options: GrpcServerOptions;
  readonly #address: ListenAddress;
  readonly #server: Http2Server | Http2SecureServer;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #room: ConnectionRoom;
  /** Those that have not answered their last ping. */
  readonly #unanswered = new WeakSet<ServerHttp2Session>();
  #pings: NodeJS.Timeout | undefined;
  #listening = false;

  constructor(options: GrpcServerOptions) {
    this.name = `${options.name} grpc server`;
    this.#options = options;
    this.#address = parseListen(options.listen, options.listenFlag);
    this.#server = createNodeServer(options);
    const most = options.connectionsMax ?? CONNECTIONS_MAX;
    this.#server.maxConnections = most;
    const tellRefused = (): void => options.onConnectionRefused?.();
    this.#server.on('drop', tellRefused);
    this.#room = new ConnectionRoom(this.#server, limitRoom(most, tellRefused));
    this.#server.on('session', (session) => this.#keep(session));
    this.#server.on('sessionError', (error, session) => this.#tellFailed(error, session));
    this.#server.on('stream', (stream, headers) => void this.#serve(stream, headers));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  /** @throws ConfigError PORT_IN_USE, PORT_FORBIDDEN or LISTEN_FAILED */
  start(): Promise<void> {
    const { host, port } = this.#address;
    const { log, name, tls, listen } = this.#options;
    return new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException): void =>
        reject(describeListenError(error, this.#options));
      this.#server.once('error', onError);
      this.#server.listen(port, host, () => {
        this.#server.off('error', onError);
        this.#server.on('error', (error: Error) => log.error('grpc server failed', { error }));
        this.#listening = true;
        this.#pings = setInterval(() => this.#ping(), this.#options.pingMs ?? PING_MS).unref();
        const address = host.includes(':') ? `[${host}]:${this.port}` : `${host}:${this.port}`;
        log.info('listening', { what: name, address, tls: tls !== undefined });
        warnOfBarePort({ name, listen, log, web: { tls, asksForPasswords: () => false } });
        resolve();
      });
    });
  }

  /** Tells clients to go elsewhere (GOAWAY); calls under way may end until the deadline. */
  async stop(deadlineMs: number): Promise<void> {
    if (!this.#listening) return;
    this.#listening = false;
    clearInterval(this.#pings);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of this.#sessions) session.close();
    const timer = setTimeout(() => {
      for (const session of this.#sessions) session.destroy();
    }, deadlineMs);
    await closed;
    clearTimeout(timer);
  }

  #keep(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    session.once('close', () => this.#sessions.delete(session));
    // The server's sessionError has told it; without a listener it would end the process.
    session.on('error', () => undefined);
    if (!this.#listening) session.close();
    // A client says its settings first; one that does not is no client.
    const timer = setTimeout(() => session.destroy(), PREFACE_MS);
    session.once('remoteSettings', () => clearTimeout(timer));
    session.once('close', () => clearTimeout(timer));
    // Calls that have come whole: until we have answered them, the client waits for us.
    const whole = new Set<ServerHttp2Stream>();
    const follow = this.#room.follow(session.socket);
    const note = (): void => follow(() => [...whole].every((stream) => stream.writableEnded));
    session.on('stream', (stream: ServerHttp2Stream) => {
      note();
      stream.once('end', () => {
        whole.add(stream);
        stream.once('close', () => {
          whole.delete(stream);
          note();
        });
      });
    });
  }

  /**
   * Ends connections that did not answer the ping before, and asks the others. A client that went
   * away without a word, or that never said one, would keep its place among the connections.
   */
  #ping(): void {
    for (const session of this.#sessions) {
      if (this.#unanswered.has(session)) session.destroy();
      if (session.destroyed || session.closed) continue;
      this.#unanswered.add(session);
      session.ping((error: Error | null) => {
        if (error === null) this.#unanswered.delete(session);
      });
    }
  }

  #tellFailed(error: Error, session: ServerHttp2Session): void {
    const from = session.socket?.remoteAddress ?? '';
    // Node does not give the bytes that it could not read.
    if (/bad client magic/i.test(error.message))
      this.#options.onOtherProtocol?.(from, this.#describeNoHttp2());
    else this.#options.onConnectionFailed?.(from, error.message);
  }

  #describeNoHttp2(): string {
    return this.#options.tls === undefined
      ? 'HTTP/1.1, or TLS that this listener does not have,'
      : 'HTTP/1.1';
  }

  async #serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    // A stream that is reset has an error, and nobody who waits for an answer.
    stream.on('error', () => undefined);
    const type = headers['content-type'] ?? '';
    if (headers[':method'] !== 'POST' || !/^application\/grpc(?:$|[+;])/.test(type)) {
      const from = stream.session?.socket?.remoteAddress ?? '';
      this.#options.onOtherProtocol?.(from, 'a request of HTTP/2 that is no gRPC');
      stream.respond({ ':status': 415 }, { endStream: true });
      stream.close();
      return;
    }
    const answer = await this.#answer(stream, headers);
    if (stream.destroyed || stream.closed) return;
    if ('message' in answer) respondOk(stream, answer.message);
    else respondStatus(stream, answer);
  }

  async #answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<GrpcAnswer> {
    const { handle, messageMaxBytes, log } = this.#options;
    const path = headers[':path'] ?? '';
    try {
      return await handle({
        path,
        headers,
        remoteAddress: stream.session?.socket?.remoteAddress ?? '',
        message: (onBytes) =>
          readUnary(stream, { messageMaxBytes, timeoutMs: readTimeoutMs(headers), onBytes }),
      });
    } catch (error) {
      if (error instanceof GrpcError) return { status: error.status, words: error.message };
      log.error('a call of gRPC failed', { path, error });
      return { status: 'internal', words: describeError(error) };
    }
  }
}

function respondOk(stream: ServerHttp2Stream, message: Uint8Array): void {
  // A client that opens no window for its answer would keep the call for ever.
  const timer = setTimeout(() => stream.close(CANCEL), ANSWER_MS);
  stream.once('close', () => clearTimeout(timer));
  stream.respond(
    { ':status': 200, 'content-type': 'application/grpc+proto' },
    { waitForTrailers: true },
  );
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(writeGrpcFrame(message));
}

type Failure = Exclude<GrpcAnswer, { message: Uint8Array }>;

/** Headers alone: the status stands where the trailers of an answer would. */
function respondStatus(stream: ServerHttp2Stream, { status, words, details }: Failure): void {
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-status': String(GRPC_STATUS[status]),
      'grpc-message': encodeGrpcMessage(words),
      ...(details === undefined
        ? {}
        : { 'grpc-status-details-bin': Buffer.from(details).toString('base64') }),
    },
    { endStream: true },
  );
  if (stream.readableEnded) return;
  // A reset at once could overtake the answer, so what the client still sends is discarded first.
  stream.resume();
  const timer = setTimeout(() => stream.close(), LINGER_MS);
  stream.once('close', () => clearTimeout(timer));
}

interface UnaryLimits {
  readonly messageMaxBytes: number;
  readonly timeoutMs: number;
  readonly onBytes: ((bytes: number) => void) | undefined;
}

/** Reads the one message of a call. */
function readUnary(
  stream: ServerHttp2Stream,
  { messageMaxBytes, timeoutMs, onBytes }: UnaryLimits,
): Promise<GrpcFrame> {
  const frame = new UnaryFrame(messageMaxBytes);
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      clearTimeout(timer);
      stream.off('data', add);
      // What comes is discarded from here on.
      stream.resume();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const timer = setTimeout(
      () => fail(new GrpcError('deadlineExceeded', 'the call has not come whole in time')),
      timeoutMs,
    );
    const add = (part: Buffer): void => {
      try {
        onBytes?.(part.length);
      } catch (error) {
        fail(error);
        return;
      }
      const fault = frame.add(part);
      if (fault === 'too_large') {
        const words = `a message is larger than ${messageMaxBytes} bytes`;
        fail(new GrpcError('resourceExhausted', words));
      } else if (fault === 'malformed')
        fail(new GrpcError('internal', 'the body is not one message of gRPC'));
    };
    stream.on('data', add);
    stream.once('end', () => {
      clearTimeout(timer);
      const whole = frame.finish();
      if (whole === undefined) fail(new GrpcError('internal', 'the message is cut off'));
      else resolve(whole);
    });
    stream.once('close', () => fail(new GrpcError('cancelled', 'the client has gone')));
  });
}

const UNITS_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** From `grpc-timeout`, such as `10S`, at most what a call may take here. */
function readTimeoutMs({ 'grpc-timeout': written }: IncomingHttpHeaders): number {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(String(written ?? '')) ?? [];
  if (digits === undefined || unit === undefined) return CALL_MS;
  return Math.min(CALL_MS, Number(digits) * (UNITS_MS[unit] ?? 1));
}

function createNodeServer(options: GrpcServerOptions): Http2Server | Http2SecureServer {
  const http2 = process.getBuiltinModule('node:http2');
  const { tls, maxConcurrentStreams = STREAMS_MAX } = options;
  const limits = {
    settings: { maxConcurrentStreams, initialWindowSize: WINDOW_BYTES, enablePush: false },
    // Headers of a call are few; a list without an end would be memory.
    maxHeaderListPairs: 128,
    maxOutstandingSettings: 8,
    maxOutstandingPings: 8,
  };
  if (tls === undefined) return http2.createServer(limits);
  let known = tls.secrets();
  const server = http2.createSecureServer({
    ...limits,
    ...known,
    handshakeTimeout: PREFACE_MS,
    allowHTTP1: false,
    requestCert: tls.requestsCertificate,
    rejectUnauthorized: tls.rejectsUnverified,
  });
  // Runs before the handshake, so that a renewed certificate is used for the next connection.
  server.prependListener('connection', () => {
    const now = tls.secrets();
    if (now !== known) (server as unknown as TlsServer).setSecureContext(now);
    known = now;
  });
  return server;
}
