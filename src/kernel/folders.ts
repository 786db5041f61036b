/** Makes folders, also where Node's own way of making those above them never ends. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder, and those above it; one that exists stays as it is. `mkdirSync` with `recursive`
 * tries for ever where a file system takes no new folder and says ENOENT, as /proc does.
 *
 * @param mode  of new folders, without what the umask takes away
 * @throws      the file system's error
 */
export function makeFolders(path: string, mode = 0o777): void {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) {
    missing.push(at);
    if (at === dirname(at)) break;
  }
  for (const folder of missing.toReversed()) makeFolder(folder, mode);
  // What is there may be a file.
  if (missing.length === 0) makeFolder(path, mode);
}

function makeFolder(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const isThere =
      (error as NodeJS.ErrnoException).code === 'EEXIST' &&
      statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    if (!isThere) throw error;
  }
}
