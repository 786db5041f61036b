/**
 * Reads from the tree of commands what can be completed: for each command its subcommands, its
 * flags and the kinds of their values. The shells' scripts are written from these plain values.
 */
import type { Argument, Command, Option } from 'commander';

/** The value of a flag or an argument. `none`: it has no value. `other`: nothing can be offered. */
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
  /** The names that lead from the program to the command: [] for the program itself. */
  readonly path: readonly string[];
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
  readonly flags: readonly Flag[];
  /** The value of the first argument; the others are taken to be of the same kind. */
  readonly argument: FlagValue;
}

/** Placeholders of flags and arguments that stand for a path. */
const FILES = new Set(['configuration', 'file', 'model', 'source', 'sources']);
const FOLDERS = new Set(['dir']);

/** Reads a command and all commands below it, the command itself first. */
export function readWords(command: Command, path: readonly string[] = []): readonly Words[] {
  const help = { long: '--help', short: '-h', summary: 'display help for command' };
  const own: Words = {
    path,
    commands: command.commands.map((below) => ({
      name: below.name(),
      summary: below.summary() || shorten(below.description()),
    })),
    flags: [
      ...command.options.filter(({ hidden }) => !hidden).map(readFlag),
      { ...help, value: { kind: 'none' } },
    ],
    argument: readArgument(command.registeredArguments[0]),
  };
  const below = command.commands.flatMap((child) => readWords(child, [...path, child.name()]));
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

/** The first clause of a description, since a shell shows it on one line. */
function shorten(text: string): string {
  return (text.split(/[;:(\n]/, 1)[0] ?? '').trim().replace(/\.$/, '');
}
