/**
 * The disk half of the queue: the segment files of one directory. They are written at the end, read
 * at any offset, and deleted when all their chunks are done. A new segment begins at each start, so
 * a file that a crash left behind is never written to again.
 * Not here: the order of lanes, memory, waiting.
 */
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makePrivateFolder, openPrivate } from '../kernel/private-files.ts';
import type { Chunk } from '../model/queue.ts';
import {
  HEADER_BYTES,
  readChunk,
  readSegmentId,
  scanSegment,
  type StoredHeader,
  writeChunk,
} from './segment.ts';

const datasync = promisify(fdatasync);

export interface Segment {
  readonly id: number;
  readonly path: string;
  size: number;
  /** How many of its chunks are not done. */
  live: number;
}

/** A chunk on disk: its segment, and its header with the offset. */
export interface StoredChunk {
  readonly segment: Segment;
  readonly header: StoredHeader;
}

export interface StoreScan {
  /** In the order in which they were written. */
  readonly chunks: readonly StoredChunk[];
  readonly badHeaders: number;
  readonly tornBytes: number;
}

export class SegmentStore {
  readonly #directory: string;
  /** A segment of this size is ended, and another one begins. */
  segmentBytes: number;
  readonly #segments: Segment[] = [];
  #active: { readonly segment: Segment; readonly fd: number } | undefined;
  #nextId = 1;
  #diskBytes = 0;
  #unsynced = false;

  constructor(directory: string, segmentBytes: number) {
    this.#directory = directory;
    this.segmentBytes = segmentBytes;
  }

  get diskBytes(): number {
    return this.#diskBytes;
  }

  get segmentCount(): number {
    return this.#segments.length;
  }

  /** Creates the directory when it is missing. Throws the file system's error. */
  prepare(): void {
    makePrivateFolder(this.#directory);
  }

  /** The highest number of a segment file; 0 without one. Throws the file system's error. */
  findNewestOnDisk(): number {
    return this.#listIds().at(-1) ?? 0;
  }

  /**
   * Finds the chunks that earlier runs left, oldest first, and repairs the files, in slices. The
   * caller releases those that are done and then calls `sweep`. Throws the file system's error.
   */
  *open(afterSegment: number): Generator<undefined, StoreScan, undefined> {
    const ids = this.#listIds();
    const chunks: StoredChunk[] = [];
    let badHeaders = 0;
    let tornBytes = 0;
    for (const id of ids) {
      const path = this.#pathOf(id);
      const scan = yield* scanSegment(path);
      const segment = { id, path, size: scan.size, live: scan.chunks.length };
      for (const header of scan.chunks) chunks.push({ segment, header });
      badHeaders += scan.badHeaders;
      tornBytes += scan.tornBytes;
      this.#segments.push(segment);
      this.#diskBytes += segment.size;
      yield;
    }
    // A number that a cursor has passed would make the new chunks count as done.
    this.#nextId = Math.max(afterSegment, ids.at(-1) ?? 0) + 1;
    return { chunks, badHeaders, tornBytes };
  }

  /** Deletes the segments whose chunks are all done. */
  sweep(): void {
    for (const segment of this.#segments.filter(({ live }) => live === 0)) {
      this.#deleteIfDone(segment);
    }
  }

  /** Whether a chunk of this size would go above `capBytes`. */
  exceeds(chunkBytes: number, capBytes: number): boolean {
    return this.#diskBytes + HEADER_BYTES + chunkBytes > capBytes;
  }

  /**
   * Appends a chunk.
   *
   * @throws  the file system's error; nothing of the chunk is then left, and the next one begins
   *          a new segment. The present one is ended because a segment is only deleted after its
   *          end, and on a disk that the queue itself has filled its space is needed
   */
  write(chunk: Chunk, lanes: number): StoredChunk {
    try {
      return this.#write(chunk, lanes);
    } catch (error) {
      this.#endSegment();
      throw error;
    }
  }

  #write(chunk: Chunk, lanes: number): StoredChunk {
    const { segment, fd } = this.#writable();
    const offset = segment.size;
    const header = writeChunk(fd, offset, chunk, lanes);
    const written = HEADER_BYTES + header.length;
    segment.size += written;
    segment.live += 1;
    this.#diskBytes += written;
    this.#unsynced = true;
    return { segment, header };
  }

