/**
 * A small HTTP/1.1 client for one thing: getting pages, again and again, over plain TCP, at the
 * cost of little more than the bytes. A body of at most LENT_BYTES_MAX lies in a buffer that is
 * used again, and is lent until the turn of the event loop ends; a larger one has a buffer of its
 * own. TLS, proxies and all other methods are http-client.ts', which decides who is asked.
 * Limits: heads of 64 KiB, bodies as the caller says, 32 connections to an origin; what waits
 * behind them waits in order.
 * Source: https://www.rfc-editor.org/rfc/rfc9112
 */
import { connect, type LookupFunction, type Socket } from 'node:net';
import { LENT_BYTES_MAX } from '../model/borrowed.ts';
import { describeError } from './errors.ts';
import { HttpClientError } from './http-client-error.ts';
import { type ParsedResponse, ResponseParser } from './http-response-parser.ts';

export interface BodyRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Of the body as it comes. */
  readonly bodyMaxBytes: number;
  readonly signal: AbortSignal;
}

const CONNECTIONS_MAX = 32;
const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_MS = 60_000;
const READ_BYTES = 128 * 1024;
/** Bodies' buffers that wait for another use. */
const SPARE_MAX = 8;

const NO_HEADERS: Readonly<Record<string, string>> = {};

/** Every socket reads into it; what is read is copied out before the next read. */
let shared: Buffer | undefined;

interface Origin {
  readonly idle: Connection[];
  open: number;
  readonly waiting: (() => void)[];
}

interface Exchange {
  readonly parser: ResponseParser;
  readonly done: (answer: ParsedResponse) => void;
  readonly failed: (error: Error) => void;
}

export class BodyClient {
  readonly #lookup: LookupFunction | undefined;
  readonly #origins = new Map<string, Origin>();
  readonly #spare: Buffer[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #heads = new WeakMap<URL, { readonly headers: object; readonly head: string }>();

  constructor(lookup?: LookupFunction) {
    this.#lookup = lookup;
  }

  /** @throws HttpClientError, PermanentError of the lookup */
  async get(request: BodyRequest, url: URL): Promise<ParsedResponse> {
    const origin = this.#originOf(url.host);
    const place = { url, origin };
    const end = new Deadline(request);
    try {
      await this.#turn(origin, end);
      const known = origin.idle.pop();
      if (known === undefined)
        return await this.#exchange(this.#open(url, origin), request, place, end);
      try {
        return await this.#exchange(known, request, place, end);
      } catch (error) {
        // The other side may have closed what was idle just now: it has seen nothing of the
        // request.
        if (!known.isUntouched || end.hasCome) throw error;
        origin.open += 1;
        this.#origins.set(url.host, origin);
        return await this.#exchange(this.#open(url, origin), request, place, end);
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

  /** Counts the caller in; waits while there are as many as may be. */
  async #turn(origin: Origin, end: Deadline): Promise<void> {
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
      // Its turn may have come in the same moment: the next one has it.
      if (origin.open < CONNECTIONS_MAX) origin.waiting[0]?.();
      throw new Error('aborted');
    }
    origin.open += 1;
  }

  /** Targets come and go: one that has neither connections nor requests leaves nothing behind. */
  #forget(host: string, origin: Origin): void {
    const isUsed = origin.open > 0 || origin.idle.length > 0 || origin.waiting.length > 0;
    if (!isUsed && this.#origins.get(host) === origin) this.#origins.delete(host);
  }

  /** Origins that are known, for tests. */
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
    place: { readonly url: URL; readonly origin: Origin },
    end: Deadline,
  ): Promise<ParsedResponse> {
    const { url, origin } = place;
    const parser = new ResponseParser(request.bodyMaxBytes, (bytes) => this.#take(bytes));
    const giveUp = (): void => connection.destroy(new Error('aborted'));
    end.onCome = giveUp;
    try {
      const asked = connection.ask(this.#writeHead(request, url), parser);
      if (end.hasCome) giveUp();
      const answer = await asked;
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
      const { buffer } = parser;
      if (buffer !== undefined && buffer.length <= LENT_BYTES_MAX)
        setImmediate(() => {
          if (this.#spare.length < SPARE_MAX) this.#spare.push(buffer);
        });
    }
  }

  /** Written once for the same headers, which callers must not change. */
  #writeHead({ headers = NO_HEADERS }: BodyRequest, url: URL): string {
    const known = this.#heads.get(url);
    if (known?.headers === headers) return known.head;
    const head = writeHead(headers, url);
    this.#heads.set(url, { headers, head });
    return head;
  }

  /**
   * A buffer of at least so many bytes; one that is lent is at most LENT_BYTES_MAX, which is a
   * power of two.
   */
  #take(bytes: number): Buffer {
    if (bytes > LENT_BYTES_MAX) return Buffer.allocUnsafeSlow(bytes);
    const at = this.#spare.findIndex((one) => one.length >= bytes);
    if (at >= 0) return this.#spare.splice(at, 1)[0] as Buffer;
    return Buffer.allocUnsafeSlow(
      Math.max(READ_BYTES, 2 ** Math.ceil(Math.log2(Math.max(1, bytes)))),
    );
  }
}

/** The end of a request's time, or of interest in it; one callback at a time. */
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

/** One socket, one exchange at a time. */
class Connection {
  readonly socket: Socket;
  /** Nothing has come since the last exchange began. */
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
          return true;
        },
      },
    });
    this.socket.setTimeout(CONNECT_TIMEOUT_MS);
    // What comes and goes puts it off: an exchange has a time limit of its own.
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
    // What nobody asked for is nobody's answer.
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

/** Errors of the parser and of refusals by name stay what they are. */
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
