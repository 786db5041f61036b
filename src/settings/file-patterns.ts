/**
 * Paths with `*` in their last part, as file_sd_configs and scrape_config_files write them, and the
 * files that match.
 * Limits: files of one search ≤ 10,000.
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

const FILES_MAX = 10_000;

/**
 * The files that exist now, each once, sorted within a pattern; `*` only in the last part of a
 * pattern.
 *
 * @throws Error when a folder can't be read, or too many files match; one that is not there has no
 *   files
 */
export async function filesMatching(
  patterns: readonly string[],
  baseDirectory: string,
): Promise<string[]> {
  const found = new Set<string>();
  for (const pattern of patterns) {
    const directory = resolve(baseDirectory, dirname(pattern));
    const wanted = basename(pattern);
    const names = wanted.includes('*') ? await namesIn(directory) : [wanted];
    for (const name of names.sort()) {
      const fits = matches(name, wanted.split('*'));
      if (fits && (await exists(join(directory, name)))) found.add(join(directory, name));
      if (found.size > FILES_MAX) throw new Error(`more than ${FILES_MAX} files match ${pattern}`);
    }
  }
  return [...found];
}

/** Whether a name is these parts with any text between them. */
function matches(name: string, parts: readonly string[]): boolean {
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

async function namesIn(directory: string): Promise<string[]> {
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