  /** The bytes of a chunk; undefined when they can't be read or are damaged. */
  read(stored: StoredChunk): Uint8Array | undefined {
    try {
      const fd = openPrivate(stored.segment.path, 'r');
      try {
        return readChunk(fd, stored.header);
      } finally {
        closeSync(fd);
      }
    } catch {
      return undefined;
    }
  }

  /**
   * The same of a chunk whose file may have lost its name: the segment being written is still open.
   */
  rescue(stored: StoredChunk): Uint8Array | undefined {
    if (stored.segment !== this.#active?.segment) return this.read(stored);
    try {
      return readChunk(this.#active.fd, stored.header);
    } catch {
      return undefined;
    }
  }

  /** Whether the segment being written still has its name; true where there is none. */
  hasActiveFile(): boolean {
    if (this.#active === undefined) return true;
    const named = statSync(this.#active.segment.path, { throwIfNoEntry: false });
    const { dev, ino } = fstatSync(this.#active.fd);
    return named?.ino === ino && named.dev === dev;
  }

  /** Forgets all segments and leaves their files as they are. */
  abandon(): void {
    if (this.#active !== undefined) closeSync(this.#active.fd);
    this.#active = undefined;
    this.#unsynced = false;
    this.#segments.length = 0;
    this.#diskBytes = 0;
  }

  /** Notes that a chunk is done; the segment is deleted with its last one. */
  release({ segment }: StoredChunk): void {
    segment.live -= 1;
    this.#deleteIfDone(segment);
  }

  /**
   * The oldest segment, ended if it was the one being written; undefined when there is none. It is
   * deleted at once if all its chunks are done, else when the caller has released them.
   */
  closeOldest(): Segment | undefined {
    const oldest = this.#segments[0];
    if (oldest !== undefined && oldest === this.#active?.segment) this.#closeActive();
    if (oldest !== undefined) this.#deleteIfDone(oldest);
    return oldest;
  }

  /** Ends the segment being written; the next chunk begins a new one. */
  #endSegment(): void {
    const segment = this.#active?.segment;
    this.#closeActive();
    if (segment !== undefined) this.#deleteIfDone(segment);
  }

  /** The same as `sync`, but blocking. */
  syncNow(): void {
    if (!this.#unsynced || this.#active === undefined) return;
    fdatasyncSync(this.#active.fd);
    this.#unsynced = false;
  }

  /** Forces what was written to the disk. Rejects with the file system's error. */
  async sync(): Promise<void> {
    if (!this.#unsynced || this.#active === undefined) return;
    this.#unsynced = false;
    try {
      await datasync(this.#active.fd);
    } catch (error) {
      // The file may have been closed and deleted meanwhile, because all its chunks were done.
      if ((error as NodeJS.ErrnoException).code === 'EBADF') return;
      this.#unsynced = true;
      throw error;
    }
  }

  close(): void {
    this.#endSegment();
    this.sweep();
  }

  #writable(): { readonly segment: Segment; readonly fd: number } {
    if (this.#active !== undefined && this.#active.segment.size >= this.segmentBytes) {
      this.#endSegment();
    }
    if (this.#active === undefined) {
      const id = this.#nextId;
      const path = this.#pathOf(id);
      const fd = openPrivate(path, 'wx+');
      this.#nextId += 1;
      this.#active = { segment: { id, path, size: 0, live: 0 }, fd };
      this.#segments.push(this.#active.segment);
    }
    return this.#active;
  }

  #closeActive(): void {
    if (this.#active === undefined) return;
    try {
      if (this.#unsynced && this.#active.segment.live > 0) fdatasyncSync(this.#active.fd);
    } catch {
      // The disk fails. The operating system has the data, which survives the end of this process
      // but not a loss of power.
    }
    this.#unsynced = false;
    closeSync(this.#active.fd);
    this.#active = undefined;
  }

  #deleteIfDone(segment: Segment): void {
    if (segment.live > 0 || segment === this.#active?.segment) return;
    const index = this.#segments.indexOf(segment);
    if (index < 0) return;
    this.#segments.splice(index, 1);
    this.#diskBytes -= segment.size;
    rmSync(segment.path, { force: true });
  }

  /** The numbers of the segment files in the directory, in order. */
  #listIds(): number[] {
    return readdirSync(this.#directory)
      .map(readSegmentId)
      .filter((id) => id !== undefined)
      .sort((a, b) => a - b);
  }

  #pathOf(id: number): string {
    return join(this.#directory, `${String(id).padStart(10, '0')}.seg`);
  }
}
