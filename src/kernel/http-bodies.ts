/**
 * A small HTTP/1.1 client for one purpose: to get the same URLs again and again over plain TCP, at
 * the cost of little more than the bytes. A body of at most LENT_BYTES_MAX lies in a buffer that is
 * used again, and is lent until the turn of the event loop ends; a larger one has a buffer of its
 * own, into which it is joined in slices. Not here: TLS, proxies and other methods (http-client.ts,
 * which chooses between the two).
 * Limits: 64 KiB for a head, the caller's limit for a body, 32 connections to an origin; further
 * requests wait for a connection in order.
 * Source: https://www.rfc-editor.org/rfc/rfc9112
 */
import { connect, type LookupFunction, type Socket } from 'node:net';
import { LENT_BYTES_MAX } from '../model/borrowed.ts';
import { BodyBuffers } from './body-buffers.ts';
import { describeError } from './errors.ts';
import { HttpClientError } from './http-client-error.ts';
import { type ParsedResponse, ResponseParser } from './http-response-parser.ts';

export interface BodyRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Limit of the body as it comes, before inflating. */
  readonly bodyMaxBytes: number;
  readonly signal: AbortSignal;
}

const CONNECTIONS_MAX = 32;
const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_MS = 60_000;
const READ_BYTES = 128 * 1024;
/**
 * So much of all bodies is read in a turn of the event loop; a read that has begun is finished. The
 * system would hand out 32 reads of each socket.
 */
const TURN_BYTES = 512 * 1024;
/** Of the buffers that are lent. */
const BUFFER_LIMITS = { longest: LENT_BYTES_MAX, keptBytes: 8 * 1024 * 1024 };

/** So many URLs are remembered; weak maps of thousands make collecting garbage long. */
const KNOWN_MAX = 10_000;

const NO_HEADERS: Readonly<Record<string, string>> = {};

/** Every socket reads into this buffer; the bytes are copied out before the next read. */
let shared: Buffer | undefined;

/** What was read in this turn, by all clients of the thread. */
let turnBytes = 0;
/** Sockets that go on in the next turn. */
let paused: Socket[] = [];

/** Counts a read. @returns whether the socket may read more in this turn */
function mayReadOn(socket: Socket, count: number): boolean {
  if (turnBytes === 0) setImmediate(beginTurn);
  turnBytes += count;
  // Behind a read that was not full, nothing waits.
  if (turnBytes < TURN_BYTES || count < READ_BYTES) return true;
  paused.push(socket);
  return false;
}

function beginTurn(): void {
  const sockets = paused;
  turnBytes = 0;
  paused = [];
  for (const socket of sockets) socket.resume();
}

/** What is remembered of a URL. */
interface KnownUrl {
  readonly headers: object;
  readonly head: string;
  /** The length of its last body. */
  bodyBytes: number;
}

interface Origin {
  readonly idle: Connection[];
  open: number;
  readonly waiting: (() => void)[];
}

interface Exchange {
  readonly parser: ResponseParser;
  readonly done: (answer: ParsedResponse | Promise<ParsedResponse>) => void;
  readonly failed: (error: Error) => void;
}

export class BodyClient {
  readonly #lookup: LookupFunction | undefined;
  readonly #origins = new Map<string, Origin>();
  readonly #buffers = new BodyBuffers(BUFFER_LIMITS);
  readonly #sockets = new Set<Socket>();
  readonly #known = new Map<URL, KnownUrl>();

  constructor(lookup?: LookupFunction) {
    this.#lookup = lookup;
  }

  /** @throws HttpClientError without an answer; PermanentError for an address that is refused */
  async get(request: BodyRequest, url: URL): Promise<ParsedResponse> {
    const origin = this.#originOf(url.host);
    const destination = { url, origin };
    const end = new Deadline(request);
    try {
      await this.#takeTurn(origin, end);
      const known = origin.idle.pop();
      if (known === undefined)
        return await this.#exchange(this.#open(url, origin), request, destination, end);
      try {
        return await this.#exchange(known, request, destination, end);
      } catch (error) {
        // The other side may have closed the idle connection just before. Where no byte of an
        // answer has come, the request is sent once more on a new connection.
        if (!known.isUntouched || end.hasCome) throw error;
        origin.open += 1;
        this.#origins.set(url.host, origin);
        return await this.#exchange(this.#open(url, origin), request, destination, end);
      }
    } catch (error) {
      if (request.signal.aborted)
        throw new HttpClientError('aborted', `GET ${nameHost(url)} was aborted`);
      if (end.hasCome)
        throw new HttpClientError(
          'timeout',
          `GET ${nameHost(url)} took longer than ${request.timeoutMs} ms`,
        );
      throw error;
    } finally {
      end.clear();
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#origins.clear();
  }

  #originOf(host: string): Origin {
    let origin = this.#origins.get(host);
    if (origin === undefined) {
      origin = { idle: [], open: 0, waiting: [] };
      this.#origins.set(host, origin);
    }
    return origin;
  }

