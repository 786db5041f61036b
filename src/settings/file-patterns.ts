/**
 * Paths with `*` in their last part, as file_sd_configs and scrape_config_files have them, and the
 * search for the files that match.
 * Limits: files of one search ≤ 10,000.
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

const FILES_MAX = 10_000;

/**
 * Finds the files that match, each once, in the order of the patterns and sorted within each. A
 * folder that does not exist has no files.
 *
 * @param patterns  with `*` only in the last part of the path
 * @throws Error when a folder can't be read, or too many files match
 */
export async function filesMatching(
  patterns: readonly string[],
  baseDirectory: string,
): Promise<string[]> {
  const found = new Set<string>();
  for (const pattern of patterns) {
    const directory = resolve(baseDirectory, dirname(pattern));
    const wanted = basename(pattern);
    const names = wanted.includes('*') ? await readNames(directory) : [wanted];
    for (const name of names.sort()) {
      const fits = matchesParts(name, wanted.split('*'));
      if (fits && (await exists(join(directory, name)))) found.add(join(directory, name));
      if (found.size > FILES_MAX) throw new Error(`more than ${FILES_MAX} files match ${pattern}`);
    }
  }
  return [...found];
}

/** Whether a name consists of these parts with any text between them. */
export function matchesParts(name: string, parts: readonly string[]): boolean {
  const [first = '', ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return name === first;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length >= at + last.length && name.endsWith(last);
}

async function readNames(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
