/**
 * The HTTP client of a job, which may be replaced during requests: these end on the client on which
 * they began, and that client is closed after the last of them.
 */
import type { ClientRequest, ClientResponse, HttpClient } from '../kernel/http-client.ts';

interface Lease<Body> {
  readonly client: HttpClient<Body>;
  requests: number;
}

export class JobClient<Body> implements HttpClient<Body> {
  #lease: Lease<Body>;
  /** Replaced clients that still have requests. */
  readonly #old = new Set<Lease<Body>>();

  /** @param client owned, and closed, by this object */
  constructor(client: HttpClient<Body>) {
    this.#lease = { client, requests: 0 };
  }

  async send(request: ClientRequest): Promise<ClientResponse<Body>> {
    const lease = this.#lease;
    lease.requests += 1;
    try {
      return await lease.client.send(request);
    } finally {
      lease.requests -= 1;
      if (lease.requests === 0 && this.#old.delete(lease)) discard(lease);
    }
  }

  replace(client: HttpClient<Body>): void {
    const old = this.#lease;
    this.#lease = { client, requests: 0 };
    if (old.requests === 0) discard(old);
    else this.#old.add(old);
  }

  /** Closes all clients; requests that have not ended are given up. */
  async close(): Promise<void> {
    const leases = [this.#lease, ...this.#old];
    this.#old.clear();
    await Promise.all(leases.map(({ client }) => client.close()));
  }
}

/**
 * Closes a client that has no more requests. An error in closing is ignored, since nothing depends
 * on it.
 */
function discard({ client }: Lease<unknown>): void {
  void client.close().catch(() => undefined);
}
