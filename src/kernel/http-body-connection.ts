/**
 * A connection of the client for bodies (http-bodies.ts): one socket over plain TCP, which carries
 * one exchange at a time. All sockets of the thread read into one buffer, and share what is read in
 * a turn of the event loop.
 */
import { connect, type LookupFunction, type Socket } from 'node:net';
import { afterTurn } from './after-turn.ts';
import type { ResponseParser } from './http-response-parser.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_MS = 60_000;
const READ_BYTES = 128 * 1024;
/**
 * So much of all bodies is read in a turn of the event loop; a read that has begun is finished. The
 * system would hand out 32 reads of each socket.
 */
const TURN_BYTES = 512 * 1024;

/** What a connection carries. One of the two is called, once. */
export interface Asked {
  readonly parser: ResponseParser;
  /** The answer is there; the connection may carry the next exchange. */
  onAnswer(): void;
  onFailure(error: Error): void;
}

/** Every socket reads into this buffer; the bytes are copied out before the next read. */
let shared: Buffer | undefined;

/** What was read in this turn, by all clients of the thread. */
let turnBytes = 0;
/** Sockets that go on in the next turn. */
let paused: Socket[] = [];

/** Counts a read. @returns whether the socket may read more in this turn */
function mayReadOn(socket: Socket, count: number): boolean {
  if (turnBytes === 0) afterTurn(beginTurn);
  turnBytes += count;
  // Behind a read that was not full, nothing waits.
  if (turnBytes < TURN_BYTES || count < READ_BYTES) return true;
  paused.push(socket);
  return false;
}

function beginTurn(): void {
  const sockets = paused;
  turnBytes = 0;
  paused = [];
  for (const socket of sockets) socket.resume();
}

/** One socket, which carries one exchange at a time. */
export class Connection {
  readonly socket: Socket;
  /** True while no byte has come since the last exchange began. */
  isUntouched = true;
  #asked: Asked | undefined;
  #canBeKept = true;

  constructor(url: URL, lookup: LookupFunction | undefined, onClose: () => void) {
    shared ??= Buffer.allocUnsafeSlow(READ_BYTES);
    this.socket = connect({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? 80 : Number(url.port),
      noDelay: true,
      keepAlive: true,
      ...(lookup === undefined ? {} : { lookup }),
      onread: {
        buffer: shared,
        callback: (count, buffer) => {
          this.#read(buffer as Buffer, count);
          return mayReadOn(this.socket, count);
        },
      },
    });
    this.socket.setTimeout(CONNECT_TIMEOUT_MS);
    // Node restarts this timer with all traffic. It closes idle connections only: an exchange has
    // a time limit of its own.
    this.socket.once('connect', () => this.socket.setTimeout(IDLE_MS));
    this.socket.on('timeout', () => {
      if (this.socket.connecting) this.destroy(new Error('no connection within 10 s'));
      else if (this.#asked === undefined) this.destroy();
    });
    this.socket.on('error', (error) => this.#fail(error));
    this.socket.on('end', () => this.#end());
    this.socket.on('close', () => {
      onClose();
      this.#fail(new Error('the connection was closed'));
    });
  }

  get canBeKept(): boolean {
    return this.#canBeKept && !this.socket.destroyed && this.socket.writable;
  }

  ask(head: string, asked: Asked): void {
    this.isUntouched = true;
    this.#asked = asked;
    if (this.socket.destroyed) this.#fail(new Error('the connection was closed'));
    else this.socket.write(head, 'latin1');
  }

  destroy(error?: Error): void {
    this.#canBeKept = false;
    if (error !== undefined) this.#fail(error);
    this.socket.destroy();
  }

  #read(buffer: Buffer, count: number): void {
    this.isUntouched = false;
    const asked = this.#asked;
    // Bytes without a request cannot be matched to one: the connection is unusable.
    if (asked === undefined) {
      this.destroy();
      return;
    }
    try {
      const { parser } = asked;
      const used = parser.feed(buffer, count);
      if (!parser.isComplete) return;
      if (used < count || !parser.keepsAlive) this.#canBeKept = false;
      this.#finish(asked);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  #end(): void {
    this.#canBeKept = false;
    const asked = this.#asked;
    if (asked?.parser.endsAtClose === true) this.#finish(asked);
    else this.#fail(new Error('the other side closed the connection'));
  }

  #finish(asked: Asked): void {
    this.#asked = undefined;
    asked.onAnswer();
  }

  #fail(error: Error): void {
    const asked = this.#asked;
    this.#asked = undefined;
    asked?.onFailure(error);
  }
}
