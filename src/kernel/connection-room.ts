/**
 * Makes room for new connections of a server: near the limit of all, and at that of one client
 * address, a connection ends whose client keeps the server waiting: for a request, for the rest of
 * one, or until it reads an answer. Slow or silent connections would keep everybody out until their
 * time is over otherwise.
 *
 * The newest of them goes first: who opens connections without end then takes the room from itself,
 * and clients that were there before keep theirs. Those of the last GRACE_MS are passed over where
 * others are left, so that a new client gets to send its request. The address with the most
 * connections is the one that gives. Where none waits, the new connection ends.
 */
import type { Server as HttpServer, ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { onEachRequest } from './web-server.ts';

export interface RoomLimits {
  /** Above it, each new connection ends another. */
  readonly all: number;
  /** The most connections of one address. */
  readonly perAddress: number;
  /** Called for each connection that ends at once, since none of its address waits. */
  readonly onRefused: (from: string) => void;
}

/** How long a connection that begins to wait is passed over. */
const GRACE_MS = 500;

/**
 * The limits of a server that takes at most `most` connections. Behind a load balancer, one address
 * is everybody; a quarter is left for health checks and other addresses all the same.
 */
export function limitRoom(
  most: number,
  onRefused: (from: string) => void,
  perAddress = Math.max(1, Math.floor((most * 3) / 4)),
): RoomLimits {
  return { all: Math.max(1, Math.floor(most * 0.95)), perAddress, onRefused };
}

interface Place {
  readonly key: unknown;
  readonly socket: Socket;
  readonly address: string;
  /** Whether the client keeps us waiting. */
  waits: () => boolean;
  /** Since when its state is what it is. */
  sinceMs: number;
}

const always = (): boolean => true;

/** The connections of one server. Made before the server listens. */
export class ConnectionRoom {
  readonly #limits: RoomLimits;
  readonly #counts = new Map<string, number>();
  /** By the client's address and port, since TLS has another socket for the same connection. */
  readonly #places = new Map<unknown, Place>();

  constructor(server: Server, limits: RoomLimits) {
    this.#limits = limits;
    server.on('connection', (socket: Socket) => this.#enter(socket));
  }

  /**
   * @param socket  an open one, of TCP or of TLS over it
   * @returns       a function that says what the connection does from now on: whether its client
   *                keeps us waiting, asked when room is needed; always when absent
   */
  follow(socket: Duplex): (waits?: () => boolean) => void {
    const key = keyOf(socket);
    let place = this.#places.get(key);
    return (waits = always) => {
      // Some servers tell of a connection before it has its place.
      place ??= this.#places.get(key);
      if (place === undefined || this.#places.get(key) !== place) return;
      place.waits = waits;
      place.sinceMs = performance.now();
      // The order of the map is that of the times.
      this.#places.delete(key);
      this.#places.set(key, place);
    };
  }

  #enter(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    if (!this.#makeRoom(address)) {
      this.#limits.onRefused(address);
      socket.destroy();
      return;
    }
    const key = keyOf(socket);
    this.#places.set(key, { key, socket, address, waits: always, sinceMs: performance.now() });
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1);
    socket.once('close', () => {
      if (this.#places.get(key)?.socket === socket) this.#leave(key);
    });
  }

  /** False where another connection of the address has no place. */
  #makeRoom(address: string): boolean {
    const { all, perAddress } = this.#limits;
    const isCrowded = (this.#counts.get(address) ?? 0) >= perAddress;
    if (!isCrowded && this.#places.size < all) return true;
    const other = isCrowded
      ? this.#findWaiting(address)
      : (this.#findWaiting(this.#findLargest()) ?? this.#findWaiting());
    // Above `all` there is some room left, which the server's own limit bounds.
    if (other === undefined) return !isCrowded;
    this.#leave(other.key);
    other.socket.destroy();
    return true;
  }

  #leave(key: unknown): void {
    const place = this.#places.get(key);
    if (place === undefined) return;
    this.#places.delete(key);
    const left = (this.#counts.get(place.address) ?? 1) - 1;
    if (left <= 0) this.#counts.delete(place.address);
    else this.#counts.set(place.address, left);
  }

  /** The address with the most connections. */
  #findLargest(): string {
    let [largest, most] = ['', 0];
    for (const [address, count] of this.#counts)
      if (count > most) [largest, most] = [address, count];
    return largest;
  }

  /** The newest that waits and is past its grace; else the newest. */
  #findWaiting(address?: string): Place | undefined {
    const graceMs = performance.now() - GRACE_MS;
    let found: Place | undefined;
    for (const place of this.#places.values()) {
      if (place.sinceMs > graceMs && found !== undefined && found.sinceMs <= graceMs) break;
      if ((address === undefined || place.address === address) && place.waits()) found = place;
    }
    return found;
  }
}

/** Keeps room in a server of HTTP/1.1, with TLS or not. */
export function keepHttpRoom(server: HttpServer, limits: RoomLimits): void {
  const room = new ConnectionRoom(server, limits);
  /** The answer that is under way on each connection. */
  const current = new WeakMap<Duplex, ServerResponse>();
  onEachRequest(server, (incoming, outgoing) => {
    const { socket } = incoming;
    const note = room.follow(socket);
    const begin = (): void => {
      current.set(socket, outgoing);
      // Until its request is whole the client owes the rest, and after the answer the reading.
      note(() => !incoming.complete || outgoing.writableEnded);
    };
    // Of requests one behind the other, each answer has the connection in its turn.
    if (outgoing.socket === null) outgoing.once('socket', begin);
    else begin();
    outgoing.once('close', () => {
      if (current.get(socket) === outgoing) note();
    });
  });
}

function keyOf(socket: Duplex): unknown {
  const { remoteAddress, remotePort } = socket as Partial<Socket>;
  return remotePort === undefined ? socket : `${remoteAddress} ${remotePort}`;
}
