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
import type { LookupFunction, Socket } from 'node:net';
import { LENT_BYTES_MAX } from '../model/borrowed.ts';
import { unwatchAbort, watchAbort } from './abort-watch.ts';
import { afterTurn } from './after-turn.ts';
import { type Alarm, makeAlarm } from './alarms.ts';
import { BodyBuffers, type BodyLoan } from './body-buffers.ts';
import { describeError } from './errors.ts';
import { type Asked, Connection } from './http-body-connection.ts';
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
/** Of the buffers that are lent. */
const BUFFER_LIMITS = { longest: LENT_BYTES_MAX, keptBytes: 8 * 1024 * 1024 };

/** So many URLs are remembered; weak maps of thousands make collecting garbage long. */
const KNOWN_MAX = 10_000;

const NO_HEADERS: Readonly<Record<string, string>> = {};

/** What is remembered of a URL. */
interface KnownUrl {
  readonly headers: object;
  readonly head: string;
  /** The length of its last body. */
  bodyBytes: number;
}

interface Origin {
  readonly host: string;
  readonly idle: Connection[];
  /** How many requests are under way. */
  open: number;
  readonly waiting: Exchange[];
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

  /**
   * Rejects with an HttpClientError where there is no answer; with a PermanentError for an address
   * that is refused.
   */
  get(request: BodyRequest, url: URL): Promise<ParsedResponse> {
    return new Promise((resolve, reject) => {
      if (request.signal.aborted) throw abortError(url);
      const known = this.#recall(request, url);
      const origin = this.#originOf(url.host);
      const open = (): Connection => this.#open(url, origin);
      const onEnd = (): void => this.#leave(origin);
      const buffers = this.#buffers;
      const exchange = new Exchange({ request, url, known, buffers, open, onEnd, resolve, reject });
      // Where too many are under way, it waits for its turn.
      if (origin.open >= CONNECTIONS_MAX) this.#wait(origin, exchange);
      else this.#begin(origin, exchange);
    });
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#origins.clear();
  }

  #originOf(host: string): Origin {
    let origin = this.#origins.get(host);
    if (origin === undefined) {
      origin = { host, idle: [], open: 0, waiting: [] };
      this.#origins.set(host, origin);
    }
    return origin;
  }

  #wait(origin: Origin, exchange: Exchange): void {
    origin.waiting.push(exchange);
    exchange.onGivenUp = () => {
      const at = origin.waiting.indexOf(exchange);
      if (at >= 0) origin.waiting.splice(at, 1);
    };
  }

  #begin(origin: Origin, exchange: Exchange): void {
    origin.open += 1;
    exchange.begin(origin.idle.pop(), (connection) => origin.idle.push(connection));
  }

  /** A request has ended: the next one that waits begins. */
  #leave(origin: Origin): void {
    origin.open -= 1;
    const next = origin.waiting.shift();
    if (next !== undefined) this.#begin(origin, next);
    else this.#forget(origin);
  }

  /** Targets come and go: an origin without connections and requests is removed from the map. */
  #forget(origin: Origin): void {
    const isUsed = origin.open > 0 || origin.idle.length > 0 || origin.waiting.length > 0;
    if (!isUsed && this.#origins.get(origin.host) === origin) this.#origins.delete(origin.host);
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
      this.#forget(origin);
    });
    this.#sockets.add(connection.socket);
    return connection;
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

interface ExchangeParts {
  readonly request: BodyRequest;
  readonly url: URL;
  readonly known: KnownUrl;
  readonly buffers: BodyBuffers;
  readonly open: () => Connection;
  /** Called once, after an exchange that has begun. */
  readonly onEnd: () => void;
  readonly resolve: (answer: ParsedResponse | Promise<ParsedResponse>) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A request until its end: it waits for its turn, is asked, and where an idle connection turns out
 * to be closed, asked once more on a new one.
 */
class Exchange implements Asked {
  parser!: ResponseParser;
  /** Called where it ends while it waits for its turn. */
  onGivenUp: (() => void) | undefined;
  readonly #parts: ExchangeParts;
  readonly #alarm: Alarm;
  #keep: ((connection: Connection) => void) | undefined;
  #connection: Connection | undefined;
  /** Whether the connection was there before. */
  #isReused = false;
  #loan: BodyLoan | undefined;
  /** Why it was given up; what the connection fails of afterwards follows from it. */
  #reason: HttpClientError | undefined;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
    const { signal, timeoutMs } = parts.request;
    this.#alarm = makeAlarm(this.#onTimeout);
    this.#alarm.set(timeoutMs);
    watchAbort(signal, this.#onAbort);
  }

