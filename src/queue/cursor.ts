/**
 * The cursor file: how far each lane has been sent. Replaced as a whole by a rename, so a crash
 * leaves the old one or the new one; a missing or unreadable one means that everything on disk is
 * sent again, never that something is lost.
 *
 * Lanes are keyed `<lanes>/<lane>`: after the number of lanes changed, old chunks keep their old
 * lane.
 */
import { readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a chunk begins: its segment's number and an offset in it. */
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

/** Whether a key is that of a lane of so many. */
export function isKeyOf(key: string, lanes: number): boolean {
  return key.startsWith(`${lanes}/`);
}

export function isBehind(a: Position, b: Position): boolean {
  return a.segment === b.segment ? a.offset < b.offset : a.segment < b.segment;
}

/** The cursors on disk; undefined when the file is damaged, empty when there is none. */
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

/** Replaces the cursor file, durably. */
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
