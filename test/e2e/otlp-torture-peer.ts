/**
 * A receiver of OTLP that answers at random, over HTTP and over gRPC: it throttles, is unavailable,
 * resets connections before and after it has taken a request, hangs, says GOAWAY, and is away.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  createServer as createHttp2Server,
  type Http2Session,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { writeGrpcFrame } from '../../src/kernel/grpc/framing.ts';
import { formatRequestJson } from '../../src/wire/otlp/request-json.ts';
import { encodeStatus } from '../../src/wire/otlp/rpc-status.ts';

/** What a request meets. */
type Mood = 'taken' | 'throttled' | 'unavailable' | 'reset' | 'answer lost' | 'hang' | 'goaway';

/** What a number's latest answer was. */
interface Receipt {
  readonly atMs: number;
  readonly isAnswered: boolean;
}

export class BadOtlp {
  readonly faults: Record<string, number> = {};
  readonly received = new Map<number, Receipt>();
  /** Numbers that came again though their answer had been sent. */
  /** What was answered last, in calls of gRPC. */
  #lately: {
    readonly atMs: number;
    readonly numbers: readonly number[];
    readonly session: Http2Session;
  }[] = [];
  readonly repeats: { readonly number: number; readonly before: Receipt }[] = [];
  isCalm = false;
  isAway = false;
  port = 0;
  readonly #random: () => number;
  readonly #protocol: 'http' | 'grpc';
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  #close: () => void = () => undefined;

  constructor(protocol: 'http' | 'grpc', random: () => number) {
    this.#protocol = protocol;
    this.#random = random;
  }

  async start(): Promise<void> {
    const server =
      this.#protocol === 'http'
        ? createServer((request, response) => this.#serveHttp(request, response))
        : createHttp2Server();
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
    });
    server.on('session', (session: ServerHttp2Session) => {
      this.#sessions.add(session);
      session.on('close', () => this.#sessions.delete(session));
      session.on('error', () => undefined);
    });
    if (this.#protocol === 'grpc')
      server.on('stream', (stream: ServerHttp2Stream, headers: Record<string, unknown>) =>
        this.#serveGrpc(stream, String(headers[':path'])),
      );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.#close = () => void server.close();
  }

  stop(): void {
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
    this.#close();
  }

  #serveHttp(request: IncomingMessage, response: ServerResponse): void {
    const parts: Buffer[] = [];
    request.on('error', () => undefined);
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      const mood = this.#choose();
      if (mood === 'throttled') response.writeHead(429, { 'retry-after': '0' }).end();
      else if (mood === 'unavailable') response.writeHead(502 + (parts.length % 3)).end();
      else if (mood === 'reset' || mood === 'goaway') request.socket.destroy();
      else if (mood === 'hang') setTimeout(() => request.socket.destroy(), 1_500).unref();
      else {
        this.#take(request.url ?? '', gunzipSync(body), mood === 'taken');
        if (mood === 'taken') response.writeHead(200).end();
        else request.socket.destroy();
      }
    });
  }

  #serveGrpc(stream: ServerHttp2Stream, path: string): void {
    const parts: Buffer[] = [];
    stream.on('error', () => undefined);
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('end', () => {
      const frame = Buffer.concat(parts);
      const body = frame.subarray(5);
      // The stream of a process that was killed ends in the middle of its message.
      if (body.length < 1 || body.length < frame.readUInt32BE(1)) return;
      const mood = this.#choose();
      if (mood === 'throttled') this.#answer(stream, 8, encodeStatus(8, 'later', 10));
      else if (mood === 'unavailable') this.#answer(stream, 14);
      else if (mood === 'reset') stream.close(2);
      else if (mood === 'hang') setTimeout(() => stream.destroy(), 1_500).unref();
      else {
        const numbers = this.#take(path, gunzipSync(body), false);
        // Another call may end the session before the trailers of this answer have gone out.
        const { session } = stream;
        stream.once('close', () => {
          if (stream.sentTrailers !== undefined && session?.destroyed === false)
            this.#noteAnswered(numbers, session);
        });
        // Without a stream's id it would say that none was answered, and all are sent again.
        if (mood === 'goaway') stream.session?.goaway(0, LAST_STREAM_ID);
        if (mood === 'answer lost' && session !== undefined) this.#destroy(session);
        else this.#answer(stream, 0);
      }
    });
  }

  #answer(stream: ServerHttp2Stream, status: number, details?: Uint8Array): void {
    if (stream.destroyed) return;
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc' },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () =>
      stream.sendTrailers({
        'grpc-status': String(status),
        ...(details === undefined
          ? {}
          : { 'grpc-status-details-bin': Buffer.from(details).toString('base64') }),
      }),
    );
    stream.end(status === 0 ? writeGrpcFrame(Buffer.alloc(0)) : undefined);
  }

  #choose(): Mood {
    if (this.isCalm) return 'taken';
    const mood = this.isAway ? 'reset' : moodOf(this.#random());
    if (mood !== 'taken') this.faults[mood] = (this.faults[mood] ?? 0) + 1;
    return mood;
  }

  /** The numbers in it. */
  #take(path: string, body: Buffer, isAnswered: boolean): readonly number[] {
    const signal = /trace/i.test(path) ? 'traces' : 'metrics';
    const json = formatRequestJson(signal, body).toString();
    const numbers: number[] = [];
    const found = signal === 'traces' ? /"name":"n(\d+)"/g : /"asDouble":(\d+)/g;
    for (const [, text] of json.matchAll(found)) {
      const number = Number(text);
      const before = this.received.get(number);
      if (before?.isAnswered === true) this.repeats.push({ number, before });
      this.received.set(number, { atMs: performance.now(), isAnswered });
      numbers.push(number);
    }
    return numbers;
  }

  #noteAnswered(numbers: readonly number[], session: Http2Session): void {
    const atMs = performance.now();
    for (const number of numbers) this.received.set(number, { atMs, isAnswered: true });
    this.#lately = this.#lately.filter((one) => atMs - one.atMs < ON_ITS_WAY_MS);
    this.#lately.push({ atMs, numbers, session });
  }

  /** Ends a session at once, with the answers of other calls that have not left it yet. */
  #destroy(session: Http2Session): void {
    const nowMs = performance.now();
    session.destroy();
    for (const one of this.#lately)
      if (one.session === session && nowMs - one.atMs < ON_ITS_WAY_MS)
        for (const number of one.numbers)
          this.received.set(number, { atMs: one.atMs, isAnswered: false });
  }
}

/** The greatest there is: all streams that there are will be answered. */
const LAST_STREAM_ID = 2 ** 31 - 1;
/** What was answered so long ago has arrived. */
const ON_ITS_WAY_MS = 500;

function moodOf(random: number): Mood {
  if (random < 0.08) return 'throttled';
  if (random < 0.16) return 'unavailable';
  if (random < 0.21) return 'reset';
  if (random < 0.28) return 'answer lost';
  if (random < 0.3) return 'hang';
  return random < 0.35 ? 'goaway' : 'taken';
}
