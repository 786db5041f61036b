/**
 * How far each lane has been sent, in memory, and from time to time in the cursor file (cursor.ts):
 * a process that is killed between two of these sends some chunks again, and never skips one.
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
   * Takes over what an earlier run has noted. @returns false when its file is damaged, and nothing
   * counts as done
   */
  load(): boolean {
    const found = readCursors(this.#directory);
    this.#cursors = found ?? new Map();
    return found !== undefined;
  }

  /** The number of the newest segment that any lane has come to; 0 where there is none. */
  get newestSegment(): number {
    return Math.max(0, ...[...this.#cursors.values()].map((position) => position.segment));
  }

  /** A chunk is done, and with it all before it in its lane. */
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
   * Forgets lanes of other numbers of lanes. Only once no chunk on disk has them, not even one that
   * is done beside one that is not.
   */
  keepOnly(lanes: number): void {
    for (const key of this.#cursors.keys()) if (!isKeyOf(key, lanes)) this.#cursors.delete(key);
  }

  /**
   * Makes it durable, where anything has changed. Throws the file system's error; the next call
   * tries again.
   */
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
