/**
 * Replaces a file as a whole: written beside it, synced, then renamed over it. Readers see the old
 * file or the new one, never a part of one, even after a power failure. One kind is for files that
 * the user names, and one for files of our own data.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { explainLink, privateFlags } from './private-files.ts';

/** The whole text, or its pieces; each piece is written in a turn of its own. */
export type WrittenText = string | Iterable<string | Buffer>;

/**
 * Replaces a file of our own data. It is for this user alone; a link of its name is replaced, and
 * its target stays as it is.
 *
 * @throws  the error of the file system; the draft is removed and the old file stays
 */
export async function writePrivately(path: string, text: WrittenText): Promise<void> {
  await replace(path, text, 0o600);
}

/**
 * Writes a file that the user has named, readable for all. A link is followed. What is no regular
 * file (a pipe, a terminal) is written to, and so is a file that cannot be replaced, such as one
 * that is mounted by itself.
 *
 * @throws  the error of the file system; the draft is removed and, where it could be replaced, the
 *          old file stays
 */
export async function writeAtomically(path: string, text: WrittenText): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  const hasName = found !== undefined || (await lstat(path).catch(() => undefined)) !== undefined;
  // A link without a target: its target is made.
  if (hasName && found?.isFile() !== true) return writeInPlace(path, text);
  const target = hasName ? await realpath(path) : path;
  try {
    await replace(target, text, 0o644);
  } catch (error) {
    if (!hasName || !isIrreplaceable(error)) throw error;
    await writeInPlace(target, text);
  }
}

async function replace(path: string, text: WrittenText, mode: number): Promise<void> {
  const draft = `${path}.${randomBytes(8).toString('hex')}.tmp`;
  try {
    const file = await open(draft, privateFlags('wx'), mode);
    // Without a sync, a power failure after the rename could leave the name on an empty file.
    await fill(file, text, (whole) => whole.sync());
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    // With the random name of the draft, no two errors would be equal.
    if (error instanceof Error) error.message = error.message.replaceAll(draft, path);
    throw explainLink(error, path);
  }
}

async function writeInPlace(path: string, text: WrittenText): Promise<void> {
  const { O_WRONLY, O_NONBLOCK } = constants;
  const isPipe = (await stat(path).catch(() => undefined))?.isFIFO() === true;
  // Fails (ENXIO) where nobody reads the pipe: without this, a reader would be waited for for ever.
  const probe = isPipe ? await open(path, O_WRONLY | O_NONBLOCK) : undefined;
  try {
    await fill(await open(path, isPipe ? O_WRONLY : 'w', 0o644), text, async () => undefined);
  } finally {
    await probe?.close();
  }
}

async function fill(
  file: FileHandle,
  text: WrittenText,
  end: (file: FileHandle) => Promise<void>,
): Promise<void> {
  try {
    await file.writeFile(text);
    await end(file);
  } finally {
    await file.close();
  }
}

/** A file mounted by itself, on another file system, or in a folder that is not writable. */
function isIrreplaceable(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return ['EBUSY', 'EXDEV', 'EROFS', 'EACCES', 'EPERM'].includes(code);
}
