/**
 * Decides which command runs where the command line of a container names none, as in the task
 * definition of a program that a command stands in for, after its image was changed: the one whose
 * program has all of the flags, else the one for whose program alone a variable is set. What fits
 * several commands, or none, is never guessed. Pure.
 */
import { ConfigError } from '../../kernel/errors.ts';
import { listReplaced, type ReplacedProgram } from './program-table.ts';
import { PROGRAMS } from './programs.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** How many flags or programs a message names. */
const SHOWN_MAX = 4;

/**
 * The name of the command; undefined where there is neither a flag nor a variable to tell it by.
 *
 * @throws ConfigError USAGE where they are of several commands, or of none
 */
export function chooseCommand(flags: readonly string[], env: Env): string | undefined {
  const names = [...new Set(flags.flatMap(readName))];
  const byFlags =
    names.length === 0
      ? []
      : PROGRAMS.filter((program) => names.every((name) => has(program, name)));
  const byVariables = PROGRAMS.filter((program) =>
    listTelling(program).some((name) => (env[name] ?? '') !== ''),
  );
  const both = byFlags.filter((program) => byVariables.includes(program));
  for (const programs of names.length === 0 ? [byVariables] : [byFlags, both]) {
    const [command, ...others] = listCommands(programs);
    if (command !== undefined && others.length === 0) return command;
  }
  if (names.length === 0 && byVariables.length === 0) return undefined;
  throw new ConfigError('USAGE', explain(names, names.length > 0 ? byFlags : byVariables));
}

function listCommands(programs: readonly ReplacedProgram[]): string[] {
  return [...new Set(programs.map(({ command }) => command))];
}

/** The name of a flag without its dashes; nothing for an argument that is no flag. */
function readName(argument: string): string[] {
  const [, name] = /^--?([a-z][^=]*)/i.exec(argument) ?? [];
  return name === undefined ? [] : [name];
}

function has({ flags, letters = '' }: ReplacedProgram, name: string): boolean {
  if (name.length === 1) return letters.includes(name);
  return flags
    .flatMap(listReplaced)
    .some((flag) => flag.name === name || (flag.isSwitch && `no-${flag.name}` === name));
}

function listTelling({ environment }: ReplacedProgram): string[] {
  return environment
    .filter(({ tells }) => tells === true)
    .flatMap(listReplaced)
    .map(({ name }) => name);
}

function explain(names: readonly string[], programs: readonly ReplacedProgram[]): string {
  const commands = listCommands(programs);
  const remedy =
    'set AMPERAGE_COMMAND to ' +
    (commands.length > 0 ? joinWords(commands, 'or') : 'the name of the command') +
    ', or put it before the flags';
  const quote = (name: string): string => JSON.stringify(name);
  const shown = names.map(quote);
  // Of a long command line these are what is wrong, wherever they stand.
  const unknown = names.filter((name) => !PROGRAMS.some((program) => has(program, name)));
  if (unknown.length > 0)
    return `no command is named, and no replaced program has ${cut(unknown.map(quote))}; ${remedy}`;
  if (programs.length === 0)
    return `no command is named, and no replaced program has all of ${cut(shown)}; ${remedy}`;
  const whose = cut(programs.map(({ name }) => name));
  if (names.length === 0)
    return `no command is named, and there are variables of ${whose}; ${remedy}`;
  return `no command is named, and each of these has ${cut(shown)}: ${whose}; ${remedy}`;
}

function cut(words: readonly string[]): string {
  const rest = words.length - SHOWN_MAX;
  return `${words.slice(0, SHOWN_MAX).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function joinWords(words: readonly string[], last: string): string {
  return words.join(', ').replace(/, ([^,]*)$/, ` ${last} $1`);
}
