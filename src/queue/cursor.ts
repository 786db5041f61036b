/**
 * The cursor file: how far each lane has been sent. It is replaced as a whole by a rename, so a
 * crash leaves the old file or the new one, and it has a checksum. Where it is missing, damaged or
 * impossible, everything on disk is sent again; nothing is lost.
 *
 * Lanes are keyed `<lanes>/<lane>`: after a change of the number of lanes, the chunks written
 * before it keep their old lane.
 */
import { join } from 'node:path';
import * as z from 'zod';
import { writePrivately } from '../kernel/atomic-file.ts';
import { sealText, unsealText } from '../kernel/checked-text.ts';
import { readPrivate } from '../kernel/private-files.ts';

/** Where a chunk begins: the number of its segment and an offset in that file. */
export interface Position {
  readonly segment: number;
  readonly offset: number;
}

/** Up to where (exclusive) the chunks of each lane are done. */
export type Cursors = Map<string, Position>;

const FILE = 'cursor';
const FILE_MAX_BYTES = 1024 * 1024;

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
 *
 * @param segmentMax  the highest segment that there can have been. Version 1 has no checksum, and a
 *                    position above it would make everything before it count as done
 */
export function readCursors(directory: string, segmentMax = Infinity): Cursors | undefined {
  let text: string;
  try {
    text = readPrivate(join(directory, FILE), FILE_MAX_BYTES);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return new Map();
    // Not ours: our writer puts a file in its place.
    if (code === 'ELOOP' || code === 'EFBIG') return undefined;
    throw error;
  }
  const checked = unsealText(text);
  if (checked !== undefined) return parseCursors(checked, true);
  const unchecked = parseCursors(text, false);
  const isImpossible = [...(unchecked?.values() ?? [])].some(({ segment }) => segment > segmentMax);
  return isImpossible ? undefined : unchecked;
}

const positionSchema = z.tuple([z.int().nonnegative(), z.int().nonnegative()]);
const fileSchema = z.object({
  version: z.union([z.literal(1), z.literal(2)]),
  cursors: z.record(z.string().regex(/^\d+\/\d+$/), positionSchema),
});

/** @param isChecked  whether the text had its checksum, which only version 1 lacks */
function parseCursors(text: string, isChecked: boolean): Cursors | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const found = fileSchema.safeParse(value);
  if (!found.success) return undefined;
  const { version, cursors: written } = found.data;
  if (version === 2 && !isChecked) return undefined;
  const cursors: Cursors = new Map();
  for (const [key, [segment, offset]] of Object.entries(written))
    cursors.set(key, { segment, offset });
  return cursors;
}

/** Replaces the cursor file, forced to disk before the rename. Rejects with the system's error. */
export async function writeCursors(directory: string, cursors: Cursors): Promise<void> {
  const entries = [...cursors].map(([key, { segment, offset }]) => [key, [segment, offset]]);
  const text = JSON.stringify({ version: 2, cursors: Object.fromEntries(entries) });
  await writePrivately(join(directory, FILE), sealText([text]));
}
