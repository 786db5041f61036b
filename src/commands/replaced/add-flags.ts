/**
 * Gives a command the flags of the programs that it stands in for, by their tables. They are in no
 * help and no completion. Before the command's action runs, those that stand for a flag of ours
 * set it; those without effect are warned of, once each; and one that cannot be taken ends the
 * command with what to use instead.
 */
import { type Command, Option } from 'commander';
import { ConfigError } from '../../kernel/errors.ts';
import { createLogger, type Logger } from '../../kernel/logger.ts';
import { gather } from '../flags.ts';
import type { LogOptions } from '../runner.ts';
import { VERSION } from '../version.ts';
import { sourcesOfFlags } from './flag-sources.ts';
import {
  type ReplacedFate,
  listReplaced,
  type ReplacedFlag,
  type ReplacedProgram,
} from './program-table.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Call it after the command's own flags are there. */
export function addReplacedFlags(
  command: Command,
  programs: readonly ReplacedProgram[],
  env: Env = process.env,
): Command {
  for (const program of programs)
    for (const flag of flagsOf(program)) addFlag(command, flag, program.dashes === '--');
  return command.hook('preAction', (owner, acting) => {
    // Commander calls this hook for subcommands too.
    if (owner !== acting) return;
    const given = programs.flatMap((program) => readGiven(acting, program, env));
    const warnings = given.flatMap(({ flag, shown, texts }) => judge(flag, shown, texts));
    leaveOutEmpty(acting, programs);
    setOwnFlags(acting, given);
    const log = loggerOf(acting);
    for (const { flag, why } of warnings) log.warn(`${flag} has no effect`, { instead: why });
    warnOfVariables(programs, env, log);
  });
}

/** Warns of each variable that is set and has no effect. */
export function warnOfVariables(
  programs: readonly ReplacedProgram[],
  env: Env,
  log: Pick<Logger, 'warn'>,
): void {
  const all = programs.flatMap(({ environment }) => environment.flatMap(listReplaced));
  const byName = new Map(all.map(({ name, fate }) => [name, fate]));
  for (const [name, fate] of byName)
    if (fate.is === 'idle' && (env[name] ?? '') !== '')
      log.warn(`${name} has no effect`, { instead: fate.why });
}

function flagsOf(program: ReplacedProgram): ReplacedFlag[] {
  return program.flags.flatMap(listReplaced);
}

/** `--no-…` turns a switch off where the program takes that. */
function addFlag(command: Command, { name, isSwitch, fate }: ReplacedFlag, negates: boolean): void {
  const has = (long: string): boolean => command.options.some((option) => option.long === long);
  if (name === 'version') {
    if (!has('--version')) command.version(VERSION, '--version', 'show the version');
    return;
  }
  if (fate.is !== 'own') {
    const option = new Option(`--${name} ${isSwitch ? '[bool]' : '<value>'}`);
    command.addOption(option.argParser(collectValues).preset('true').hideHelp());
  }
  const off = `--no-${name}`;
  if (isSwitch && negates && !name.startsWith('no-') && !has(off))
    command.addOption(new Option(off).hideHelp());
}

function collectValues(text: string, before: unknown): readonly string[] {
  return gather(text, Array.isArray(before) ? (before as readonly string[]) : []);
}

interface GivenFlag {
  readonly flag: ReplacedFlag;
  /** As the program writes it. */
  readonly shown: string;
  readonly texts: readonly string[];
}

function readGiven(command: Command, program: ReplacedProgram, env: Env): GivenFlag[] {
  const attributes = new Map(
    command.options.map((option) => [option.long?.slice(2), option.attributeName()]),
  );
  const readOne = (name: string): readonly string[] | undefined => {
    const value: unknown = command.getOptionValue(attributes.get(name) ?? name);
    // A switch that is turned off by `--no-…` is false.
    return Array.isArray(value) ? (value as readonly string[]) : undefined;
  };
  const prefix = readOne('envflag.prefix')?.at(-1) ?? '';
  const readsEnv = program.dashes === '-' && readOne('envflag.enable')?.every(isOn) === true;
  return flagsOf(program)
    .filter(({ fate }) => fate.is !== 'own')
    .flatMap((flag) => {
      const ofEnv = readsEnv ? env[prefix + flag.name.replaceAll('.', '_')] : undefined;
      const shown = `${program.dashes}${flag.name}`;
      const texts = (readOne(flag.name) ?? (ofEnv === undefined ? [] : [ofEnv])).map((text) =>
        expandVariables(text, program.variables, env, shown),
      );
      return texts.length === 0
        ? []
        : [{ flag, shown, texts }, ...flagsOfNames(flag, shown, texts)];
    });
}

/** @throws ConfigError FLAG_VALUE for a variable that is not set */
function expandVariables(
  text: string,
  variables: RegExp | undefined,
  env: Env,
  shown: string,
): string {
  if (variables === undefined) return text;
  return text.replace(variables, (_, name: string) => {
    const value = env[name];
    if (value === undefined)
      throw new ConfigError('FLAG_VALUE', `${shown}: the variable ${name} is not set`);
    return value;
  });
}

