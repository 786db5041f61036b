/**
 * The UDP socket of a receiver of StatsD. One that fails is opened again, after waits that grow to
 * 30 s. Node's own turns read it: a long turn of the process leaves datagrams in the receive
 * buffer, and what finds no space there is told as drops of the kernel.
 */
import { createSocket, type Socket } from 'node:dgram';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseListen } from '../kernel/listen-address.ts';
import { readKernelDrops, type SocketAddress } from '../kernel/udp-drops.ts';
import { describeBindError, resolveHost } from '../kernel/udp-listening.ts';
import type { StatsdReceiverSettings } from './settings.ts';

const WAIT_MS_MIN = 100;
const WAIT_MS_MAX = 30_000;

export interface UdpEvents {
  /** @param from  the sender's address */
  readonly onDatagram: (datagram: Buffer, from: string) => void;
  readonly onFailure: (error: Error) => void;
  readonly onKernelDrops: (count: number) => void;
}

export class UdpSocket {
  readonly #settings: StatsdReceiverSettings;
  readonly #events: UdpEvents;
  #socket: Socket | undefined;
  #address: SocketAddress | undefined;
  #datagrams = 0;
  #kernelDrops = 0;
  #waitMs = WAIT_MS_MIN;
  #retry: NodeJS.Timeout | undefined;

  constructor(settings: StatsdReceiverSettings, events: UdpEvents) {
    this.#settings = settings;
    this.#events = events;
  }

  get address(): SocketAddress | undefined {
    return this.#address;
  }

  /** @throws ConfigError LISTEN_ADDRESS, LISTEN_FAILED, PORT_FORBIDDEN or PORT_IN_USE */
  async open(): Promise<void> {
    const { id: name, listen, listenFlag: flag } = this.#settings;
    const { host, port } = parseListen(listen, flag);
    const resolved = await resolveHost(host, { name, listen, flag });
    try {
      await this.#bind({ ...resolved, port });
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException;
      throw describeBindError({ code, message }, { name, listen, flag });
    }
  }

  /** Reads until a turn has brought nothing, then closes. */
  async close(deadlineMs: number): Promise<void> {
    clearTimeout(this.#retry);
    const socket = this.#socket;
    if (socket === undefined) return;
    const endMs = performance.now() + deadlineMs;
    for (let quietTurns = 0; quietTurns < 2 && performance.now() < endMs;) {
      const before = this.#datagrams;
      await nextTurn();
      quietTurns = this.#datagrams === before ? quietTurns + 1 : 0;
    }
    // The kernel forgets the drops of a socket when it is closed.
    await this.readDrops();
    this.#socket = undefined;
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  /** Tells what the kernel dropped since the last call; nothing where the system does not say. */
  async readDrops(): Promise<void> {
    const address = this.#address;
    const drops = address && (await readKernelDrops(address));
    if (drops === undefined || address !== this.#address || drops < this.#kernelDrops) return;
    this.#events.onKernelDrops(drops - this.#kernelDrops);
    this.#kernelDrops = drops;
  }

  #bind({ host, port, family }: SocketAddress): Promise<void> {
    const { socketBufferBytes } = this.#settings;
    const size = socketBufferBytes > 0 ? { recvBufferSize: socketBufferBytes } : {};
    const socket = createSocket({ type: `udp${family}`, ...size });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, host, () => {
        socket.off('error', reject);
        socket.on('error', (error) => this.#reopen(socket, error));
        socket.on('message', (datagram, { address }) => {
          this.#datagrams += 1;
          this.#waitMs = WAIT_MS_MIN;
          this.#events.onDatagram(datagram, address);
        });
        const bound = socket.address();
        this.#socket = socket;
        this.#address = { host: bound.address, port: bound.port, family };
        this.#kernelDrops = 0;
        resolve();
      });
    });
  }

  #reopen(socket: Socket, error: Error): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    try {
      socket.close();
    } catch {
      // It was closed by what failed.
    }
    this.#retryLater(error);
  }

  #retryLater(error: Error): void {
    this.#events.onFailure(error);
    const address = this.#address;
    if (address === undefined) return;
    this.#retry = setTimeout(() => void this.#bindAgain(address), this.#waitMs);
    this.#waitMs = Math.min(this.#waitMs * 2, WAIT_MS_MAX);
  }

  async #bindAgain(address: SocketAddress): Promise<void> {
    try {
      await this.#bind(address);
    } catch (error) {
      this.#retryLater(error as Error);
    }
  }
}
