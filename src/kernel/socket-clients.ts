/**
 * A client for each socket file: connections are kept by the URL's host, so that one client would
 * ask one socket what was meant for another.
 * Limits: CLIENTS_MAX clients; then the one that was asked longest ago is closed.
 */
import type { HttpClient } from './http-client.ts';

const CLIENTS_MAX = 256;

export class SocketClients {
  readonly #open: (socketPath: string) => HttpClient;
  readonly #clients = new Map<string, HttpClient>();

  constructor(open: (socketPath: string) => HttpClient) {
    this.#open = open;
  }

  of(socketPath: string): HttpClient {
    const client = this.#clients.get(socketPath) ?? this.#open(socketPath);
    // The newest is last.
    this.#clients.delete(socketPath);
    this.#clients.set(socketPath, client);
    const [oldest] = this.#clients;
    if (this.#clients.size > CLIENTS_MAX && oldest !== undefined) {
      this.#clients.delete(oldest[0]);
      void oldest[1].close().catch(() => undefined);
    }
    return client;
  }

  async close(): Promise<void> {
    const clients = [...this.#clients.values()];
    this.#clients.clear();
    await Promise.all(clients.map((client) => client.close()));
  }
}
