/**
 * Keeps the bodies of requests, so that they can be hashed before they are sent, and sent twice. A
 * body is held in memory up to 1 MiB, then in a file that is gone with the request or the process.
 * All bodies together are limited too.
 */
import { createHash, randomUUID, type Hash } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { HeaderPair } from '../aws/wire-signing.ts';
import { describeError } from '../kernel/errors.ts';
import { GrowingBuffer } from '../kernel/growing-buffer.ts';
import { HttpError } from '../kernel/http-error.ts';
import type { Gauge } from '../kernel/metrics.ts';
import { AwsChunkedDecoder } from './aws-chunked.ts';
import { FileTurns } from './file-turns.ts';

/** How much of one body is held in memory. */
const MEMORY_MAX_BYTES = 1024 * 1024;
/** How much of all bodies together is held in memory; above that, bodies go to files. */
const ALL_MEMORY_MAX_BYTES = 128 * 1024 * 1024;

/** How much of a file is read at once. */
const READ_BYTES = 64 * 1024;

export interface KeptBody {
  readonly length: number;
  /** SHA-256 in hexadecimal. */
  readonly hash: string;
  /** Checksums that followed the body. */
  readonly trailers: readonly HeaderPair[];
  /** What is sent; called once for each attempt. */
  content(): Buffer | Readable | null;
  release(): Promise<void>;
}

export interface BodyLimits {
  /** Limit of one body. */
  readonly maxBytes: number;
  /** Limit of all bodies that are kept at a time. */
  readonly allMaxBytes: number;
  /** Folder of the files of large bodies. */
  readonly folder: string;
  /** How long to wait for the next piece of a client's body. */
  readonly idleMs: number;
}

const EMPTY: KeptBody = {
  length: 0,
  hash: createHash('sha256').digest('hex'),
  trailers: [],
  content: () => null,
  release: () => Promise.resolve(),
};

export class BodyKeeper {
  readonly limits: BodyLimits;
  readonly turns = new FileTurns();
  readonly #gauge: Gauge;
  #bytes = 0;
  #memoryBytes = 0;

  constructor(limits: BodyLimits, gauge: Gauge) {
    this.limits = limits;
    this.#gauge = gauge;
  }

  /**
   * Reads the whole body. The caller releases it when it is sent.
   *
   * @param ask  called before the body is read, for clients that wait for `100 Continue`
   * @throws     HttpError 413 above the limit of a body, 503 above that of all bodies, 408 when the
   *             client stalls, 507 when the folder can't be written to
   */
  async keep(incoming: IncomingMessage, ask: () => void): Promise<KeptBody> {
    const { maxBytes, idleMs } = this.limits;
    const { headers } = incoming;
    const declared = Number(headers['content-length'] ?? 0);
    const isChunked = headers['transfer-encoding'] !== undefined;
    if (!isChunked && declared === 0) return EMPTY;
    if (!isChunked && declared > maxBytes) throw createTooLargeError(maxBytes);
    ask();
    const decoder = isAwsChunked(incoming) ? new AwsChunkedDecoder() : undefined;
    const pile = new Pile(this);
    const patience = new Patience(idleMs);
    // Leaving a for-await loop would destroy the connection, on which the answer is still to come.
    const stream = incoming.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
    const nextPiece = (): Promise<IteratorResult<Buffer, undefined>> =>
      Promise.race([stream.next(), patience.end]);
    try {
      for (let next = await nextPiece(); next.done !== true; next = await nextPiece()) {
        patience.renew();
        const pieces = decoder === undefined ? [next.value] : decoder.push(next.value);
        for (const piece of pieces) {
          const written = pile.add(piece);
          if (written !== undefined) await written;
        }
      }
      decoder?.end();
      return pile.finish(decoder?.trailers ?? []);
    } catch (error) {
      await pile.release();
      throw error;
    } finally {
      patience.clear();
    }
  }

