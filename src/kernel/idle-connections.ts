/**
 * Makes room for new connections of a plain HTTP server: near the limit of all, and at that of one
 * client address, the connection closes that has been without a request for longest. Silent
 * connections would keep everybody out until their time is over otherwise. Where none is without
 * a request, the new one closes.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';

export interface IdleLimits {
  /** Above it, each new connection closes an idle one. */
  readonly all: number;
  /** The most connections of one address. */
  readonly perAddress: number;
  /** Called for each connection that closes at once, since none of its address is idle. */
  readonly onRefused: () => void;
}

export function closeIdleConnections(server: Server, limits: IdleLimits): void {
  const counts = new Map<string, number>();
  /** Connections without a request, by address; the longest idle is the first. */
  const idle = new Map<Duplex, string>();
  let open = 0;
  const closeFirst = (address?: string): boolean => {
    for (const [socket, of] of idle) {
      if (address !== undefined && of !== address) continue;
      idle.delete(socket);
      socket.destroy();
      return true;
    }
    return false;
  };
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const count = (counts.get(address) ?? 0) + 1;
    counts.set(address, count);
    open += 1;
    socket.once('close', () => {
      open -= 1;
      idle.delete(socket);
      const left = (counts.get(address) ?? 1) - 1;
      if (left <= 0) counts.delete(address);
      else counts.set(address, left);
    });
    if (count > limits.perAddress && !closeFirst(address)) {
      limits.onRefused();
      socket.destroy();
      return;
    }
    if (count <= limits.perAddress && open > limits.all) closeFirst();
    idle.set(socket, address);
  });
  server.on('request', ({ socket }: IncomingMessage, outgoing: ServerResponse) => {
    const address = socket.remoteAddress ?? '';
    idle.delete(socket);
    outgoing.once('close', () => {
      if (!socket.destroyed) idle.set(socket, address);
    });
  });
}
