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
import { listReplaced, type ReplacedFlag, type ReplacedProgram } from './program-table.ts';
import {
  type Env,
  flagsOf,
  type GivenFlag,
  judgeGiven,
  readGiven,
  toOwnFlag,
} from './read-flags.ts';

/** Call it after the command's own flags are there. */
export function addReplacedFlags(
  command: Command,
  programs: readonly ReplacedProgram[],
  env: Env = process.env,
): Command {
  for (const program of programs)
    for (const flag of flagsOf(program)) addFlag(command, flag, program.dashes === '--');
  return command.hook('preAction', async (owner, acting) => {
    // Commander calls this hook for subcommands too.
    if (owner !== acting) return;
    const given = programs.flatMap((program) => readGiven(acting, program, env));
    const judged = given.flatMap(judgeGiven);
    for (const { shown, fate } of judged)
      if (fate.is === 'refused' || fate.is === 'file')
        throw new ConfigError('FLAG_REPLACED', `${shown} is not taken over: ${fate.instead}`);
    leaveOutEmpty(acting, programs);
    setOwnFlags(acting, given);
    await addSources(acting, given);
    const log = loggerOf(acting);
    for (const { shown, fate } of judged)
      if (fate.is === 'idle') log.warn(`${shown} has no effect`, { instead: fate.why });
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
  for (const one of given) {
    const own = toOwnFlag(command, one);
    if (own === undefined) continue;
    const { option, values } = own;
    const name = option.attributeName();
    if (command.getOptionValueSource(name) === 'cli') continue;
    const isList = Array.isArray(option.defaultValue);
    const value = typeof values === 'boolean' || isList ? values : values[0];
    command.setOptionValueWithSource(name, value, 'cli');
  }
}

/** Flags that stand for a part of a configuration: what reads them is loaded only for them. */
async function addSources(command: Command, given: readonly GivenFlag[]): Promise<void> {
  const sources = given.filter(({ flag }) => flag.fate.is === 'source');
  if (sources.length === 0) return;
  const { sourcesOfFlags } = await import('./flag-sources.ts');
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
