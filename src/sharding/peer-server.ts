/**
 * Answers the other collectors: what this one is at, at once or when there is news. It takes
 * nothing from anyone, so it may be reached by all of the network that the collectors are in.
 */
import { HttpServer, type HttpRequest, type HttpResponse } from '../kernel/http-server.ts';
import type { World } from '../kernel/world.ts';
import type { PeerState } from './peer-state.ts';
import { NEWS_WAIT_MS } from './peers.ts';

/** A collector needs one or two; a stranger with more would keep others out. */
const CONNECTIONS_PER_ADDRESS = 64;

export interface PeerServerOptions {
  readonly world: Pick<World, 'log'>;
  /** `host:port`. */
  readonly listen: string;
  readonly state: () => PeerState;
  /** Somebody asked; `id` is what it says of itself and is not to be believed. */
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

  /** There is news: whoever waits gets it. */
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
    if (isKnown() && !this.#isStopping) await this.#news(request.signal);
    if (isKnown()) return { status: 204 };
    return {
      status: 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      body: JSON.stringify(this.#options.state()),
    };
  }

  #news(signal: AbortSignal): Promise<void> {
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
