/**
 * Makes the node:http server of a listener, with or without TLS: its limits, certificates that are
 * renewed without a restart, and answers in words to bytes that are not a request and to requests
 * that must be refused (http-refusals.ts decides which).
 */
import type {
  IncomingMessage,
  RequestListener,
  Server,
  ServerOptions,
  ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Server as TlsServer } from 'node:tls';
import {
  describeUnreadable,
  HEAD_MAX_BYTES,
  refuseHead,
  type HttpRefusal,
} from './http-refusals.ts';
import { Slices } from './slices.ts';
import type { WebConfig } from './web-config.ts';

// Not by import: that evaluates every export and so loads Node's own undici, 16 MB that a sidecar
// does not need.
const { createServer, STATUS_CODES } = process.getBuiltinModule('node:http');

export interface WebServerOptions {
  readonly limits: ServerOptions;
  /** Undefined for plain HTTP. */
  readonly web: WebConfig | undefined;
  /** The value of Allow, in the answers to `OPTIONS *` and to CONNECT. */
  readonly methods: string;
  /** Why there are no tunnels (CONNECT), and what to do instead. */
  readonly noTunnel: string;
  /** What is refused besides; none by default (stranger-guard.ts). */
  readonly refuseStranger?: ((incoming: IncomingMessage) => HttpRefusal | undefined) | undefined;
  /** Called for each request that is refused before it gets to the listener, with its sender. */
  readonly onRefused?: (refusal: HttpRefusal, from: string) => void;
  /** Called for each client that is ended since it sent too many requests ahead. */
  readonly onPipelined?: (from: string) => void;
}

const CHECK_MS = 1_000;
const HANDSHAKE_MS = 10_000;
/**
 * So many requests may wait on one connection: each is served when the client has taken the answer
 * before, or answers that are not read would pile up.
 */
const PIPELINED_MAX = 100;
const TOO_MANY: HttpRefusal = {
  status: 429,
  words: `more than ${PIPELINED_MAX} requests wait on one connection; read their answers first`,
};
/** How long the rest of a refused request is read, so that the client gets to read its answer. */
const LINGER_MS = 2_000;

/**
 * A server that is not listening yet. A client that sends Expect: 100-continue sends its body only
 * after the listener has called `askForBody`.
 */
export function createWebServer(options: WebServerOptions, listener: RequestListener): Server {
  const { methods, noTunnel, onRefused = () => undefined } = options;
  /**
   * Connections that end with a refusal. What comes after it is discarded; its errors are not
   * answered again.
   */
  const refused = new WeakSet<Duplex>();
  /** The last answer that was begun on each connection. */
  const answers = new WeakMap<Duplex, ServerResponse>();
  const refuse = (
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    refusal: HttpRefusal,
  ): void => {
    refused.add(incoming.socket);
    onRefused(refusal, addressOf(incoming.socket));
    outgoing.writeHead(refusal.status, { ...TEXT, connection: 'close' }).write(renderBody(refusal));
    endWhenRead(incoming, outgoing);
  };
  /** How many requests of each connection wait for the answer before theirs to be taken. */
  const waiting = new WeakMap<Duplex, number>();
  const serveInTurn = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const { socket } = incoming;
    const before = answers.get(socket);
    answers.set(socket, outgoing);
    if (before === undefined || before.writableFinished) {
      serve(incoming, outgoing);
      return;
    }
    const count = (waiting.get(socket) ?? 0) + 1;
    waiting.set(socket, count);
    if (count > PIPELINED_MAX) {
      if (!socket.destroyed) {
        onRefused(TOO_MANY, addressOf(socket));
        options.onPipelined?.(addressOf(socket));
      }
      socket.destroy();
      return;
    }
    before.once('close', () => {
      waiting.set(socket, (waiting.get(socket) ?? 1) - 1);
      if (!socket.destroyed) serve(incoming, outgoing);
    });
  };
  const serve = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const refusal = refuseHead(incoming) ?? options.refuseStranger?.(incoming);
    if (refusal !== undefined) refuse(incoming, outgoing, refusal);
    else if (incoming.url === '*') outgoing.writeHead(204, { allow: methods }).end();
    else listener(incoming, outgoing);
  };
  const server = createNodeServer(
    // refuseHead checks the Host header, with an answer in words. Headers are limited by their
    // bytes together, not by their number: Node would leave out those above the number.
    {
      ...options.limits,
      maxHeaderSize: HEAD_MAX_BYTES,
      requireHostHeader: false,
      // How often Node looks for heads and bodies that are late; its own default is 30 s.
      connectionsCheckingInterval: CHECK_MS,
    },
    options.web,
    serveInTurn,
  );
  server.maxHeadersCount = 0;
  server.on('checkContinue', serveInTurn);
  server.on('checkExpectation', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    refuse(incoming, outgoing, {
      status: 417,
      words: 'Expect may be 100-continue, and nothing else',
    });
  });
  server.on('connect', (_incoming, socket) => {
    const refusal = { status: 405, words: noTunnel };
    onRefused(refusal, addressOf(socket));
    endWith(socket, refusal, `Allow: ${methods}\r\n`);
  });
  const refuseUnreadable = (error: Error, socket: Duplex): void => {
    const refusal = describeUnreadable(error);
    if (refusal === undefined || !socket.writable) {
      socket.destroy();
      return;
    }
    onRefused(refusal, addressOf(socket));
    const before = answers.get(socket);
    if (before === undefined || before.writableFinished) endWith(socket, refusal);
    // The request before is whole and its answer not yet sent: that answer comes first.
    else if (before.req.complete) before.once('finish', () => endWith(socket, refusal));
    // A refusal within a begun answer would look like a part of it: the connection is cut.
    else if (before.headersSent) socket.destroy();
    else endWith(socket, refusal);
  };
  // The time of thousands that connected together is over in one turn.
  const late = new Slices<readonly [Error, Duplex]>(LATE_SLICE, ([error, socket]) =>
    refuseUnreadable(error, socket),
  );
  server.on('clientError', (error, socket) => {
    if (refused.has(socket)) return;
    refused.add(socket);
    if (!isLate(error)) {
      refuseUnreadable(error, socket);
      return;
    }
    // What comes until then comes too late.
    socket.pause();
    late.add([error, socket]);
  });
  return server;
}