  begin(idle: Connection | undefined, keep: (connection: Connection) => void): void {
    this.onGivenUp = undefined;
    this.#keep = keep;
    this.#isReused = idle !== undefined;
    this.#ask(idle ?? this.#parts.open());
  }

  onAnswer(): void {
    const { known, url, request, resolve } = this.#parts;
    const connection = this.#connection as Connection;
    let answer: ParsedResponse | Promise<ParsedResponse>;
    try {
      answer = this.parser.answer();
    } catch (error) {
      this.onFailure(error as Error);
      return;
    }
    known.bodyBytes = this.parser.bodyBytes;
    // The connection is not ours from here on: what would give it up must not come any more.
    this.#unwatch();
    if (connection.canBeKept) this.#keep?.(connection);
    else connection.destroy();
    if (answer instanceof Promise)
      resolve(
        answer
          .finally(() => this.#leave())
          .catch((error: unknown) => {
            throw describeFailure(error, url, request.bodyMaxBytes);
          }),
      );
    else {
      this.#leave();
      resolve(answer);
    }
  }

  onFailure(error: Error): void {
    const connection = this.#connection as Connection;
    connection.destroy();
    // The other side may have closed the idle connection just before. Where no byte of an answer
    // has come, the request is sent once more on a new connection.
    if (this.#isReused && connection.isUntouched && this.#reason === undefined) {
      this.#isReused = false;
      this.#giveBack();
      this.#ask(this.#parts.open());
      return;
    }
    const { url, request } = this.#parts;
    const reason = this.#reason ?? describeFailure(error, url, request.bodyMaxBytes);
    this.#unwatch();
    this.#leave();
    this.#parts.reject(reason);
  }

  #ask(connection: Connection): void {
    const { known, request, buffers } = this.#parts;
    this.#connection = connection;
    this.#loan = buffers.open();
    // Values differ in their digits: a little more is expected.
    const expected = known.bodyBytes + (known.bodyBytes >> 5);
    this.parser = new ResponseParser(request.bodyMaxBytes, this.#loan.take, expected);
    connection.ask(known.head, this);
  }

  readonly #onTimeout = (): void => {
    const { url, request } = this.#parts;
    const message = `GET ${nameHost(url)} took longer than ${request.timeoutMs} ms`;
    this.#giveUp(new HttpClientError('timeout', message));
  };

  readonly #onAbort = (): void => this.#giveUp(abortError(this.#parts.url));

  #giveUp(reason: HttpClientError): void {
    this.#reason = reason;
    if (this.#connection !== undefined) {
      this.#connection.destroy(reason);
      return;
    }
    this.onGivenUp?.();
    this.#unwatch();
    this.#parts.reject(reason);
  }

  #unwatch(): void {
    this.#alarm.clear();
    unwatchAbort(this.#parts.request.signal, this.#onAbort);
  }

  /** Others may begin, and use what the body lay in once this turn has ended. */
  #leave(): void {
    this.#giveBack();
    this.#parts.onEnd();
  }

  #giveBack(): void {
    if (this.#loan !== undefined) afterTurn(this.#loan.release);
    this.#loan = undefined;
  }
}

function writeHead(headers: Readonly<Record<string, string>>, url: URL): string {
  let head = `GET ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n`;
  for (const [name, value] of Object.entries(headers)) {
    // A character above 0xff would go as its last byte, which may be a line break.
    if (/[^\t\x20-\x7e\x80-\xff]/.test(name + value))
      throw new HttpClientError(
        'connect',
        `the header ${JSON.stringify(name)} holds a line break or another character that none ` +
          'may have',
      );
    head += `${name}: ${value}\r\n`;
  }
  return `${head}\r\n`;
}

function abortError(url: URL): HttpClientError {
  return new HttpClientError('aborted', `GET ${nameHost(url)} was aborted`);
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
