/** Files that `generate` writes into a folder: what is there is the user's, and stays. */
import { existsSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Option } from 'commander';
import { ConfigError, describeError } from '../../kernel/errors.ts';

export interface OutputFlags {
  readonly output: string;
  readonly force?: true;
}

export function outputOption(): Option {
  return new Option('--output <dir>', 'folder that the files are written to');
}

export function forceOption(): Option {
  return new Option('--force', 'writes over files that are there');
}

/**
 * Writes all of the files and lists them, or none where one is there.
 * @throws ConfigError CONFIG_FILE
 */
export async function writeOutput(
  files: ReadonlyMap<string, string>,
  { output, force }: OutputFlags,
  write: (text: string) => void,
): Promise<void> {
  const paths = [...files].map(([name, text]) => ({ file: path.join(output, name), text }));
  const there = paths.filter(({ file }) => existsSync(file)).map(({ file }) => file);
  const [first] = there;
  if (first !== undefined && force !== true)
    throw new ConfigError(
      'CONFIG_FILE',
      `${first} is there${there.length > 1 ? `, and ${there.length - 1} more` : ''}; nothing was ` +
        'written: choose another folder, or write over them with --force',
    );
  for (const { file, text } of paths) {
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
