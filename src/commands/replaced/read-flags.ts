/**
 * What a command line gives of the flags of a program that a command stands in for, by the
 * program's table: the values of each, and what becomes of it here. Does not act on it: a command
 * that runs does so in add-flags.ts, and a conversion in convert-line.ts.
 */
import type { Command, Option } from 'commander';
import { ConfigError } from '../../kernel/errors.ts';
import {
  type ReplacedFate,
  listReplaced,
  type ReplacedFlag,
  type ReplacedProgram,
} from './program-table.ts';

export type Env = Readonly<Record<string, string | undefined>>;

export function flagsOf(program: ReplacedProgram): ReplacedFlag[] {
  return program.flags.flatMap(listReplaced);
}

export interface GivenFlag {
  readonly flag: ReplacedFlag;
  /** As the program writes it. */
  readonly shown: string;
  readonly texts: readonly string[];
}

/**
 * The flags of the program that are not the command's own, with their values.
 *
 * @param command  has parsed the command line
 * @param refer    what stands for a variable in a value that becomes configuration; its own value
 *                 by default
 * @throws ConfigError FLAG_VALUE for a variable that is not set
 */
export function readGiven(
  command: Command,
  program: ReplacedProgram,
  env: Env,
  refer?: (name: string) => string,
): GivenFlag[] {
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
      const find = (name: string): string => {
        if (refer !== undefined && flag.fate.is === 'source') return refer(name);
        const value = env[name];
        if (value !== undefined) return value;
        throw new ConfigError('FLAG_VALUE', `${shown}: the variable ${name} is not set`);
      };
      const given = readOne(flag.name) ?? (ofEnv === undefined ? [] : [ofEnv]);
      const texts = given.map((text) =>
        program.variables === undefined
          ? text
          : text.replace(program.variables, (_, name: string) => find(name)),
      );
      return texts.length === 0
        ? []
        : [{ flag, shown, texts }, ...flagsOfNames(flag, shown, texts)];
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

/** A flag, or a name of its list, with what becomes of it. */
export interface JudgedFlag {
  /** As the program writes it. */
  readonly shown: string;
  readonly fate: ReplacedFate;
}

/**
 * What asks for something: a switch that is off does not, nor does an empty value or the one that
 * the program has without the flag.
 *
 * @throws ConfigError FLAG_VALUE
 */
export function judgeGiven({ flag, shown, texts }: GivenFlag): readonly JudgedFlag[] {
  const { isSwitch, fate, unset } = flag;
  if (isSwitch && fate.is !== 'source') {
    const bad = texts.find((text) => !/^(?:1|t|true|0|f|false)$/i.test(text));
    if (bad !== undefined)
      throw new ConfigError('FLAG_VALUE', `${shown}: ${JSON.stringify(bad)} is not true or false`);
    if (!texts.some(isOn)) return [];
  }
  if (texts.every((text) => text === '' || text === unset)) return [];
  if (fate.is !== 'names') return [{ shown, fate }];
  const names = texts.flatMap((text) => text.split(',')).filter((name) => name !== '');
  return [...new Set(names)].map((name) => ({
    shown: `${shown}=${name}`,
    fate: (Object.hasOwn(fate.names, name) ? fate.names[name] : undefined) ?? UNKNOWN_NAME,
  }));
}

const UNKNOWN_NAME: ReplacedFate = {
  is: 'idle',
  why: 'nothing is known by this name here; leave it out',
};

export function isOn(text: string): boolean {
  return /^(?:1|t|true)$/i.test(text);
}

/** A flag of ours with the values that a flag of the program gives it. */
export interface OwnFlag {
  readonly option: Option;
  /** Of an option that takes none, whether it is on. */
  readonly values: readonly string[] | boolean;
}

/**
 * The flag of ours that a flag of the program stands for; undefined where it stands for none.
 *
 * @throws ConfigError FLAG_VALUE for a value that the flag of ours does not have
 */
export function toOwnFlag(
  command: Command,
  { flag, shown, texts }: GivenFlag,
): OwnFlag | undefined {
  const { fate } = flag;
  if (fate.is !== 'as' || texts.every((text) => text === '')) return undefined;
  const option = command.options.find(({ long }) => long === fate.flag);
  if (option === undefined) throw new Error(`BUG: ${fate.flag} is no flag of ${command.name()}`);
  if (option.isBoolean()) return { option, values: texts.some(isOn) };
  const isList = Array.isArray(option.defaultValue);
  const values = isList ? texts.flatMap((text) => text.split(',')) : texts.slice(-1);
  const read = values.map((text) => fate.read?.(text) ?? text);
  const { argChoices: choices } = option;
  if (read.some((text) => choices !== undefined && !choices.includes(text)))
    throw new ConfigError('FLAG_VALUE', `${shown}: write one of ${choices?.join(', ')}`);
  return { option, values: read };
}
