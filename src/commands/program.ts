/**
 * The command line as a tree of commands. A command's module is loaded only when it is asked for,
 * so that the exporter sidecar never loads PromQL or an AWS client. What all commands share is set
 * here: the form of their help and of a usage error, which is thrown and does not end the process.
 */
import { Command, Help, type Option } from 'commander';
import { ConfigError } from '../kernel/errors.ts';
import type { StartCode } from '../kernel/error-codes/catalogue.ts';
import { stayLean, tuneGarbageCollection } from './collect/garbage-collection.ts';
import { describeVersion } from './version.ts';
import { rewriteGoFlags } from './xray/go-flags.ts';

interface Entry {
  /** Its line in the help of the program. */
  readonly summary: string;
  /** @param below  the word after its name, where the user gave one */
  readonly load: (below?: string) => Promise<Command>;
}

/** Commands that stand in for a program of Go's `flag` package, and have no flags of one letter. */
const GO_PROGRAMS: ReadonlySet<string | undefined> = new Set(['collect', 'discover']);

const commands: Readonly<Record<string, Entry>> = {
  demo: {
    summary: 'the whole pipeline on this machine, without an AWS account',
    load: async () => (await import('./demo.ts')).createDemoCommand(),
  },
  collect: {
    summary: 'scrape, keep on disk, remote_write signed with SigV4',
    load: async () => {
      tuneGarbageCollection();
      return (await import('./collect.ts')).createCollectCommand();
    },
  },
  discover: {
    summary: 'targets from ECS and AWS Cloud Map, over HTTP or as a file',
    load: async () => (await import('./discover.ts')).createDiscoverCommand(),
  },
  exporter: {
    summary: 'the sidecar: ECS task metadata as Prometheus metrics',
    load: async () => {
      stayLean();
      return (await import('./exporter.ts')).createExporterCommand();
    },
  },
  xray: {
    summary: 'the X-Ray daemon: its flags and file, segments kept on disk',
    load: async () => (await import('./xray.ts')).createXrayCommand(),
  },
  proxy: {
    summary: 'sign requests with SigV4 for programs that cannot',
    load: async () => (await import('./proxy.ts')).createProxyCommand(),
  },
  workspace: {
    summary: 'a local AMP: signed writes, PromQL, web page',
    load: async () => (await import('./workspace.ts')).createWorkspaceCommand(),
  },
  emulate: {
    summary: 'local AWS endpoints that verify signatures',
    load: async () => (await import('./emulate.ts')).createEmulateCommand(),
  },
  'sample-app': {
    summary: 'an instrumented application that puts load on itself',
    load: async () => (await import('./sample-app.ts')).createSampleAppCommand(),
  },
  check: {
    summary: 'validate files before they are used, show what waits in a queue',
    load: async (below) =>
      below === 'healthcheck'
        ? loadHealthcheck()
        : (await import('./check.ts')).createCheckCommand({
            load: loadCommand,
            normalize: normalizeArguments,
          }),
  },
  doctor: {
    summary: 'why metrics do not arrive, and what to do about it',
    load: async () => (await import('./doctor.ts')).createDoctorCommand(),
  },
  generate: {
    summary: 'what puts it on AWS: CloudFormation, of a short model',
    load: async () => (await import('./generate.ts')).createGenerateCommand(),
  },
  plan: {
    summary: 'what deploy would change on AWS, and what that interrupts',
    load: async () => (await import('./plan.ts')).createPlanCommand(),
  },
  deploy: {
    summary: 'make on AWS what a model of a deployment says',
    load: async () => (await import('./deploy.ts')).createDeployCommand(),
  },
  status: {
    summary: 'how a deployment stands: services, workspace, targets, drift',
    load: async () => (await import('./status.ts')).createStatusCommand(),
  },
  destroy: {
    summary: 'take a deployment away, and say what is kept',
    load: async () => (await import('./destroy.ts')).createDestroyCommand(),
  },
  explain: {
    summary: 'what an error code means and what to do about it',
    load: async () => (await import('./explain.ts')).createExplainCommand(),
  },
  completion: {
    summary: 'a script that completes commands and flags in bash, zsh or fish',
    load: async () => (await import('./completion.ts')).createCompletionCommand(loadProgram),
  },
};

/** The health check alone: a container runs it every few seconds. */
async function loadHealthcheck(): Promise<Command> {
  const { createCheckHealthcheckCommand } = await import('./check/healthcheck.ts');
  const write = (text: string): void => void process.stdout.write(text);
  return new Command('check').addCommand(createCheckHealthcheckCommand(write));
}

/** The program, with only the command loaded that the arguments ask for. */
export async function createProgram(argv: readonly string[]): Promise<Command> {
  const [wanted, below] = argv.filter((argument) => !argument.startsWith('-'));
  const program = createEmptyProgram();
  for (const [name, { summary, load }] of Object.entries(commands))
    program.addCommand(
      name === wanted ? (await load(below)).summary(summary) : new Command(name).summary(summary),
    );
  return unify(program, program.name());
}

async function loadCommand(name: string): Promise<Command> {
  const program = await createProgram([name]);
  const found = program.commands.find((command) => command.name() === name);
  if (found === undefined) throw new Error(`BUG: there is no command ${name}`);
  return found;
}

/** The program with all commands loaded: for completion, the reference page and tests. */
export async function loadProgram(): Promise<Command> {
  const program = createEmptyProgram();
  for (const { summary, load } of Object.values(commands))
    program.addCommand((await load()).summary(summary));
  return unify(program, program.name());
}

/** Flags of the program itself, where no command is named. */
const OWN_FLAGS: ReadonlySet<string> = new Set(['-h', '--help', '-V', '--version']);