  /** Waits until the origin has fewer than CONNECTIONS_MAX requests, then counts this one. */
  async #takeTurn(origin: Origin, end: Deadline): Promise<void> {
    while (origin.open >= CONNECTIONS_MAX) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          end.onCome = undefined;
          const at = origin.waiting.indexOf(wake);
          if (at >= 0) origin.waiting.splice(at, 1);
          resolve();
        };
        origin.waiting.push(wake);
        end.onCome = wake;
        if (end.hasCome) wake();
      });
      if (!end.hasCome) continue;
      // The turn may have come at the same moment: it is passed on to the next that waits.
      if (origin.open < CONNECTIONS_MAX) origin.waiting[0]?.();
      throw new Error('aborted');
    }
    origin.open += 1;
  }

  /** Targets come and go: an origin without connections and requests is removed from the map. */
  #forget(host: string, origin: Origin): void {
    const isUsed = origin.open > 0 || origin.idle.length > 0 || origin.waiting.length > 0;
    if (!isUsed && this.#origins.get(host) === origin) this.#origins.delete(host);
  }

  /** The number of known origins, for tests. */
  get size(): number {
    return this.#origins.size;
  }

  #open(url: URL, origin: Origin): Connection {
    const connection = new Connection(url, this.#lookup, () => {
      const at = origin.idle.indexOf(connection);
      if (at >= 0) origin.idle.splice(at, 1);
      this.#sockets.delete(connection.socket);
      this.#forget(url.host, origin);
    });
    this.#sockets.add(connection.socket);
    return connection;
  }

  async #exchange(
    connection: Connection,
    request: BodyRequest,
    destination: { readonly url: URL; readonly origin: Origin },
    end: Deadline,
  ): Promise<ParsedResponse> {
    const { url, origin } = destination;
    const loan = this.#buffers.open();
    const known = this.#recall(request, url);
    // Values differ in their digits: a little more is expected.
    const expected = known.bodyBytes + (known.bodyBytes >> 5);
    const parser = new ResponseParser(request.bodyMaxBytes, loan.take, expected);
    const giveUp = (): void => connection.destroy(new Error('aborted'));
    end.onCome = giveUp;
    try {
      const asked = connection.ask(known.head, parser);
      if (end.hasCome) giveUp();
      const answer = await asked;
      known.bodyBytes = answer.body.length;
      if (connection.canBeKept) origin.idle.push(connection);
      else connection.destroy();
      return answer;
    } catch (error) {
      connection.destroy();
      throw describeFailure(error, url, request.bodyMaxBytes);
    } finally {
      end.onCome = undefined;
      origin.open -= 1;
      origin.waiting[0]?.();
      setImmediate(loan.release);
    }
  }

  /** The head is written once for each headers object, which callers therefore must not change. */
  #recall({ headers = NO_HEADERS }: BodyRequest, url: URL): KnownUrl {
    const known = this.#known.get(url);
    if (known?.headers === headers) return known;
    const fresh = { headers, head: writeHead(headers, url), bodyBytes: known?.bodyBytes ?? 0 };
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.set(url, fresh);
    return fresh;
  }
}

/** Comes when the request's time is up or its signal aborts; calls one callback at a time. */
class Deadline {
  hasCome: boolean;
  onCome: (() => void) | undefined;
  readonly #signal: AbortSignal;
  readonly #timer: NodeJS.Timeout;
  readonly #come = (): void => {
    this.hasCome = true;
    this.onCome?.();
  };

  constructor({ signal, timeoutMs }: BodyRequest) {
    this.#signal = signal;
    this.hasCome = signal.aborted;
    this.#timer = setTimeout(this.#come, timeoutMs);
    signal.addEventListener('abort', this.#come);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#signal.removeEventListener('abort', this.#come);
  }
}

