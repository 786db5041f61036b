/** The pages of docs/, in its folders too. */
import { globSync } from 'node:fs';

/** @returns paths from the root of the repository, with slashes, in order */
export function listPagesOfDocs(root: string): string[] {
  return globSync('docs/**/*.md', { cwd: root })
    .map((file) => file.replaceAll('\\', '/'))
    .toSorted();
}