  /** Counts bytes that are kept or, when negative, released. @throws HttpError 503 */
  count(bytes: number): void {
    const { allMaxBytes } = this.limits;
    if (bytes > 0 && this.#bytes + bytes > allMaxBytes)
      throw new HttpError(
        503,
        `the bodies of requests under way hold ${this.#bytes} bytes; raise ` +
          '--bodies-max-bytes, or ask again later',
      );
    this.#bytes += bytes;
    this.#gauge.inc(bytes);
  }

  /** Takes this many bytes of memory, where they fit; gives them back when negative. */
  takesMemory(bytes: number): boolean {
    if (bytes > 0 && this.#memoryBytes + bytes > ALL_MEMORY_MAX_BYTES) return false;
    this.#memoryBytes += bytes;
    return true;
  }
}

/** One body while it is read: in memory, later in a file. */
class Pile {
  readonly #keeper: BodyKeeper;
  #body = new GrowingBuffer();
  #bytes = 0;
  #memoryBytes = 0;
  #file: FileHandle | undefined;
  #hash: Hash | undefined;

  constructor(keeper: BodyKeeper) {
    this.#keeper = keeper;
  }

  /** Adds a piece. Returns a promise only where something is written to the file. */
  add(piece: Buffer): Promise<void> | undefined {
    const { limits } = this.#keeper;
    if (this.#bytes + piece.length > limits.maxBytes) throw createTooLargeError(limits.maxBytes);
    this.#keeper.count(piece.length);
    this.#bytes += piece.length;
    if (this.#file !== undefined) return this.#write(this.#file, piece);
    try {
      this.#body.add(piece);
    } catch (error) {
      throw new HttpError(400, `the body is refused: ${describeError(error)}`, { cause: error });
    }
    if (this.#bytes > MEMORY_MAX_BYTES || !this.#keeper.takesMemory(piece.length))
      return this.#moveToFile();
    this.#memoryBytes += piece.length;
    return undefined;
  }

  finish(trailers: readonly HeaderPair[]): KeptBody {
    const [file, hash] = [this.#file, this.#hash];
    const release = (): Promise<void> => this.release();
    if (file !== undefined && hash !== undefined) {
      const { turns } = this.#keeper;
      const content = (): Readable => Readable.from(readPieces(file, turns), { objectMode: false });
      return { length: this.#bytes, hash: hash.digest('hex'), trailers, content, release };
    }
    const body = this.#body.finishSmall();
    return {
      length: body.length,
      hash: createHash('sha256').update(body).digest('hex'),
      trailers,
      content: () => (body.length === 0 ? null : body),
      release,
    };
  }

  async release(): Promise<void> {
    this.#keeper.count(-this.#bytes);
    this.#keeper.takesMemory(-this.#memoryBytes);
    this.#bytes = 0;
    this.#memoryBytes = 0;
    this.#body = new GrowingBuffer();
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) await this.#keeper.turns.run(() => file.close());
  }

  async #moveToFile(): Promise<void> {
    const { limits, turns } = this.#keeper;
    const { folder } = limits;
    let file: FileHandle;
    const name = path.join(folder, `amperage-body-${randomUUID()}`);
    try {
      // Only this user may read the file. Its name is removed at once, so that the file is gone
      // even when the process is killed.
      file = await turns.run(async () => {
        const opened = await open(name, 'wx+', 0o600);
        this.#file = opened;
        await rm(name);
        return opened;
      });
    } catch (error) {
      throw createFolderError(folder, error);
    }
    this.#hash = createHash('sha256');
    await this.#write(file, await this.#body.finish());
    this.#body = new GrowingBuffer();
    this.#keeper.takesMemory(-this.#memoryBytes);
    this.#memoryBytes = 0;
  }

  async #write(file: FileHandle, piece: Buffer): Promise<void> {
    this.#hash?.update(piece);
    try {
      await this.#keeper.turns.run(async () => {
        for (let at = 0; at < piece.length;)
          at += (await file.write(piece, at, piece.length - at)).bytesWritten;
      });
    } catch (error) {
      throw createFolderError(this.#keeper.limits.folder, error);
    }
  }
}

async function* readPieces(file: FileHandle, turns: FileTurns): AsyncGenerator<Buffer> {
  for (let at = 0; ;) {
    const piece = Buffer.allocUnsafeSlow(READ_BYTES);
    const { bytesRead } = await turns.run(() => file.read(piece, 0, READ_BYTES, at));
    if (bytesRead === 0) return;
    at += bytesRead;
    yield piece.subarray(0, bytesRead);
  }
}

/** A time limit that starts again with each piece; `end` rejects when it has run out. */
class Patience {
  readonly end: Promise<never>;
  readonly #timer: NodeJS.Timeout;

  constructor(idleMs: number) {
    let stop: () => void = () => undefined;
    this.end = new Promise((_resolve, reject) => {
      stop = () => reject(new HttpError(408, `nothing of the body came for ${idleMs / 1_000} s`));
    });
    // It may reject while nobody awaits it, which would end the process.
    this.end.catch(() => undefined);
    this.#timer = setTimeout(stop, idleMs);
  }

  renew(): void {
    this.#timer.refresh();
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}

/**
 * Ends the connection of a streaming body when the client sends nothing for `idleMs` although
 * the upstream could take more.
 *
 * @returns  a function that ends the watch
 */
export function cutWhenStalled(incoming: IncomingMessage, idleMs: number): () => void {
  let seen = -1;
  const timer = setInterval(() => {
    if (incoming.complete || incoming.destroyed) return;
    const { bytesRead } = incoming.socket;
    // While there are unread bytes, the upstream is what is slow.
    if (bytesRead === seen && incoming.readableLength === 0) incoming.destroy();
    seen = bytesRead;
  }, idleMs);
  return () => clearInterval(timer);
}

/** Whether the body is `aws-chunked`, with signed pieces or not. */
export function isAwsChunked(incoming: IncomingMessage): boolean {
  return String(incoming.headers['x-amz-content-sha256'] ?? '').startsWith('STREAMING-');
}

function createTooLargeError(maxBytes: number): HttpError {
  return new HttpError(
    413,
    `the body is larger than ${maxBytes} bytes; raise --body-max-bytes, or send it with ` +
      '--unsigned-payload where the service takes that',
  );
}

function createFolderError(folder: string, error: unknown): HttpError {
  return new HttpError(
    507,
    `a body above ${MEMORY_MAX_BYTES} bytes cannot be kept in ${folder} ` +
      `(${describeError(error)}); name a folder that can be written to with --body-folder`,
  );
}
