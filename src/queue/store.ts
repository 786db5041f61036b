/**
 * The disk half of the queue: the segment files of one directory, written at the end, read
 * anywhere, deleted when all their chunks are done. Knows nothing of lanes' order, of memory or of
 * waiting. A new segment begins at each start, so what a crash left behind is never written to
 * again.
 */
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Chunk } from '../model/queue.ts';
import { HEADER_BYTES, readChunk, scanSegment, type StoredHeader, writeChunk } from './segment.ts';

const datasync = promisify(fdatasync);

export interface Segment {
  readonly id: number;
  readonly path: string;
  size: number;
  /** Chunks in it that are not done. */
  live: number;
}

/** A chunk on disk: in which segment, and what its header says, its offset among it. */
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
  /** A segment that has reached it is followed by another. */
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

  /** Makes the directory when it is missing. */
  prepare(): void {
    mkdirSync(this.#directory, { recursive: true });
  }

  /**
   * Finds what earlier runs left, oldest first, and repairs it. Call `sweep` after the done ones
   * are released.
   */
  open(afterSegment: number): StoreScan {
    const ids = readdirSync(this.#directory)
      .map((name) => /^(\d{10})\.seg$/.exec(name)?.[1])
      .filter((id) => id !== undefined)
      .map(Number)
      .sort((a, b) => a - b);
    const chunks: StoredChunk[] = [];
    let badHeaders = 0;
    let tornBytes = 0;
    for (const id of ids) {
      const path = this.#pathOf(id);
      const scan = scanSegment(path);
      const segment = { id, path, size: scan.size, live: scan.chunks.length };
      for (const header of scan.chunks) chunks.push({ segment, header });
      badHeaders += scan.badHeaders;
      tornBytes += scan.tornBytes;
      this.#segments.push(segment);
      this.#diskBytes += segment.size;
    }
    // Never a number that a cursor has seen, or new chunks would lie before it.
    this.#nextId = Math.max(afterSegment, ids.at(-1) ?? 0) + 1;
    return { chunks, badHeaders, tornBytes };
  }

  /** Deletes the segments found at the start in which nothing is left to do. */
  sweep(): void {
    for (const segment of this.#segments.filter((one) => one.live === 0)) {
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
   *          a new segment: while a segment is written to it is not deleted, and on a disk that we
   *          filled ourselves its space is just what is missing
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

  /** The bytes of a chunk, undefined when they can't be read or are not what was written. */
  read(stored: StoredChunk): Uint8Array | undefined {
    try {
      const fd = openSync(stored.segment.path, 'r');
      try {
        return readChunk(fd, stored.header);
      } finally {
        closeSync(fd);
      }
    } catch {
      return undefined;
    }
  }

  /** A chunk is done: with the last one its segment goes. */
  release({ segment }: StoredChunk): void {
    segment.live -= 1;
    this.#deleteIfDone(segment);
  }

  /** The oldest segment, closed for writing, so that the caller can release what lies in it. */
  closeOldest(): Segment | undefined {
    const oldest = this.#segments[0];
    if (oldest !== undefined && oldest === this.#active?.segment) this.#closeActive();
    if (oldest !== undefined) this.#deleteIfDone(oldest);
    return oldest;
  }

  /** The next chunk begins a new segment. */
  #endSegment(): void {
    const segment = this.#active?.segment;
    this.#closeActive();
    if (segment !== undefined) this.#deleteIfDone(segment);
  }

  /** As `sync`, before it returns. */
  syncNow(): void {
    if (!this.#unsynced || this.#active === undefined) return;
    fdatasyncSync(this.#active.fd);
    this.#unsynced = false;
  }

  /** What was written reaches the disk. */
  async sync(): Promise<void> {
    if (!this.#unsynced || this.#active === undefined) return;
    this.#unsynced = false;
    try {
      await datasync(this.#active.fd);
    } catch (error) {
      // The file may have been closed and deleted meanwhile, all of it being done.
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
      const fd = openSync(path, 'wx');
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
      // A failing disk: what was written is in the system's hands and survives us, if not a loss of
      // power.
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

  #pathOf(id: number): string {
    return join(this.#directory, `${String(id).padStart(10, '0')}.seg`);
  }
}
