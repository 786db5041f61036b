/**
 * Answers the other collectors with this one's state, at once or as soon as it changes. A request
 * changes nothing but that the list of collectors may be read earlier, so the whole network of the
 * collectors may reach it.
 */
import { HttpServer, type HttpRequest, type HttpResponse } from '../kernel/http-server.ts';
import type { World } from '../kernel/world.ts';
import type { PeerState } from './peer-state.ts';
import { NEWS_WAIT_MS } from './peers.ts';

/** A collector needs one or two; a client with more could keep the others out. */
const CONNECTIONS_PER_ADDRESS = 64;

export interface PeerServerOptions {
  readonly world: Pick<World, 'log' | 'hosts' | 'metrics'>;
  /** `host:port`. */
  readonly listen: string;
  readonly state: () => PeerState;
  /** Called at each request; `id` is what the client says it is, and not verified. */
  readonly onAsked: (id: string) => void;
}

export class PeerServer {
  readonly #options: PeerServerOptions;
  readonly #server: HttpServer;
  readonly #waiting = new Set<() => void>();
  #isStopping = false;

  constructor(options: PeerServerOptions) {
    this.#options = options;
    this.#server = new HttpServer({
      name: 'shard',
      listen: options.listen,
      listenFlag: '--shard.listen-address',
      log: options.world.log,
      metrics: options.world.metrics,
      hidesMetrics: true,
      strangers: { ...options.world.hosts },
      connectionsPerAddress: CONNECTIONS_PER_ADDRESS,
      routes: [{ method: 'GET', path: '/shard', handle: (request) => this.#answer(request) }],
    });
  }

  get port(): number {
    return this.#server.port;
  }

  start(): Promise<void> {
    return this.#server.start();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.tell();
    await this.#server.stop(100);
  }

  /** Answers all requests that wait for a new state. */
  tell(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  async #answer(request: HttpRequest): Promise<HttpResponse> {
    const query = new URLSearchParams(request.query);
    this.#options.onAsked(query.get('from') ?? '');
    const isKnown = (): boolean => {
      const { boot, version } = this.#options.state();
      return query.get('boot') === boot && query.get('after') === String(version);
    };
    if (isKnown() && !this.#isStopping) await this.#waitForNews(request.signal);
    if (isKnown()) return { status: 204 };
    return {
      status: 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      body: JSON.stringify(this.#options.state()),
    };
  }

  /** Resolves at `tell`, after `NEWS_WAIT_MS`, or when the signal aborts. */
  #waitForNews(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, NEWS_WAIT_MS);
      signal.addEventListener('abort', done, { once: true });
      this.#waiting.add(done);
    });
  }
}
