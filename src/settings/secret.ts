/**
 * Secrets: in the configuration itself, or in a file that is read at each use, so that a rotated
 * secret needs no reload.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod';
import { describeError } from '../kernel/errors.ts';
import { textSchema } from './text.ts';
import type { CheckContext, ConfigPath, Reporter } from './finding.ts';

/** The schemas of secrets. What is made of one by `.describe()`, `.meta()` counts as well. */
const secrets = z.registry<{ readonly is: 'secret' }>();

/**
 * Marks the values of a schema as secrets, which are shown nowhere (config/redact.ts). Mark it last
 * but for descriptions: checks make a schema of their own.
 */
export function markSecret<Schema extends z.ZodType>(schema: Schema): Schema {
  const marked = schema.clone();
  secrets.add(marked, { is: 'secret' });
  return marked;
}

export function isSecretSchema(schema: z.ZodType): boolean {
  return secrets.get(schema) !== undefined;
}

/** The value of a secret key, and of its `…_file` twin, which names a file. */
export const secretSchema = markSecret(textSchema);
export const secretFileSchema = textSchema.meta({
  description: 'File that holds the secret; read at each use.',
  examples: ['/run/secrets/token'],
});

/**
 * Makes a function that reads a secret. A file that does not exist yet is only a warning, since it
 * may be created later.
 *
 * @param context  its path is that of the file's key
 * @returns        undefined when neither is given; the function throws when the file can't be read
 */
export function resolveSecret(
  value: string | undefined,
  file: string | undefined,
  context: CheckContext,
): (() => string) | undefined {
  if (value !== undefined) return () => value;
  if (file === undefined) return undefined;
  const path = resolve(context.baseDirectory, file);
  if (!existsSync(path))
    context.report.warn(context.path, `file ${JSON.stringify(file)} does not exist yet`);
  return () => readFileSync(path, 'utf8').trim();
}

/** Reads a secret while a configuration is loaded; "", and an error, when that fails. */
export function readNow(
  secret: (() => string) | undefined,
  path: ConfigPath,
  { report }: { readonly report: Reporter },
): string {
  try {
    return secret?.() ?? '';
  } catch (error) {
    report.error(path, 'CONFIG_FILE', `the secret can't be read: ${describeError(error)}`);
    return '';
  }
}
