/**
 * Reads one UDP socket and hands its documents over. It runs in a thread of its own
 * (socket-thread.ts), so that nothing else keeps the socket waiting. A socket that fails is opened
 * again, after waits that grow to 30 s.
 */
import { createSocket, type Socket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { Handover, type Post } from './handover.ts';
import type { MainMessage, ReaderSettings } from './thread-messages.ts';

const WAIT_MS_MIN = 100;
const WAIT_MS_MAX = 30_000;

export interface SocketReaderParts {
  readonly post: Post;
  /** Called once, when nothing more comes. */
  readonly onEnd: () => void;
  readonly createSocket?: typeof createSocket;
}

export class SocketReader {
  readonly #settings: ReaderSettings;
  readonly #parts: SocketReaderParts;
  readonly #handover: Handover;
  #socket: Socket | undefined;
  #port: number;
  #socketBufferBytes = 0;
  #datagrams = 0;
  #bytes = 0;
  #waitMs = WAIT_MS_MIN;
  #retry: NodeJS.Timeout | undefined;
  #isDraining = false;

  constructor(settings: ReaderSettings, parts: SocketReaderParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#port = settings.port;
    this.#handover = new Handover(settings.bufferBytes, parts.post);
  }

  receive(message: MainMessage): void {
    if (message.kind === 'taken') this.#handover.giveBack(message.buffer);
    else if (message.kind === 'drain') this.#drain(message.deadlineMs);
    else this.#close();
  }

  open(): void {
    const { host, family, socketBufferBytes } = this.#settings;
    const create = this.#parts.createSocket ?? createSocket;
    const socket = create({ type: `udp${family}`, recvBufferSize: socketBufferBytes });
    this.#socket = socket;
    socket.on('error', (error) => this.#fail(socket, error));
    socket.on('message', (datagram, from) => this.#take(datagram, from));
    socket.bind(this.#port, host, () => this.#listen(socket));
  }

  #listen(socket: Socket): void {
    const { address, port } = socket.address();
    this.#port = port;
    this.#waitMs = WAIT_MS_MIN;
    this.#socketBufferBytes = socket.getRecvBufferSize();
    const { post } = this.#parts;
    const socketBufferBytes = this.#socketBufferBytes;
    post({ kind: 'listening', host: address, port, socketBufferBytes }, []);
  }

  /** Its port says little, and would make lines differ that say the same. */
  #take(datagram: Buffer, { address }: Pick<AddressInfo, 'address'>): void {
    this.#datagrams += 1;
    this.#bytes += datagram.length;
    this.#handover.take(datagram, () => address);
  }

  #fail(socket: Socket, error: NodeJS.ErrnoException): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    try {
      socket.close();
    } catch {
      // It was closed by what failed.
    }
    const { post } = this.#parts;
    if (this.#socketBufferBytes === 0) {
      post({ kind: 'unable', code: error.code ?? '', message: error.message }, []);
      this.#parts.onEnd();
      return;
    }
    const waitMs = this.#waitMs;
    post({ kind: 'broken', message: error.message, waitMs }, []);
    if (this.#isDraining) return;
    this.#waitMs = Math.min(waitMs * 2, WAIT_MS_MAX);
    this.#retry = setTimeout(() => this.open(), waitMs);
  }

  /**
   * Reads until the socket is empty: until a turn of the event loop has brought nothing. What is
   * sent meanwhile does not prolong it: when as many bytes have come as the socket can hold, all
   * that it held at first has come.
   */
  #drain(deadlineMs: number): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    clearTimeout(this.#retry);
    const endMs = performance.now() + deadlineMs;
    const endBytes = this.#bytes + this.#socketBufferBytes;
    let quietTurns = 0;
    let before = this.#datagrams;
    const turn = (): void => {
      quietTurns = this.#datagrams === before ? quietTurns + 1 : 0;
      before = this.#datagrams;
      // The first turn may be the rest of the one in which the message came, without a poll.
      if (quietTurns >= 2 || this.#bytes >= endBytes || performance.now() >= endMs)
        this.#parts.post({ kind: 'drained' }, []);
      else setImmediate(turn);
    };
    setImmediate(turn);
  }

  #close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    this.#handover.flush();
    this.#parts.post({ kind: 'closed' }, []);
    this.#parts.onEnd();
  }
}
