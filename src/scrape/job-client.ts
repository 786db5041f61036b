/**
 * The HTTP client of a job, which may be replaced while requests are under way: those end on the client they began with,
 * and that client is closed after the last of them.
 */
import type { ClientRequest, ClientResponse, HttpClient } from '../kernel/http-client.ts';

interface Lease {
  readonly client: HttpClient;
  requests: number;
  isOver: boolean;
}

export class JobClient implements HttpClient {
  #lease: Lease;

  /** @param client  is closed by this one */
  constructor(client: HttpClient) {
    this.#lease = { client, requests: 0, isOver: false };
  }

  async send(request: ClientRequest): Promise<ClientResponse> {
    const lease = this.#lease;
    lease.requests += 1;
    try {
      return await lease.client.send(request);
    } finally {
      lease.requests -= 1;
      closeUnused(lease);
    }
  }

  replace(client: HttpClient): void {
    const old = this.#lease;
    this.#lease = { client, requests: 0, isOver: false };
    old.isOver = true;
    closeUnused(old);
  }

  /** Requests under way are given up. */
  close(): Promise<void> {
    return this.#lease.client.close();
  }
}

function closeUnused({ client, requests, isOver }: Lease): void {
  // Nothing is asked of it any more; that its connections close badly is nobody's concern.
  if (isOver && requests === 0) void client.close().catch(() => undefined);
}
