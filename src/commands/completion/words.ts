/**
 * What can be completed, read from the tree of commands: for each command its commands below, its
 * flags and what follows them. Plain values, which the shells' scripts are written from.
 */
import type { Argument, Command, Option } from 'commander';

/** What stands behind a flag, or as an argument. `other`: a value that nobody can guess. */
export type FlagValue =
  | { readonly kind: 'none' | 'file' | 'folder' | 'other' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] };

export interface Flag {
  readonly long: string;
  readonly short: string | undefined;
  readonly summary: string;
  readonly value: FlagValue;
}

export interface Words {
  /** Names from below the program down: [] for the program itself. */
  readonly path: readonly string[];
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
  readonly flags: readonly Flag[];
  /** Of the first argument, and of all others. */
  readonly argument: FlagValue;
}

/** Placeholders of flags and arguments that stand for a path. */
const FILES = new Set(['file', 'source', 'sources', 'page']);
const FOLDERS = new Set(['dir']);

/** A command before those below it. */
export function readWords(command: Command, path: readonly string[] = []): readonly Words[] {
  const help = { long: '--help', short: '-h', summary: 'display help for command' };
  const own: Words = {
    path,
    commands: command.commands.map((below) => ({
      name: below.name(),
      summary: below.summary() || shorten(below.description()),
    })),
    flags: [...command.options.map(readFlag), { ...help, value: { kind: 'none' } }],
    argument: readArgument(command.registeredArguments[0]),
  };
  const below = command.commands.flatMap((one) => readWords(one, [...path, one.name()]));
  return [own, ...below];
}

function readFlag(option: Option): Flag {
  return {
    long: option.long ?? '',
    short: option.short,
    summary: shorten(option.description),
    value: readValue(option),
  };
}

function readValue(option: Option): FlagValue {
  if (!option.required) return { kind: 'none' };
  if (option.argChoices !== undefined) return { kind: 'choice', choices: option.argChoices };
  return nameValue(/<([\w-]+)/.exec(option.flags)?.[1] ?? '');
}

function readArgument(argument: Argument | undefined): FlagValue {
  if (argument === undefined) return { kind: 'none' };
  return argument.argChoices === undefined
    ? nameValue(argument.name())
    : { kind: 'choice', choices: argument.argChoices };
}

function nameValue(placeholder: string): FlagValue {
  if (FILES.has(placeholder)) return { kind: 'file' };
  return { kind: FOLDERS.has(placeholder) ? 'folder' : 'other' };
}

/** The first clause: a shell has a line for it. */
function shorten(text: string): string {
  return (text.split(/[;:(\n]/, 1)[0] ?? '').trim().replace(/\.$/, '');
}
