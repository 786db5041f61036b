/**
 * The listening socket of a server with or without TLS: limits of node:http, and certificates that are renewed in place.
 */
import type { RequestListener, Server, ServerOptions } from 'node:http';
import type { Server as TlsServer } from 'node:tls';
import type { WebConfig } from './web-config.ts';

// Not by import, which reads every export and so loads Node's own undici: 16 MB that a sidecar can do without.
const { createServer } = process.getBuiltinModule('node:http');

/** A server that is not listening yet. @param web  with TLS, or none */
export function createWebServer(
  limits: ServerOptions,
  web: WebConfig | undefined,
  listener: RequestListener,
): Server {
  const server = serverOf(limits, web, listener);
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });
  return server;
}

function serverOf(
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