/** One socket, which carries one exchange at a time. */
class Connection {
  readonly socket: Socket;
  /** True while no byte has come since the last exchange began. */
  isUntouched = true;
  #exchange: Exchange | undefined;
  #canBeKept = true;

  constructor(url: URL, lookup: LookupFunction | undefined, onClose: () => void) {
    shared ??= Buffer.allocUnsafeSlow(READ_BYTES);
    this.socket = connect({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port) || 80,
      noDelay: true,
      keepAlive: true,
      ...(lookup === undefined ? {} : { lookup }),
      onread: {
        buffer: shared,
        callback: (count, buffer) => {
          this.#read(buffer as Buffer, count);
          return mayReadOn(this.socket, count);
        },
      },
    });
    this.socket.setTimeout(CONNECT_TIMEOUT_MS);
    // Node restarts this timer with all traffic. It closes idle connections only: an exchange has
    // a time limit of its own.
    this.socket.once('connect', () => this.socket.setTimeout(IDLE_MS));
    this.socket.on('timeout', () => {
      if (this.socket.connecting) this.destroy(new Error('no connection within 10 s'));
      else if (this.#exchange === undefined) this.destroy();
    });
    this.socket.on('error', (error) => this.#fail(error));
    this.socket.on('end', () => this.#end());
    this.socket.on('close', () => {
      onClose();
      this.#fail(new Error('the connection was closed'));
    });
  }

  get canBeKept(): boolean {
    return this.#canBeKept && !this.socket.destroyed && this.socket.writable;
  }

  ask(head: string, parser: ResponseParser): Promise<ParsedResponse> {
    return new Promise((done, failed) => {
      this.isUntouched = true;
      this.#exchange = { parser, done, failed };
      if (this.socket.destroyed) this.#fail(new Error('the connection was closed'));
      else this.socket.write(head, 'latin1');
    });
  }

  destroy(error?: Error): void {
    this.#canBeKept = false;
    if (error !== undefined) this.#fail(error);
    this.socket.destroy();
  }

  #read(buffer: Buffer, count: number): void {
    this.isUntouched = false;
    const exchange = this.#exchange;
    // Bytes without a request cannot be matched to one: the connection is unusable.
    if (exchange === undefined) {
      this.destroy();
      return;
    }
    try {
      const { parser } = exchange;
      const used = parser.feed(buffer, count);
      if (!parser.isComplete) return;
      if (used < count || !parser.keepsAlive) this.#canBeKept = false;
      this.#finish(exchange);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  #end(): void {
    this.#canBeKept = false;
    const exchange = this.#exchange;
    if (exchange?.parser.endsAtClose === true) this.#finish(exchange);
    else this.#fail(new Error('the other side closed the connection'));
  }

  #finish({ parser, done }: Exchange): void {
    this.#exchange = undefined;
    done(parser.answer());
  }

  #fail(error: Error): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.failed(error);
  }
}

function writeHead(headers: Readonly<Record<string, string>>, url: URL): string {
  let head = `GET ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n`;
  for (const [name, value] of Object.entries(headers)) {
    if (/[\r\n\0]/.test(name + value))
      throw new HttpClientError('connect', `the header ${JSON.stringify(name)} holds a line break`);
    head += `${name}: ${value}\r\n`;
  }
  return `${head}\r\n`;
}

function nameHost(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/** Turns the error of a socket into one with its kind; refusals and client errors stay as is. */
function describeFailure(error: unknown, url: URL, maxBytes: number): Error {
  if (error instanceof HttpClientError) return error;
  const { code, name } = error as NodeJS.ErrnoException;
  if (name === 'PermanentError') return error as Error;
  if (code === 'ERR_BODY_TOO_LARGE')
    return new HttpClientError('body_too_large', `the answer is larger than ${maxBytes} bytes`);
  const kind = code === 'ECONNRESET' || code === 'EPIPE' ? 'reset' : 'connect';
  return new HttpClientError(kind, `GET ${nameHost(url)} failed: ${describeError(error)}`, {
    cause: error,
  });
}
