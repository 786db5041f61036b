/**
 * Converts the command line of a program that a command stands in for to one of ours, by the
 * program's table: flags that mean configuration become a part of one, and each that has no
 * counterpart is told by its name. Reads no file but through `readFile`.
 */
import type { Command, Option } from 'commander';
import { partsOfFlags } from './flag-sources.ts';
import { listReplaced, type ReplacedProgram } from './program-table.ts';
import { LISTENING } from './programs.ts';
import {
  type Env,
  flagsOf,
  type GivenFlag,
  isOn,
  judgeGiven,
  readGiven,
  toOwnFlag,
} from './read-flags.ts';
import { addRelabelRules } from './relabel-files.ts';

/** A command line as a task definition has it. */
export interface GivenLine {
  /** The program's own name may be the first. */
  readonly words: readonly string[];
  readonly env: Env;
}

export interface LineConversion {
  /** The command and its flags, without the one that names `parts`. */
  readonly words: readonly string[];
  /** The variables that it still needs. */
  readonly env: Env;
  /** Configuration that flags mean, a later part before an earlier. */
  readonly parts: readonly object[];
  /** What has no effect here, and what differs: a sentence each. */
  readonly notes: readonly string[];
  /** What is lost, each with what to do instead. */
  readonly losses: readonly string[];
}

export interface LineTools {
  /** The command that stands in, which has parsed nothing yet. */
  readonly command: Command;
  /** Makes of the words what the command's parser understands. */
  readonly normalize: (words: readonly string[]) => readonly string[];
  /** @throws Error for what can't be read */
  readonly readFile: (path: string) => string;
}

/** A flag of ours with its value, if it has one. */
interface OwnWord {
  readonly option: Option;
  readonly text: string | null;
}

/** @throws ConfigError for a value that no command takes */
export function convertLine(
  program: ReplacedProgram,
  { words, env }: GivenLine,
  { command, normalize, readFile }: LineTools,
): LineConversion {
  const { own, losses } = parseWords(program, words, { command, normalize });
  const given = readGiven(command, program, env, (name) => `\${env:${name}}`);
  const notes: string[] = [];
  for (const { shown, fate } of given.flatMap(judgeGiven))
    if (fate.is === 'idle') notes.push(`${shown} has no effect: ${fate.why}`);
    else if (fate.is === 'refused') losses.push(`${shown}: ${fate.instead}`);
  const parts = partsOfFlags(textsOf(given, 'source'));
  const ruled = addRelabelRules(parts, textsOf(given, 'file'), readFile);
  const said = [...own, ...given.flatMap((one) => writeOwn(command, one))];
  const kept = keepVariables(program, env, given);
  return {
    words: [program.command, ...said.map(writeFlag)],
    env: kept.env,
    parts: ruled.parts,
    notes: [...notes, ...ruled.notes, ...kept.notes, ...tellListening(program, said)],
    losses: [...losses, ...ruled.losses],
  };
}

function parseWords(
  program: ReplacedProgram,
  words: readonly string[],
  { command, normalize }: Omit<LineTools, 'readFile'>,
): { own: OwnWord[]; losses: string[] } {
  const fates = new Map(flagsOf(program).map(({ name, fate }) => [name, fate.is]));
  const own: OwnWord[] = [];
  const foreign = new Set<string>();
  for (const option of command.options)
    command.on(`option:${option.name()}`, (text?: string | null) => {
      const name = option.name();
      const is = fates.get(name) ?? (option.negate ? 'off' : option.hidden ? undefined : 'own');
      if (is === 'own' && text !== '') own.push({ option, text: text ?? null });
      else if (is === undefined) foreign.add(`${option.long} is no flag of ${program.name}`);
    });
  const isNamed = words[0]?.startsWith('-') === false;
  const [, ...flags] = normalize([program.command, ...words.slice(isNamed ? 1 : 0)]);
  const { operands, unknown } = command.parseOptions(flags);
  // What stands behind an unknown flag may be its value, and that a secret.
  for (const word of unknown)
    if (word.startsWith('-')) foreign.add(`${word.split('=', 1)[0]} is no flag of ${program.name}`);
  const losses = [...foreign].map((sentence) => `${sentence}: leave it out`);
  if (operands.length > 0)
    losses.push(`words without a flag are left out, ${operands.length} of them: write -flag=value`);
  return { own, losses };
}

function textsOf(
  given: readonly GivenFlag[],
  kind: 'source' | 'file',
): ReadonlyMap<string, readonly string[]> {
  const some = given.filter(({ flag }) => flag.fate.is === kind);
  return new Map(some.map(({ flag, texts }) => [flag.name, texts]));
}

function writeOwn(command: Command, given: GivenFlag): OwnWord[] {
  const flag = toOwnFlag(command, given);
  if (flag === undefined) return [];
  const { option, values } = flag;
  if (typeof values === 'boolean') return values ? [{ option, text: null }] : [];
  return values.map((text) => ({ option, text }));
}

function writeFlag({ option, text }: OwnWord): string {
  return text === null ? `${option.long}` : `${option.long}=${text}`;
}

/** The variables but those that were flags, and those without effect here. */
function keepVariables(
  program: ReplacedProgram,
  env: Env,
  given: readonly GivenFlag[],
): { env: Env; notes: string[] } {
  const table = new Map(
    program.environment.flatMap(listReplaced).map(({ name, fate }) => [name, fate]),
  );
  const textOf = (name: string): string | undefined =>
    given.find(({ flag }) => flag.name === name)?.texts.at(-1);
  const prefix = textOf('envflag.prefix') ?? '';
  const flags = new Set(
    isOn(textOf('envflag.enable') ?? '')
      ? flagsOf(program).map(({ name }) => prefix + name.replaceAll('.', '_'))
      : [],
  );
  const notes: string[] = [];
  const kept = Object.entries(env).filter(([name]) => {
    const fate = table.get(name);
    if (fate?.is === 'idle') notes.push(`${name} has no effect: ${fate.why}`);
    return !flags.has(name) && fate?.is !== 'idle' && fate?.is !== 'always';
  });
  return { env: Object.fromEntries(kept), notes };
}

/** Where the program and the command listen apart when no flag says where. */
function tellListening(program: ReplacedProgram, said: readonly OwnWord[]): string[] {
  return LISTENING.flatMap(({ command, flag, address, peer }) => {
    const theirs = peer.split(', ').find((one) => one.startsWith(`${program.name} `));
    if (command !== program.command || theirs === undefined) return [];
    const at = theirs.slice(program.name.length + 1);
    const isSame = at.replace(/^:/, '0.0.0.0:') === address;
    if (isSame || said.some(({ option }) => option.long === flag)) return [];
    return [`${program.name} listens at ${at}, and this at ${address}: ${flag} says otherwise`];
  });
}