/**
 * Puts the command in front where the command line has none, as in a container whose image was
 * changed: AMPERAGE_COMMAND, else what flags and variables of a replaced program tell. A first word
 * "amperage" is dropped: in a task definition the entry point may have it already.
 *
 * @throws ConfigError USAGE
 */
export async function nameCommand(
  given: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly string[]> {
  const argv = given[0] === 'amperage' ? given.slice(1) : given;
  const [first = '-'] = argv;
  if (!first.startsWith('-')) return argv;
  const named = env['AMPERAGE_COMMAND'] ?? '';
  if (Object.hasOwn(commands, named)) return [named, ...argv];
  if (named !== '') {
    const known = Object.keys(commands).join(', ');
    const shown = JSON.stringify(named);
    throw new ConfigError('USAGE', `AMPERAGE_COMMAND is ${shown}; write one of ${known}`);
  }
  if (OWN_FLAGS.has(first)) return argv;
  const { chooseCommand } = await import('./replaced/choose-command.ts');
  const chosen = chooseCommand(argv, env);
  return chosen === undefined ? argv : [chosen, ...argv];
}

/**
 * Rewrites what the user gave into what the parser understands. Flags of Go programs have one dash
 * (-config.cluster of prometheus-ecs-discovery, -remoteWrite.url of vmagent); they get a second one
 * where such a program is replaced. All flags of "xray" are those of a Go program. "help a b"
 * becomes "a b --help". Of an unknown command only the name is kept, so that the error is about it.
 */
export function normalizeArguments(given: readonly string[]): readonly string[] {
  if (given[0] === 'xray') return ['xray', ...rewriteGoFlags(given.slice(1))];
  const wanted = given.find((argument) => !argument.startsWith('-') && argument !== 'help');
  const isGo = GO_PROGRAMS.has(wanted);
  const dashed = isGo
    ? given.map((argument) => argument.replace(/^-(?=[a-z][\w.-])/i, '--'))
    : given;
  const argv = dashed[0] === 'help' && dashed.length > 1 ? [...dashed.slice(1), '--help'] : dashed;
  const [name] = argv;
  const isKnown = name === undefined || name === 'help' || Object.hasOwn(commands, name);
  return isKnown || name.startsWith('-') ? argv : [name];
}

function createEmptyProgram(): Command {
  return new Command('amperage')
    .description(
      'Metrics of containers on Amazon ECS (Prometheus, OTLP, StatsD), brought to Amazon Managed ' +
        'Service for Prometheus (AMP) and CloudWatch, and their traces, brought to AWS X-Ray',
    )
    .version(describeVersion(), '-V, --version', 'version, commit and Node')
    .addHelpText(
      'after',
      `
Run "amperage <command> --help" for a command's flags and examples.

Examples:
  amperage demo --duration 60s
  amperage help discover explain
`,
    )
    .addHelpText('afterAll', ({ error, command }) =>
      // Help that nobody asked for: in a container this is the last line of the log.
      error && command.parent === null ? `\namperage: ${NO_COMMAND} [${USAGE}]` : '',
    );
}

const USAGE: StartCode = 'USAGE';
const NO_COMMAND =
  'no command is named, and no flag or variable tells which one is meant; name it, or set ' +
  'AMPERAGE_COMMAND to it';

const EXIT_STATUS_MOST =
  '0: done, or stopped by a signal in order; 1: failed while it ran; 2: a flag, a file or a ' +
  'configuration must be changed first.';
/** Of commands that have one more; by their path. */
const EXIT_STATUS: Readonly<Record<string, string>> = {
  'amperage check metrics': `${EXIT_STATUS_MOST} 3: valid, with remarks.`,
  'amperage doctor':
    '0: no error is found, warnings there may be; 1: an error is found, or doctor itself failed; ' +
    '2: a flag or the source of the configuration must be changed first.',
  'amperage check emf': `${EXIT_STATUS_MOST} 3: events that name no metrics.`,
  'amperage plan':
    '0: told; 1: failed while it ran; 2: a flag, a file or a configuration must be changed ' +
    'first, or, with --detailed-exitcode, something would change.',
  'amperage xray':
    '0: stopped by a signal in order; 1: its file or region is wrong, as for the daemon, or it ' +
    'failed; 2: a flag must be changed first.',
};

/** @param path  the names that lead to the command, as the user types them: "amperage check" */
function unify(command: Command, path: string): Command {
  command
    .exitOverride()
    .configureHelp({ optionDescription: describeOption })
    .configureOutput({
      outputError: (text, write) =>
        write(sayFlagsAlone(text, command).replace(/^error: (.*)$/m, `amperage: $1 [${USAGE}]`)),
    })
    .addHelpText('after', `\nExit status: ${EXIT_STATUS[path] ?? EXIT_STATUS_MOST}`)
    .showHelpAfterError(`Run "${path} --help" for its commands and flags.`);
  for (const below of command.commands) unify(below, `${path} ${below.name()}`);
  return command;
}

/** A file that is named without its flag is what most arguments are that are too many. */
function sayFlagsAlone(text: string, { registeredArguments, options }: Command): string {
  if (registeredArguments.length > 0) return text;
  const isConfigured = options.some(({ long }) => long === '--config.file');
  const remedy = isConfigured ? ', and its configuration by --config.file' : '';
  return text.replace(
    /^(error: too many arguments for '\S+')\. .*$/m,
    `$1: it takes flags alone${remedy}`,
  );
}

/** Leaves out the default of a flag that gathers values: it is an empty list. */
export function describeOption(option: Option): string {
  const isEmptyList = Array.isArray(option.defaultValue) && option.defaultValue.length === 0;
  return isEmptyList ? option.description : new Help().optionDescription(option);
}
