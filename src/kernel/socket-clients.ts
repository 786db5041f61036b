/**
 * A client for each socket file: connections are kept by the URL's host, so that one client would
 * ask one socket what was meant for another.
 * Limits: CLIENTS_MAX clients; then the one that was asked longest ago is closed.
 */
const CLIENTS_MAX = 256;

interface Closable {
  close(): Promise<void>;
}

export class SocketClients<Client extends Closable> {
  readonly #open: (socketPath: string) => Client;
  readonly #clients = new Map<string, Client>();

  constructor(open: (socketPath: string) => Client) {
    this.#open = open;
  }

  of(socketPath: string): Client {
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
