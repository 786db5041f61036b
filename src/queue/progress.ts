/**
 * How far each lane has been sent: in memory, and once a second in the cursor file (cursor.ts). A
 * process that is killed between two writes sends some chunks again, and never skips one.
 */
import {
  type Cursors,
  cursorKey,
  isBehind,
  isKeyOf,
  type Position,
  readCursors,
  writeCursors,
} from './cursor.ts';
import type { StoredChunk } from './store.ts';

export class Progress {
  readonly #directory: string;
  #cursors: Cursors = new Map();
  #isChanged = false;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Reads the file of an earlier run; false when it is damaged, and then nothing counts as done.
   *
   * @param segmentMax  the highest segment that an earlier run can have had
   */
  load(segmentMax = Infinity): boolean {
    const found = readCursors(this.#directory, segmentMax);
    this.#cursors = found ?? new Map();
    this.#isChanged = false;
    return found !== undefined;
  }

  /** The highest segment number that any lane has reached; 0 when there is none. */
  get newestSegment(): number {
    return Math.max(0, ...[...this.#cursors.values()].map((position) => position.segment));
  }

  /** Forgets all: the file is written anew. */
  clear(): void {
    this.#cursors = new Map();
    this.#isChanged = true;
  }

  /** Notes that a chunk is done, and with it all chunks before it in its lane. */
  pass(stored: StoredChunk): void {
    const { segment, offset } = positionOf(stored);
    this.#cursors.set(keyOf(stored), { segment, offset: offset + 1 });
    this.#isChanged = true;
  }

  isDone(stored: StoredChunk): boolean {
    const cursor = this.#cursors.get(keyOf(stored));
    return cursor !== undefined && isBehind(positionOf(stored), cursor);
  }

  /**
   * Forgets the cursors of all other numbers of lanes. To be called only when no chunk on disk was
   * written with one of those, not even a chunk that is done: it would be sent again.
   */
  keepOnly(lanes: number): void {
    for (const key of this.#cursors.keys()) if (!isKeyOf(key, lanes)) this.#cursors.delete(key);
  }

  /** Writes the file when something has changed. Rejects with the file system's error. */
  async save(): Promise<void> {
    if (!this.#isChanged) return;
    this.#isChanged = false;
    try {
      await writeCursors(this.#directory, this.#cursors);
    } catch (error) {
      this.#isChanged = true;
      throw error;
    }
  }
}

function keyOf({ header }: StoredChunk): string {
  return cursorKey(header.lanes, header.lane);
}

function positionOf({ segment, header }: StoredChunk): Position {
  return { segment: segment.id, offset: header.offset };
}
