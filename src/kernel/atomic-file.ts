/** Files that are replaced as a whole. */
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';

/**
 * Readers see the old file or the new one, never a part, also after a loss of power.
 *
 * @param text  or its pieces, each written in a turn of its own
 * @param mode  permissions of the file
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
      // After a loss of power the name must not stand for an empty file.
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
