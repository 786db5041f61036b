/**
 * The proxy's listener as a component: a TCP address or a unix socket, with TLS and basic auth
 * where configured. When it stops, requests under way may finish within the deadline.
 */
import { chmodSync, lstatSync, rmSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { Component } from '../kernel/component.ts';
import { ConfigError, describeError } from '../kernel/errors.ts';
import { parseListen } from '../kernel/listen-address.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Registry } from '../kernel/metrics.ts';
import { ServerBounds } from '../kernel/server-bounds.ts';
import { knownHosts, refuseStranger } from '../kernel/stranger-guard.ts';
import { BUSY_WORDS, warnOfBarePort, type WebConfig } from '../kernel/web-config.ts';
import { createWebServer } from '../kernel/web-server.ts';
import { METHODS, type SigningProxy } from './proxy.ts';
import { isSignedFor } from './way.ts';

export interface ProxyServerOptions {
  /** `host:port`, or `unix:/path`. */
  readonly listen: string;
  readonly proxy: SigningProxy;
  readonly log: Logger;
  readonly metrics?: Registry;
  readonly web?: WebConfig | undefined;
  /** Names of the public DNS by which it is asked for, beside those that it signs for. */
  readonly allowedHosts?: readonly string[];
}

const UNIX = 'unix:';
/** The flag that sets the address, for error messages. */
const FLAG = '--port';
const IDLE_MS = 50;
const CONNECTIONS_MAX = 10_000;

export class ProxyServer implements Component {
  readonly name = 'proxy';
  readonly #options: ProxyServerOptions;
  readonly #server: Server;
  readonly #bounds: ServerBounds;
  #isListening = false;

  constructor(options: ProxyServerOptions) {
    this.#options = options;
    const limits = {
      // A body may take any time as long as it keeps coming.
      requestTimeout: 0,
      headersTimeout: 10_000,
      keepAliveTimeout: 75_000,
    };
    const listener = (incoming: IncomingMessage, outgoing: ServerResponse): void =>
      void this.#serve(incoming, outgoing);
    const hosts = knownHosts('--web.allowed-host', options.allowedHosts);
    const isKnownHost = (name: string): boolean =>
      hosts.isKnownHost(name) || isSignedFor(name, options.proxy.config);
    this.#server = createWebServer(
      {
        limits,
        web: options.web,
        methods: METHODS,
        noTunnel:
          'what runs through a tunnel cannot be signed; ask for http:// and the proxy speaks https',
        refuseStranger: (incoming) =>
          refuseStranger(incoming, { ...hosts, isKnownHost, isSigning: true }),
        onRefused: (refusal) => options.proxy.countRefused(refusal),
        onPipelined: (from) => this.#bounds.tell('pipelined', from),
      },
      listener,
    );
    // Bodies under way are for the proxy to bound (body.ts).
    this.#bounds = new ServerBounds(this.#server, {
      name: this.name,
      log: options.log,
      metrics: options.metrics,
      connectionsMax: CONNECTIONS_MAX,
    });
  }

  /** The URL that it listens on; valid after `start`. */
  get url(): string {
    const address = this.#server.address();
    if (typeof address === 'string') return `${UNIX}${address}`;
    const scheme = this.#options.web?.tls === undefined ? 'http' : 'https';
    const given = parseListen(this.#options.listen, FLAG).host;
    const host = given === '0.0.0.0' || given === '::' ? '127.0.0.1' : given;
    return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${address?.port ?? 0}`;
  }

  async start(): Promise<void> {
    const { listen } = this.#options;
    if (listen.startsWith(UNIX)) await removeDeadSocket(listen.slice(UNIX.length));
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) =>
        reject(
          new ConfigError(
            (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
              ? 'PORT_IN_USE'
              : 'LISTEN_FAILED',
            `proxy: cannot listen on ${listen} (${describeError(error)}); choose another ${FLAG}`,
            { cause: error },
          ),
        ),
      );
      const done = (): void => {
        this.#isListening = true;
        this.#bounds.begin();
        // The line of the start says where.
        this.#options.log.debug('listening', { what: 'proxy', url: this.url });
        warnOfBarePort({ name: this.name, ...this.#options });
        resolve();
      };
      if (listen.startsWith(UNIX)) {
        const file = listen.slice(UNIX.length);
        this.#server.listen(file, () => {
          chmodSync(file, 0o660);
          done();
        });
        return;
      }
      const { host, port } = parseListen(listen, FLAG);
      this.#server.listen(port, host, done);
    });
  }

  async stop(deadlineMs: number): Promise<void> {
    if (!this.#isListening) return;
    this.#isListening = false;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    // A connection that becomes idle later stays open: its client does not know of the stop.
    const idle = setInterval(() => this.#server.closeIdleConnections(), IDLE_MS);
    const timer = setTimeout(() => this.#server.closeAllConnections(), deadlineMs);
    await closed;
    clearTimeout(timer);
    clearInterval(idle);
    this.#bounds.end();
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { web, proxy } = this.#options;
    if (!this.#isListening) outgoing.setHeader('connection', 'close');
    if (web !== undefined) {
      for (const [name, value] of Object.entries(web.headers())) outgoing.setHeader(name, value);
      const refusal = await authorizeClient(incoming, web);
      if (refusal !== undefined) {
        outgoing.writeHead(refusal.status, { ...refusal.headers, connection: 'close' });
        outgoing.end(`${refusal.status}: ${refusal.words}\n`);
        return;
      }
    }
    await proxy.handle(incoming, outgoing);
  }
}

/**
 * Checks basic auth. A client that uses us as its forward proxy sends it in Proxy-Authorization.
 * Undefined when the client may pass.
 */
async function authorizeClient(
  { url = '', headers }: IncomingMessage,
  web: WebConfig,
): Promise<{ status: number; headers: Record<string, string>; words: string } | undefined> {
  const isForward = /^https?:/i.test(url);
  const isAllowed = await web
    .isAllowed(isForward ? { authorization: headers['proxy-authorization'] } : headers)
    .catch(() => 'busy' as const);
  if (isAllowed === true) return undefined;
  if (isAllowed === 'busy')
    return { status: 503, headers: { 'retry-after': '1' }, words: BUSY_WORDS };
  return isForward
    ? {
        status: 407,
        headers: { 'proxy-authenticate': 'Basic' },
        words: 'proxy authentication required',
      }
    : { status: 401, headers: { 'www-authenticate': 'Basic' }, words: 'unauthorized' };
}

/**
 * Removes a socket that a killed process has left.
 *
 * @throws  ConfigError for a socket that answers, and for any other file
 */
async function removeDeadSocket(file: string): Promise<void> {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined) return;
  const isAlive = await new Promise<boolean>((resolve) => {
    const socket = connect(file);
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
  if (!found.isSocket() || isAlive)
    throw new ConfigError(
      isAlive ? 'PORT_IN_USE' : 'LISTEN_FAILED',
      `proxy: ${file} is ${isAlive ? 'in use by another process' : 'not a socket'} and ` +
        `stays; choose another ${FLAG}`,
    );
  rmSync(file);
}
