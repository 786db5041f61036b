/**
 * The UDP socket to an X-Ray daemon. A name is resolved again every five seconds, so that a daemon
 * that moves (a Cloud Map name, a service of Compose) is followed; while a name cannot be resolved
 * the address before it is used. The socket is connected, so that the system tells when nobody
 * listens. Sending never waits.
 * Limit: 1,000 datagrams that the system has not taken yet.
 */
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Component } from '../../kernel/component.ts';
import type { World } from '../../kernel/world.ts';
import type { DaemonEndpoint } from '../../wire/xray/daemon-address.ts';

/** Why a datagram was not sent, or, for `refused`, did not arrive after it was. */
export type SocketLoss = 'unresolved' | 'queue_full' | 'too_large' | 'refused' | 'socket';

const RESOLVE_MS = 5_000;
/** The start waits for the first address this long: later documents need not. */
const FIRST_RESOLVE_MS = 2_000;
const PENDING_MAX = 1_000;

export interface DaemonSocketOptions {
  readonly world: Pick<World, 'clock'>;
  readonly endpoint: DaemonEndpoint;
  readonly onLoss: (loss: SocketLoss, error?: unknown) => void;
  /** For tests: how a name becomes an address. */
  readonly resolve?: (host: string) => Promise<string>;
}

export class DaemonSocket implements Component {
  readonly name = 'X-Ray daemon socket';
  readonly #options: DaemonSocketOptions;
  readonly #stopping = new AbortController();
  #address: string | undefined;
  #socket: Socket | undefined;
  #loop: Promise<void> = Promise.resolve();
  /** Why there is no address yet; told with the documents that are lost by it. */
  #resolveError: unknown;
  #pending = 0;
  #drained: (() => void) | undefined;

  constructor(options: DaemonSocketOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const first = this.#resolve();
    const limit = new AbortController();
    const late = this.#options.world.clock.sleep(FIRST_RESOLVE_MS, limit.signal);
    await Promise.race([first, late.catch(() => undefined)]);
    limit.abort();
    if (isIP(this.#options.endpoint.host) === 0) this.#loop = this.#follow(first);
  }

  /** Waits until the system has taken what is being sent. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping.abort(new Error('the socket is closing'));
    await this.#loop;
    if (this.#pending > 0 && deadlineMs > 0) {
      const timer = new AbortController();
      const late = this.#options.world.clock.sleep(deadlineMs, timer.signal).catch(() => undefined);
      await Promise.race([new Promise<void>((done) => (this.#drained = done)), late]);
      timer.abort();
    }
    this.#socket?.close();
    this.#socket = undefined;
    this.#address = undefined;
  }

  /** @param onSent  called when the system has taken the datagram */
  send(datagram: Uint8Array, onSent: () => void): void {
    const socket = this.#socket;
    if (socket === undefined) {
      this.#options.onLoss('unresolved', this.#resolveError);
      return;
    }
    if (this.#pending >= PENDING_MAX) {
      this.#options.onLoss('queue_full');
      return;
    }
    this.#pending += 1;
    this.#sendBy(socket, datagram, onSent, 'once more');
  }

  #sendBy(
    socket: Socket,
    datagram: Uint8Array,
    onSent: () => void,
    again: 'once more' | 'not',
  ): void {
    const done = (error: NodeJS.ErrnoException | null): void => {
      // The refusal is that of an earlier datagram; this one has not been sent.
      if (error?.code === 'ECONNREFUSED' && again === 'once more') {
        this.#options.onLoss('refused', error);
        this.#sendBy(socket, datagram, onSent, 'not');
        return;
      }
      this.#pending -= 1;
      if (this.#pending === 0) this.#drained?.();
      if (error === null) onSent();
      else this.#options.onLoss(error.code === 'EMSGSIZE' ? 'too_large' : 'socket', error);
    };
    try {
      socket.send(datagram, done);
    } catch (error) {
      // A socket that was closed or has lost its connection throws.
      done(error as NodeJS.ErrnoException);
    }
  }

  async #follow(first: Promise<void>): Promise<void> {
    const { signal } = this.#stopping;
    await Promise.race([first, aborted(signal)]);
    while (!signal.aborted) {
      await this.#options.world.clock.sleep(RESOLVE_MS, signal).catch(() => undefined);
      if (!signal.aborted) await Promise.race([this.#resolve(), aborted(signal)]);
    }
  }

  async #resolve(): Promise<void> {
    const { endpoint, resolve = resolveHost, onLoss } = this.#options;
    try {
      const address = isIP(endpoint.host) > 0 ? endpoint.host : await resolve(endpoint.host);
      if (address === this.#address || this.#stopping.signal.aborted) return;
      const socket = await connectTo(address, endpoint.port, onLoss);
      if (this.#stopping.signal.aborted) {
        socket.close();
        return;
      }
      const before = this.#socket;
      this.#socket = socket;
      this.#address = address;
      // Its last datagrams have their turn before it closes.
      if (before !== undefined) setImmediate(() => before.close());
    } catch (error) {
      this.#resolveError = error;
    }
  }
}

async function resolveHost(host: string): Promise<string> {
  return (await lookup(host)).address;
}

/** An open socket to one address; later errors of it are told as losses. */
function connectTo(
  address: string,
  port: number,
  onLoss: DaemonSocketOptions['onLoss'],
): Promise<Socket> {
  const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.connect(port, address, (error?: Error) => {
      socket.off('error', reject);
      if (error !== undefined && error !== null) {
        socket.close();
        reject(error);
        return;
      }
      socket.on('error', (later: NodeJS.ErrnoException) =>
        onLoss(later.code === 'ECONNREFUSED' ? 'refused' : 'socket', later),
      );
      resolve(socket);
    });
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
