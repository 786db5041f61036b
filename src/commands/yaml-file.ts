/** Reads a YAML document that a flag names. */
import { readFile } from 'node:fs/promises';
import type { StartCode } from '../kernel/error-codes/catalogue.ts';
import { ConfigError, describeError } from '../kernel/errors.ts';
import { parseForeignYaml } from '../kernel/foreign-yaml.ts';

/** @throws ConfigError with this code, for a file that can't be read or is not YAML */
export async function readYamlFile(
  file: string,
  { flag, code }: { readonly flag: string; readonly code: StartCode },
): Promise<unknown> {
  try {
    return parseForeignYaml(await readFile(file, 'utf8'));
  } catch (error) {
    throw new ConfigError(code, `${flag}: ${file} can't be read: ${describeError(error)}`, {
      cause: error,
    });
  }
}
