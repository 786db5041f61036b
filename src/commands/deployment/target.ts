/**
 * What a command acts on, and how it runs: a model of a deployment, or a stack by its name; the
 * world, the session of AWS and the signals of one run.
 */
import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { Deployment } from '../../deploy/schema.ts';
import type { DeploymentTemplate } from '../../deploy/template.ts';
import { ConfigError, RecoverableError } from '../../kernel/errors.ts';
import type { World } from '../../kernel/world.ts';
import { readDurationFlag } from '../flags.ts';
import { describeModel } from '../generate/model.ts';
import { createWorld } from '../runner.ts';
import { type Hide, hideInError, hideOnTerminal, hideValuesOf } from './hidden-values.ts';
import { type AccessFlags, OperatorSession } from './session.ts';
import { StackApi } from './stack.ts';
import { openTerminal, type Terminal } from './terminal.ts';

export interface TargetFlags extends AccessFlags {
  readonly stack?: string;
  readonly timeout?: string;
  readonly json?: boolean;
}

export interface Model {
  readonly file: string;
  readonly deployment: Deployment;
  readonly template: DeploymentTemplate;
}

/** What a command gets. */
export interface Run {
  readonly terminal: Terminal;
  readonly session: OperatorSession;
  readonly api: StackApi;
  /** Undefined where a stack was named. */
  readonly model: Model | undefined;
  readonly timeoutMs: number;
}

/** What tests replace. */
export interface RunEdges {
  readonly terminal: Terminal;
  readonly openWorld: () => World;
  /** Aborts with what ends the command; a second time ends the process. */
  readonly signal: AbortSignal;
}

export function openRunEdges(): RunEdges {
  const ending = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () =>
      ending.abort(new RecoverableError('STACK_UNWATCHED', `ended by ${name}`)),
    );
  return {
    terminal: openTerminal(),
    openWorld: () => createWorld({ 'log.level': 'warn' }),
    signal: ending.signal,
  };
}

/** The flags that all of these commands have. */
export function addTargetFlags(command: Command): Command {
  return command
    .option('--stack <name>', 'name of the stack (default: the name of the deployment)')
    .option('--region <region>', 'region of a stack that is named; a model has its own')
    .option('--profile <name>', 'profile of the shared configuration files')
    .option('--json', 'the result as JSON');
}

export function timeoutOption(): Option {
  return new Option('--timeout <time>', 'how long the stack is followed').default('2h');
}

const STACK_NAME = /^[A-Za-z][A-Za-z0-9-]{0,127}$/;

/** @throws ConfigError for a model that can't be read, or a name that no stack can have */
export async function readModel(file: string): Promise<Model> {
  return { file, ...(await describeModel(file)) };
}

/** A file that is there is a model; else the name of a stack. */
export async function readModelOrStack(given: string): Promise<Model | string> {
  if (existsSync(given)) return readModel(given);
  if (STACK_NAME.test(given)) return given;
  throw new ConfigError(
    'CONFIG_FILE',
    `${given} is no file, and no stack can have that name: name a model or a stack`,
  );
}

export async function runOnStack(
  target: Model | string,
  flags: TargetFlags,
  edges: RunEdges,
  work: (run: Run) => Promise<void>,
): Promise<void> {
  const model = typeof target === 'string' ? undefined : target;
  const region = model?.deployment.region ?? flags.region;
  if (flags.region !== undefined && flags.region !== region)
    throw new ConfigError(
      'FLAG_COMBINATION',
      `--region ${flags.region}: ${model?.file ?? ''} is made for ${region}; change it there`,
    );
  const name = flags.stack ?? (typeof target === 'string' ? target : target.deployment.name);
  if (!STACK_NAME.test(name))
    throw new ConfigError(
      'FLAG_VALUE',
      `--stack: ${JSON.stringify(name)} is no name of a stack: a letter, then up to 127 letters, ` +
        'digits and dashes',
    );
  const timeoutMs = readDurationFlag('--timeout', flags.timeout ?? '2h');
  const world = edges.openWorld();
  const session = await OperatorSession.open(
    { region, profile: flags.profile },
    world,
    edges.signal,
  );
  const hide: Hide = model === undefined ? (text) => text : hideValuesOf(model.deployment);
  const terminal = hideOnTerminal(edges.terminal, hide);
  try {
    const api = await StackApi.open(name, session);
    await work({ terminal, session, api, model, timeoutMs });
  } catch (error) {
    throw hideInError(error, hide);
  } finally {
    session.close();
    await world.http.close();
  }
}
