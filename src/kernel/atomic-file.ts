/** Replaces a file as a whole: written beside it, synced, then renamed over it. */
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';

/**
 * Readers see the old file or the new one, never a part of one, even after a power failure.
 *
 * @param text  the whole text, or its pieces; each piece is written in a turn of its own
 * @param mode  permissions of the file
 * @throws      the error of the file system; the draft is removed and the old file stays
 */
export async function writeAtomically(
  path: string,
  text: string | Iterable<string | Buffer>,
  mode = 0o644,
): Promise<void> {
  const draft = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const file = await open(draft, 'w', mode);
    try {
      await file.writeFile(text);
      // Without it a power failure after the rename could leave the name on an empty file.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
