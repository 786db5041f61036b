/**
 * The connections of a server, for its end. A client that has sent half a request must not hold up
 * the stop of the process: only requests that came whole are waited for.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { onEachRequest } from './web-server.ts';

/** How long a request that has begun may still take to come whole. */
const REST_MS = 1_000;

export class ServerConnections {
  /** Connections over which requests come; with TLS, those that have shaken hands. */
  readonly #ready = new Set<Duplex>();
  /** With TLS, the connections below them too. */
  readonly #raw = new Set<Duplex>();
  /** The requests under way. */
  readonly #requests = new Map<Duplex, IncomingMessage>();

  constructor(server: Server, isTls: boolean) {
    server.on('connection', (socket: Duplex) => {
      keep(this.#raw, socket);
      if (!isTls) keep(this.#ready, socket);
    });
    if (isTls) server.on('secureConnection', (socket: Duplex) => keep(this.#ready, socket));
    onEachRequest(server, (incoming, outgoing) => {
      const { socket } = incoming;
      this.#requests.set(socket, incoming);
      outgoing.once('close', () => {
        if (this.#requests.get(socket) === incoming) this.#requests.delete(socket);
      });
    });
  }

  /** Ends connections without a request at once, and those whose request stays incomplete soon. */
  endUnserved(): NodeJS.Timeout {
    for (const socket of this.#ready) if (!this.#requests.has(socket)) socket.destroy();
    return setTimeout(() => {
      for (const socket of this.#ready)
        if (this.#requests.get(socket)?.complete !== true) socket.destroy();
    }, REST_MS);
  }

  /** Ends all connections. */
  endAll(): void {
    for (const socket of [...this.#ready, ...this.#raw]) socket.destroy();
  }
}

function keep(sockets: Set<Duplex>, socket: Duplex): void {
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
}
