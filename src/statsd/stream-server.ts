/**
 * The stream sockets of a receiver of StatsD: TCP, or a socket of the file system. Lines end with a
 * line feed; the last one of a connection may lack it. Clients of DogStatsD write the length of
 * each packet before it, 4 bytes little-endian: a connection whose fourth byte is 0 is read so,
 * since no text has such a byte.
 * Limits: CLIENTS_MAX connections (kernel/connection-room.ts says which end for new ones),
 * LINE_BYTES_MAX of a line and PACKET_BYTES_MAX of a packet.
 * Source: contrib's receiver/statsdreceiver/internal/transport/tcp_server.go,
 * https://docs.datadoghq.com/developers/dogstatsd/unix_socket/
 */
import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { ConnectionRoom, limitRoom } from '../kernel/connection-room.ts';
import { ConfigError } from '../kernel/errors.ts';
import { GrowingBuffer } from '../kernel/growing-buffer.ts';
import { parseListen } from '../kernel/listen-address.ts';
import { describeListenError } from '../kernel/listen-error.ts';
import { LINE_BYTES_MAX } from './line.ts';
import type { StatsdReceiverSettings } from './settings.ts';

export const CLIENTS_MAX = 1_000;
const PACKET_BYTES_MAX = 64 * 1024;
const LENGTH_BYTES = 4;
const LINE_FEED = 10;

export interface StreamEvents {
  /** Whole lines, each ended by a line feed but for the last. */
  readonly onLines: (lines: Buffer, from: string) => void;
  readonly onTooLong: (from: string) => void;
  /** A web page may send lines of metrics as the body of a request. */
  readonly onHttp: (from: string) => void;
  readonly onClients: (count: number) => void;
  readonly onClientRefused: () => void;
}

export class StreamServer {
  readonly #settings: StatsdReceiverSettings;
  readonly #events: StreamEvents;
  readonly #clients = new Set<Socket>();
  #server: Server | undefined;

  constructor(settings: StatsdReceiverSettings, events: StreamEvents) {
    this.#settings = settings;
    this.#events = events;
  }

  /** `host:port`, or the path. */
  get address(): string {
    const address = this.#server?.address();
    if (address === null || address === undefined) return '';
    if (typeof address === 'string') return address;
    const { address: host, port } = address;
    return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  }

  /** @throws ConfigError LISTEN_ADDRESS, LISTEN_FAILED, PORT_FORBIDDEN or PORT_IN_USE */
  async open(): Promise<void> {
    const { transport, listen, listenFlag, id: name, permissions } = this.#settings;
    const server = createServer();
    server.maxConnections = CLIENTS_MAX;
    server.on('drop', () => this.#events.onClientRefused());
    const room = new ConnectionRoom(
      server,
      limitRoom(CLIENTS_MAX, () => this.#events.onClientRefused()),
    );
    // After the room's own listener: a client that has no place is destroyed by then.
    server.on('connection', (client) => this.#serve(client, room));
    const isPath = transport === 'unix';
    if (isPath) await removeDead(listen);
    const place = isPath ? { path: listen } : parseListen(listen, listenFlag);
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(place, () => {
          server.off('error', reject);
          resolve();
        });
      });
      this.#server = server;
      if (isPath) await chmod(listen, permissions);
    } catch (error) {
      server.close();
      if (isPath) throw describePathError(error as NodeJS.ErrnoException, name, listen, listenFlag);
      throw describeListenError(error as NodeJS.ErrnoException, { name, listen, listenFlag });
    }
    server.on('error', () => undefined);
  }

  /** Takes no more connections, reads what the open ones have sent, and ends them. */
  async close(deadlineMs: number): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const client of this.#clients) client.end();
    // A client that has sent all answers the end with its own; what is silent is cut off.
    const timer = setTimeout(
      () => {
        for (const client of this.#clients) client.destroy();
      },
      Math.min(deadlineMs, 250),
    );
    await closed;
    clearTimeout(timer);
  }

  #serve(client: Socket, room: ConnectionRoom): void {
    if (client.destroyed) return;
    this.#clients.add(client);
    this.#events.onClients(this.#clients.size);
    const reader = new StreamReader(this.#events, client.remoteAddress ?? '');
    const note = room.follow(client);
    client.on('data', (chunk: Buffer) => {
      // What sends is the last to make room.
      note();
      if (!reader.read(chunk)) client.destroy();
    });
    // A connection that is reset ends like another.
    client.on('error', () => undefined);
    client.on('close', () => {
      reader.end();
      this.#clients.delete(client);
      this.#events.onClients(this.#clients.size);
    });
  }
}

type ReaderEvents = Pick<StreamEvents, 'onLines' | 'onTooLong' | 'onHttp'>;

