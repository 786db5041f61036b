/**
 * Servers on a free port of the loopback. With the test they are closed, and so are their
 * connections.
 */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import { type Ending, onEnd } from './ending.ts';

export interface Listening {
  readonly port: number;
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** `http://127.0.0.1:port`. */
  readonly url: string;
}

/** Listens with a server of net, http or https until the test ends. */
export async function listen(ending: Ending, server: Server): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onEnd(ending, () => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, host: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}` };
}

/** Starts an HTTP server, for example a target that serves its exposition. */
export function serve(ending: Ending, listener: RequestListener): Promise<Listening> {
  return listen(ending, createServer(listener));
}
