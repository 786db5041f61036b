/** Files that a `generate` command writes into a folder. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ConfigError, describeError } from '../../kernel/errors.ts';

/** Writes the files and lists them. */
export async function writeFiles(
  folder: string,
  files: ReadonlyMap<string, string>,
  write: (text: string) => void,
): Promise<void> {
  for (const [name, text] of files) {
    const file = path.join(folder, name);
    try {
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, text);
      if (text.startsWith('#!')) await chmod(file, 0o755);
    } catch (error) {
      throw new ConfigError('CONFIG_FILE', `${file} can't be written: ${describeError(error)}`, {
        cause: error,
      });
    }
    write(`${file}\n`);
  }
}
