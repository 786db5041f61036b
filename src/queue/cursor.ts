/**
 * The cursor file: how far each lane has been sent. It is replaced as a whole by a rename, so a
 * crash leaves the old file or the new one. Where it is missing or damaged, everything on disk is
 * sent again; nothing is lost.
 *
 * Lanes are keyed `<lanes>/<lane>`: after a change of the number of lanes, the chunks written
 * before it keep their old lane.
 */
import { readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a chunk begins: the number of its segment and an offset in that file. */
export interface Position {
  readonly segment: number;
  readonly offset: number;
}

/** Up to where (exclusive) the chunks of each lane are done. */
export type Cursors = Map<string, Position>;

const FILE = 'cursor';

export function cursorKey(lanes: number, lane: number): string {
  return `${lanes}/${lane}`;
}

/** Whether a key belongs to a queue with this number of lanes. */
export function isKeyOf(key: string, lanes: number): boolean {
  return key.startsWith(`${lanes}/`);
}

export function isBehind(a: Position, b: Position): boolean {
  return a.segment === b.segment ? a.offset < b.offset : a.segment < b.segment;
}

/**
 * Reads the cursors on disk. Undefined when the file is damaged, empty when there is no file;
 * throws the file system's error.
 */
export function readCursors(directory: string): Cursors | undefined {
  let text: string;
  try {
    text = readFileSync(join(directory, FILE), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw error;
  }
  return parseCursors(text);
}

function parseCursors(text: string): Cursors | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('cursors' in value)) return undefined;
  const { cursors: written } = value;
  if (typeof written !== 'object' || written === null) return undefined;
  const cursors: Cursors = new Map();
  for (const [key, position] of Object.entries(written)) {
    if (!Array.isArray(position)) return undefined;
    const [segment, offset] = position as unknown[];
    if (!Number.isSafeInteger(segment) || !Number.isSafeInteger(offset)) return undefined;
    cursors.set(key, { segment: segment as number, offset: offset as number });
  }
  return cursors;
}

/** Replaces the cursor file, forced to disk before the rename. Rejects with the system's error. */
export async function writeCursors(directory: string, cursors: Cursors): Promise<void> {
  const entries = [...cursors].map(([key, { segment, offset }]) => [key, [segment, offset]]);
  const temporary = join(directory, `${FILE}.tmp`);
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(JSON.stringify({ version: 1, cursors: Object.fromEntries(entries) }));
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(temporary, join(directory, FILE));
}
