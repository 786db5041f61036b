/**
 * Receives segment documents by UDP, as X-Ray clients send them.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html
 */
import { createSocket, type Socket } from 'node:dgram';
import type { Component } from '../kernel/component.ts';
import { splitListen } from '../kernel/listen-address.ts';
import type { World } from '../kernel/world.ts';
import type { SegmentAppender } from '../model/trace-segment.ts';
import { findDocument } from '../wire/xray/datagram.ts';

export interface SegmentReceiverSettings {
  /** Names the receiver in logs and metrics. */
  readonly id: string;
  /** `host:port` of UDP. */
  readonly listen: string;
}

export interface SegmentReceiverParts {
  readonly world: World;
  readonly appender: SegmentAppender;
}

/** A document waits for its commit at most so long. */
const COMMIT_MS = 20;
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;

export class SegmentReceiver implements Component {
  readonly name: string;
  readonly #settings: SegmentReceiverSettings;
  readonly #parts: SegmentReceiverParts;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: SegmentReceiverSettings, parts: SegmentReceiverParts) {
    this.name = settings.id;
    this.#settings = settings;
    this.#parts = parts;
  }

  /** The port that is listened on, after `start`. */
  get port(): number {
    return this.#socket?.address().port ?? 0;
  }

  async start(): Promise<void> {
    const { host = '127.0.0.1', port = 2000 } = splitListen(this.#settings.listen) ?? {};
    const type = host.includes(':') ? 'udp6' : 'udp4';
    const socket = createSocket({ type, recvBufferSize: SOCKET_BUFFER_BYTES });
    socket.on('message', (datagram) => this.#take(datagram));
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, host, resolve);
    });
    this.#socket = socket;
  }

  stop(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#commit();
    return new Promise((resolve) => (socket === undefined ? resolve() : socket.close(resolve)));
  }

  #take(datagram: Buffer): void {
    const start = findDocument(datagram);
    if (start === undefined) return;
    const { world, appender } = this.#parts;
    appender.append(datagram.subarray(start), world.clock.nowMs());
    this.#timer ??= setTimeout(() => this.#commit(), COMMIT_MS);
  }

  #commit(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#parts.appender.commit();
  }
}
