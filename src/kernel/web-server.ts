/**
 * The listening socket of a server with or without TLS: limits of node:http, certificates that are
 * renewed in place, and answers with words to what is no request or must not be taken for one
 * (http-refusals.ts says which).
 */
import type {
  IncomingMessage,
  RequestListener,
  Server,
  ServerOptions,
  ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';
import type { Server as TlsServer } from 'node:tls';
import {
  describeUnreadable,
  HEAD_MAX_BYTES,
  refuseHead,
  type HttpRefusal,
} from './http-refusals.ts';
import type { WebConfig } from './web-config.ts';

// Not by import, which reads every export and so loads Node's own undici: 16 MB that a sidecar can
// do without.
const { createServer, STATUS_CODES } = process.getBuiltinModule('node:http');

export interface WebServerOptions {
  readonly limits: ServerOptions;
  /** With TLS, or none. */
  readonly web: WebConfig | undefined;
  /** Answers `OPTIONS *`, and stands in Allow where a tunnel is asked for. */
  readonly methods: string;
  /** Why there are no tunnels (CONNECT), and what to do instead. */
  readonly noTunnel: string;
  /** Told of each request that never got to the listener. */
  readonly onRefused?: (refusal: HttpRefusal) => void;
}

/** How long what a refused client still sends is read, so that it gets to read its answer. */
const LINGER_MS = 2_000;

/**
 * A server that is not listening yet. A body that a client holds back (Expect) is asked for by
 * `askForBody`.
 */
export function createWebServer(options: WebServerOptions, listener: RequestListener): Server {
  const { methods, noTunnel, onRefused = () => undefined } = options;
  /**
   * Connections that end with a refusal: what comes behind is read into the void, and would be
   * found wrong again.
   */
  const refused = new WeakSet<Duplex>();
  /** The answer under way on each connection. */
  const answers = new WeakMap<Duplex, ServerResponse>();
  const refuse = (
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    refusal: HttpRefusal,
  ): void => {
    refused.add(incoming.socket);
    onRefused(refusal);
    outgoing.writeHead(refusal.status, { ...TEXT, connection: 'close' }).write(renderBody(refusal));
    endWhenRead(incoming, outgoing);
  };
  const serve = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    answers.set(incoming.socket, outgoing);
    const refusal = refuseHead(incoming);
    if (refusal !== undefined) refuse(incoming, outgoing, refusal);
    else if (incoming.url === '*') outgoing.writeHead(204, { allow: methods }).end();
    else listener(incoming, outgoing);
  };
  const server = createNodeServer(
    // Hosts are looked at by us, with words. All headers together are bounded by their bytes, and
    // none is left out.
    { ...options.limits, maxHeaderSize: HEAD_MAX_BYTES, requireHostHeader: false },
    options.web,
    serve,
  );
  server.maxHeadersCount = 0;
  server.on('checkContinue', serve);
  server.on('checkExpectation', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    refuse(incoming, outgoing, {
      status: 417,
      words: 'Expect may be 100-continue, and nothing else',
    });
  });
  server.on('connect', (_incoming, socket) => {
    const refusal = { status: 405, words: noTunnel };
    onRefused(refusal);
    endWith(socket, refusal, `Allow: ${methods}\r\n`);
  });
  server.on('clientError', (error, socket) => {
    if (refused.has(socket)) return;
    refused.add(socket);
    const refusal = describeUnreadable(error);
    if (refusal === undefined || !socket.writable) {
      socket.destroy();
      return;
    }
    onRefused(refusal);
    const before = answers.get(socket);
    if (before === undefined || before.writableFinished) endWith(socket, refusal);
    // The request before has not got its answer yet, which comes first.
    else if (before.req.complete) before.once('finish', () => endWith(socket, refusal));
    // Half an answer must not look like a whole one.
    else if (before.headersSent) socket.destroy();
    else endWith(socket, refusal);
  });
  return server;
}

/**
 * Tells a client that waits for it (Expect: 100-continue) to send the body; once, and before any
 * answer.
 */
export function askForBody(incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (isHeldBack(incoming) && !outgoing.headersSent) outgoing.writeContinue();
}

/** Whether the client sends its body only when it is asked for it, or after a while. */
export function isHeldBack({ headers, httpVersion }: IncomingMessage): boolean {
  return httpVersion === '1.1' && headers.expect?.toLowerCase() === '100-continue';
}

/**
 * Ends an answer that is written. A client that is still sending reads it only when it is done:
 * what it sends is read for a while, and lost.
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

const TEXT = { 'content-type': 'text/plain; charset=utf-8' };

function renderBody({ status, words }: HttpRefusal): string {
  return `${status}: ${words}\n`;
}

/**
 * Writes an answer past node:http, and ends the connection once the client has had the time to read
 * it.
 */
function endWith(socket: Duplex, refusal: HttpRefusal, header = ''): void {
  const body = Buffer.from(renderBody(refusal));
  const head =
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}\r\n${header}` +
    (`Content-Type: ${TEXT['content-type']}\r\nContent-Length: ${body.length}\r\nConnection: ` +
      `close\r\n\r\n`);
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
  // Nobody else listens any more.
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
      requestCert: tls.requestsCertificate,
      rejectUnauthorized: tls.rejectsUnverified,
    },
    listener,
  );
  // Before the handshake, so that a renewed certificate serves the very next connection.
  server.prependListener('connection', () => {
    const now = tls.secrets();
    if (now !== known) (server as TlsServer).setSecureContext(now);
    known = now;
  });
  return server;
}
