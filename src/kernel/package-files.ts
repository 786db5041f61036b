/**
 * Where the files of the package lie that are no code: the same for sources, which lie in folders
 * below `src`, and for a build, which lies in `dist`.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of main.ts, or of the main.js that was built of it. */
export const PROGRAM_FOLDER = findProgram(import.meta.dirname);

/** @param name  from the folder of the package: "build/page" */
export function packagePath(name: string): string {
  return join(PROGRAM_FOLDER, '..', name);
}

/** The first folder on the way up that lies beside package.json. */
function findProgram(folder: string): string {
  const above = dirname(folder);
  return above === folder || existsSync(join(above, 'package.json')) ? folder : findProgram(above);
}
