/**
 * Which file or folder a path leads to: what was deleted, replaced or mounted over while it is in
 * use keeps its descriptor, and what is written goes where no name leads.
 */
import { statSync } from 'node:fs';

/** Device and inode; empty where there is nothing, or it can't be looked at. */
export function identifyPath(path: string): string {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined ? '' : `${found.dev} ${found.ino}`;
  } catch {
    return '';
  }
}