/** How a request of HTTP begins; the longest method that a web page has is OPTIONS. */
const HTTP = /^[A-Z]{3,8} (?:\/|\*|https?:)/;
const HTTP_BYTES = 16;

/**
 * Cuts the bytes of one connection into whole lines. What waits for its end is kept in one buffer
 * that grows, and each byte is looked at once, whatever the pieces in which they come.
 */
export class StreamReader {
  readonly #events: ReaderEvents;
  /** The sender's address. */
  readonly #from: string;
  /** The beginning of the connection, of a line or of a packet. */
  #rest = new GrowingBuffer();
  /** Undefined until the first bytes say it. */
  #isFramed: boolean | undefined;
  /** Whether the rest of a line that was too long is passed over. */
  #isSkipping = false;
  /** How many bytes of a packet's length have come, and the length as far as they say it. */
  #lengthBytes = 0;
  #packetBytes = 0;

  constructor(events: ReaderEvents, from: string) {
    this.#events = events;
    this.#from = from;
  }

  /** False where the connection can't be read on. */
  read(chunk: Buffer): boolean {
    if (this.#isFramed !== undefined)
      return this.#isFramed ? this.#readPackets(chunk) : this.#readLines(chunk);
    const begun = this.#join(chunk, chunk.length);
    const isFramed = begun.length >= LENGTH_BYTES && begun[LENGTH_BYTES - 1] === 0;
    if (!isFramed && begun.length < HTTP_BYTES && !begun.includes(LINE_FEED)) {
      this.#rest.copy(begun, 0, begun.length);
      return true;
    }
    if (!isFramed && HTTP.test(begun.toString('latin1', 0, HTTP_BYTES))) {
      this.#events.onHttp(this.#from);
      return false;
    }
    this.#isFramed = isFramed;
    return this.read(begun);
  }

  end(): void {
    if (this.#rest.length > 0 && this.#isFramed !== true)
      this.#events.onLines(this.#rest.finishSmall(), this.#from);
    this.#rest = new GrowingBuffer();
  }

  /** What waits, with the bytes of a chunk up to `end` behind it; nothing waits any more. */
  #join(chunk: Buffer, end: number, start = 0): Buffer {
    if (this.#rest.length === 0) return chunk.subarray(start, end);
    this.#rest.copy(chunk, start, end);
    const joined = this.#rest.finishSmall();
    this.#rest = new GrowingBuffer();
    return joined;
  }

  #readLines(chunk: Buffer): boolean {
    const end = chunk.lastIndexOf(LINE_FEED) + 1;
    if (end > 0) {
      const start = this.#isSkipping ? chunk.indexOf(LINE_FEED) + 1 : 0;
      this.#isSkipping = false;
      if (end > start) this.#events.onLines(this.#join(chunk, end, start), this.#from);
    }
    if (this.#isSkipping) return true;
    if (this.#rest.length + chunk.length - end > LINE_BYTES_MAX) {
      this.#events.onTooLong(this.#from);
      this.#isSkipping = true;
      this.#rest = new GrowingBuffer();
    } else if (end < chunk.length) this.#rest.copy(chunk, end, chunk.length);
    return true;
  }

  #readPackets(chunk: Buffer): boolean {
    for (let at = 0; at < chunk.length;) {
      if (this.#lengthBytes < LENGTH_BYTES) {
        this.#packetBytes += (chunk[at++] as number) * 256 ** this.#lengthBytes++;
        if (this.#lengthBytes < LENGTH_BYTES) continue;
      }
      if (this.#packetBytes > PACKET_BYTES_MAX) {
        this.#events.onTooLong(this.#from);
        return false;
      }
      const end = at + this.#packetBytes - this.#rest.length;
      if (end > chunk.length) {
        this.#rest.copy(chunk, at, chunk.length);
        return true;
      }
      this.#events.onLines(this.#join(chunk, end, at), this.#from);
      at = end;
      this.#lengthBytes = 0;
      this.#packetBytes = 0;
    }
    return true;
  }
}

/** Removes a socket that nobody listens on any more: what a process that was killed leaves. */
async function removeDead(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket() !== true) return;
  const isAlive = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
  if (!isAlive) await unlink(path).catch(() => undefined);
}

function describePathError(
  error: NodeJS.ErrnoException,
  name: string,
  path: string,
  flag: string,
): ConfigError {
  const why =
    error.code === 'EADDRINUSE'
      ? 'another process listens there, or it is no socket; stop that process or remove the file'
      : `${error.code ?? error.message}; give ${flag} a path in a folder that may be written`;
  return new ConfigError('LISTEN_FAILED', `${name}: cannot listen on ${path}: ${why}`, {
    cause: error,
  });
}