/**
 * Calls the listener for each request before it is served: one whose client waits with its body
 * (Expect) is told of by another event.
 */
export function onEachRequest(server: Server, listener: RequestListener): void {
  for (const event of ['request', 'checkContinue', 'checkExpectation'] as const)
    server.prependListener(event, listener);
}

/**
 * Tells a client that waits with its body (Expect: 100-continue) to send it. Call it once, before
 * any answer.
 */
export function askForBody(incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (isHeldBack(incoming) && !outgoing.headersSent) outgoing.writeContinue();
}

/** Whether the client waits with its body until it is asked for it (or for some time). */
export function isHeldBack({ headers, httpVersion }: IncomingMessage): boolean {
  return httpVersion === '1.1' && headers.expect?.toLowerCase() === '100-continue';
}

/**
 * Ends an answer whose body is written. Many clients read an answer only after they have sent their
 * whole request, so the rest of the request is read for up to LINGER_MS and discarded.
 */
export function endWhenRead(incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (incoming.complete || isHeldBack(incoming)) {
    outgoing.end();
    return;
  }
  const end = (): void => {
    clearTimeout(timer);
    outgoing.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  incoming.once('end', end).once('close', end).resume();
}

function addressOf(socket: Duplex): string {
  return (socket as Partial<Socket>).remoteAddress ?? '';
}

/** How many late clients are answered in one turn of the event loop. */
const LATE_SLICE = 50;

function isLate(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_HTTP_REQUEST_TIMEOUT';
}

const TEXT = { 'content-type': 'text/plain; charset=utf-8' };

function renderBody({ status, words }: HttpRefusal): string {
  return `${status}: ${words}\n`;
}

/**
 * Writes an answer to the socket itself, since node:http has no response object here, and closes
 * the connection at the latest after LINGER_MS, so that the client has time to read it.
 */
function endWith(socket: Duplex, refusal: HttpRefusal, header = ''): void {
  const body = Buffer.from(renderBody(refusal));
  const head =
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}\r\n${header}` +
    (`Content-Type: ${TEXT['content-type']}\r\nContent-Length: ${body.length}\r\nConnection: ` +
      `close\r\n\r\n`);
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
  // node:http has removed its own listeners: an error without one would end the process.
  socket.on('error', () => socket.destroy());
  socket.end(Buffer.concat([Buffer.from(head), body]));
  socket.resume();
}

function createNodeServer(
  limits: ServerOptions,
  web: WebConfig | undefined,
  listener: RequestListener,
): Server {
  const tls = web?.tls;
  if (tls === undefined) return createServer(limits, listener);
  let known = tls.secrets();
  const server = process.getBuiltinModule('node:https').createServer(
    {
      ...limits,
      ...known,
      handshakeTimeout: HANDSHAKE_MS,
      requestCert: tls.requestsCertificate,
      rejectUnauthorized: tls.rejectsUnverified,
    },
    listener,
  );
  // Runs before the handshake, so that a renewed certificate is used for the next connection.
  server.prependListener('connection', () => {
    const now = tls.secrets();
    if (now !== known) (server as TlsServer).setSecureContext(now);
    known = now;
  });
  return server;
}