/** The flags of ours for which names of a list stand. */
function flagsOfNames(flag: ReplacedFlag, shown: string, texts: readonly string[]): GivenFlag[] {
  const { fate } = flag;
  if (fate.is !== 'names') return [];
  const names = texts.flatMap((text) => text.split(','));
  return Object.entries(fate.names).flatMap(([name, of]) =>
    of.is === 'as' && names.includes(name)
      ? [
          {
            flag: { ...flag, isSwitch: true, fate: of },
            shown: `${shown}=${name}`,
            texts: ['true'],
          },
        ]
      : [],
  );
}

/**
 * The warnings of a flag. A switch that is off asks for nothing, nor does an empty value or the one
 * that the program has without the flag.
 *
 * @throws ConfigError FLAG_REPLACED or FLAG_VALUE
 */
function judge(
  { isSwitch, fate, unset }: ReplacedFlag,
  shown: string,
  texts: readonly string[],
): { flag: string; why: string }[] {
  if (isSwitch && fate.is !== 'source') {
    const bad = texts.find((text) => !/^(?:1|t|true|0|f|false)$/i.test(text));
    if (bad !== undefined)
      throw new ConfigError('FLAG_VALUE', `${shown}: ${JSON.stringify(bad)} is not true or false`);
    if (!texts.some(isOn)) return [];
  }
  if (texts.every((text) => text === '' || text === unset)) return [];
  if (fate.is === 'names') {
    const names = texts.flatMap((text) => text.split(',')).filter((name) => name !== '');
    return [...new Set(names)].flatMap((name) =>
      judgeOne(
        Object.hasOwn(fate.names, name) ? fate.names[name] : UNKNOWN_NAME,
        `${shown}=${name}`,
      ),
    );
  }
  return judgeOne(fate, shown);
}

const UNKNOWN_NAME: ReplacedFate = {
  is: 'idle',
  why: 'nothing is known by this name here; leave it out',
};

function judgeOne(fate: ReplacedFate | undefined, shown: string): { flag: string; why: string }[] {
  if (fate?.is === 'refused')
    throw new ConfigError('FLAG_REPLACED', `${shown} is not taken over: ${fate.instead}`);
  return fate?.is === 'idle' ? [{ flag: shown, why: fate.why }] : [];
}

function isOn(text: string): boolean {
  return /^(?:1|t|true)$/i.test(text);
}

/** `--web.config.file=` of a template without a value: as without the flag, as in the program. */
function leaveOutEmpty(command: Command, programs: readonly ReplacedProgram[]): void {
  const own = programs.flatMap(flagsOf).filter(({ fate }) => fate.is === 'own');
  const names = new Set(own.map(({ name }) => `--${name}`));
  for (const option of command.options) {
    const name = option.attributeName();
    if (!names.has(option.long ?? '') || command.getOptionValue(name) !== '') continue;
    if (option.defaultValue === undefined) command.setOptionValue(name, undefined);
  }
}

/** A flag of ours that is given itself stays. */
function setOwnFlags(command: Command, given: readonly GivenFlag[]): void {
  for (const { flag, shown, texts } of given) {
    const { fate } = flag;
    if (fate.is !== 'as' || texts.every((text) => text === '')) continue;
    const option = command.options.find(({ long }) => long === fate.flag);
    if (option === undefined) throw new Error(`BUG: ${fate.flag} is no flag of ${command.name()}`);
    const name = option.attributeName();
    if (command.getOptionValueSource(name) === 'cli') continue;
    const isList = Array.isArray(option.defaultValue);
    if (option.isBoolean()) {
      command.setOptionValueWithSource(name, texts.some(isOn), 'cli');
      continue;
    }
    const values = isList ? texts.flatMap((text) => text.split(',')) : texts.slice(-1);
    const read = values.map((text) => fate.read?.(text) ?? text);
    const { argChoices: choices } = option;
    const bad = read.find((text) => choices !== undefined && !choices.includes(text));
    if (bad !== undefined)
      throw new ConfigError('FLAG_VALUE', `${shown}: write one of ${choices?.join(', ')}`);
    command.setOptionValueWithSource(name, isList ? read : read[0], 'cli');
  }
  const sources = given.filter(({ flag }) => flag.fate.is === 'source');
  if (sources.length === 0) return;
  const parts = sourcesOfFlags(new Map(sources.map(({ flag, texts }) => [flag.name, texts])));
  const before = command.getOptionValue('config') as readonly string[];
  command.setOptionValueWithSource('config', [...before, ...parts], 'cli');
}

function loggerOf(command: Command): Logger {
  const flags = command.opts<Partial<LogOptions>>();
  const format = flags['log.format'];
  return createLogger({
    level: flags['log.level'] ?? 'info',
    ...(format === undefined ? {} : { format }),
  });
}
