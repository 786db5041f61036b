/**
 * Reads the command line that `check convert --from` converts: words as a shell takes them, with
 * variables in front, or the definition of a container in a file.
 * Limits: a file has at most 1 MiB.
 */
import { readFileSync, statSync } from 'node:fs';
import { isMapping, type Mapping } from '../../config/mapping.ts';
import { ConfigError, describeError } from '../../kernel/errors.ts';
import { parseForeignJson } from '../../kernel/foreign-json.ts';
import type { GivenLine } from '../replaced/convert-line.ts';

const FILE_MAX_BYTES = 1_048_576;

/** @throws Error for a file that is too large or can't be read */
export function readBoundedFile(path: string): string {
  const { size } = statSync(path);
  if (size > FILE_MAX_BYTES) throw new Error(`it has more than ${FILE_MAX_BYTES} bytes`);
  return readFileSync(path, 'utf8');
}

const VARIABLE = /^([A-Za-z_]\w*)=(.*)$/s;

/** @throws ConfigError CONFIG_FILE or CONFIG_TYPE for a file that is no container's definition */
export function readGivenLine(given: readonly string[]): GivenLine {
  const [only = ''] = given;
  if (given.length === 1 && only.endsWith('.json') && !only.startsWith('-'))
    return readContainer(only);
  const env: Record<string, string> = {};
  let at = 0;
  for (; at < given.length; at += 1) {
    const [, name, value = ''] = VARIABLE.exec(given[at] ?? '') ?? [];
    if (name === undefined) break;
    env[name] = value;
  }
  return { words: given.slice(at), env };
}

function readContainer(file: string): GivenLine {
  let value: unknown;
  try {
    value = parseForeignJson(readBoundedFile(file));
  } catch (error) {
    throw new ConfigError('CONFIG_FILE', `${file}: ${describeError(error)}`);
  }
  const { containerDefinitions: all = [value] } = asMap(value, file);
  if (!Array.isArray(all) || all.length !== 1)
    throw new ConfigError(
      'CONFIG_TYPE',
      `${file} has several containers: write the definition of the one that is meant into a file`,
    );
  const { command = [], environment = [] } = asMap(all[0], file);
  if (!isListOf(command, isText) || !isListOf(environment, isPair))
    throw new ConfigError(
      'CONFIG_TYPE',
      `${file}: "command" is a list of texts, and "environment" one of {"name", "value"}`,
    );
  return {
    words: command,
    env: Object.fromEntries(environment.map(({ name, value: text }) => [name, text])),
  };
}

function asMap(value: unknown, file: string): Mapping {
  if (isMapping(value)) return value;
  throw new ConfigError('CONFIG_TYPE', `${file} is no definition of a container`);
}

function isListOf<Item>(value: unknown, is: (item: unknown) => item is Item): value is Item[] {
  return Array.isArray(value) && value.every(is);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isPair(value: unknown): value is { readonly name: string; readonly value: string } {
  const { name, value: text } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return isText(name) && isText(text);
}
