/**
 * The pools of connections by which URLs are reached: one for what is reached straight, one for
 * each proxy of HTTP. http:// goes to a proxy with its whole URL, https:// by a tunnel.
 */
import type * as undici from 'undici';
import type { Agent, buildConnector, Dispatcher, ProxyAgent } from 'undici';
import { listProxies, type ProxyChoice } from './proxy-choice.ts';

export interface ConnectionPoolOptions {
  readonly pool: Agent.Options;
  /** Of what is reached straight. */
  readonly connect: buildConnector.BuildOptions | buildConnector.connector;
  /** Of TLS inside of a tunnel, and of the connection to a proxy. */
  readonly tunnelTls: NonNullable<ProxyAgent.Options['requestTls']>;
  readonly proxyTls: NonNullable<ProxyAgent.Options['proxyTls']>;
  /** Sent to proxies alone. */
  readonly proxyHeaders?: Readonly<Record<string, string>>;
}

export class ConnectionPools {
  readonly #straight: Dispatcher;
  readonly #byProxy: ReadonlyMap<string, Dispatcher>;
  readonly #choice: ProxyChoice | undefined;

  /** @throws Error for a proxy URL that is none */
  constructor(
    { Agent, ProxyAgent }: typeof undici,
    options: ConnectionPoolOptions,
    choice?: ProxyChoice,
  ) {
    const { pool, connect, tunnelTls, proxyTls, proxyHeaders } = options;
    this.#straight = new Agent({ ...pool, connect });
    this.#choice = choice;
    this.#byProxy = new Map(
      (choice === undefined ? [] : listProxies(choice)).map((uri) => [
        uri,
        new ProxyAgent({
          ...pool,
          uri,
          requestTls: tunnelTls,
          proxyTls,
          proxyTunnel: false,
          headers: { ...proxyHeaders },
        }),
      ]),
    );
  }

  of(url: URL): Dispatcher {
    return this.#byProxy.get(this.#choice?.of(url) ?? '') ?? this.#straight;
  }

  /** Requests under way end as they would. */
  async close(): Promise<void> {
    await Promise.all(this.#all().map((one) => one.close()));
  }

  async destroy(): Promise<void> {
    await Promise.all(this.#all().map((one) => one.destroy()));
  }

  #all(): Dispatcher[] {
    return [this.#straight, ...this.#byProxy.values()];
  }
}
