/**
 * The command line as a tree of commands. Each command's module is loaded only when it is asked
 * for:
 * the exporter sidecar never loads PromQL or an AWS client. What all commands share is set here:
 * the shape of their help, the words of a usage error, and that it is thrown rather than ends the
 * process.
 */
import { Command, Help, type Option } from 'commander';
import { VERSION } from './version.ts';

interface Entry {
  /** One line for the help of the whole. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

const commands: Readonly<Record<string, Entry>> = {
  demo: {
    summary: 'the whole pipeline on this machine, without an AWS account',
    load: async () => (await import('./demo.ts')).demoCommand(),
  },
  collect: {
    summary: 'scrape, keep on disk, remote_write signed with SigV4',
    load: async () => (await import('./collect.ts')).collectCommand(),
  },
  discover: {
    summary: 'targets from ECS and AWS Cloud Map, over HTTP or as a file',
    load: async () => (await import('./discover.ts')).discoverCommand(),
  },
  exporter: {
    summary: 'the sidecar: ECS task metadata as Prometheus metrics',
    load: async () => (await import('./exporter.ts')).exporterCommand(),
  },
  proxy: {
    summary: 'signs requests with SigV4 for programs that cannot',
    load: async () => (await import('./proxy.ts')).proxyCommand(),
  },
  workspace: {
    summary: 'a local AMP: signed writes, PromQL, web page',
    load: async () => (await import('./workspace.ts')).workspaceCommand(),
  },
  emulate: {
    summary: 'local AWS endpoints that verify signatures',
    load: async () => (await import('./emulate.ts')).emulateCommand(),
  },
  'sample-app': {
    summary: 'an instrumented application that puts load on itself',
    load: async () => (await import('./sample-app.ts')).sampleAppCommand(),
  },
  check: {
    summary: 'validate files before they are used, show what waits in a queue',
    load: async () => (await import('./check.ts')).checkCommand(),
  },
  explain: {
    summary: 'what an error code means and what to do about it',
    load: async () => (await import('./explain.ts')).explainCommand(),
  },
  completion: {
    summary: 'a script that completes commands and flags in bash, zsh or fish',
    load: async () => (await import('./completion.ts')).completionCommand(loadProgram),
  },
};

/** The program with the one command loaded that the arguments ask for. */
export async function createProgram(argv: readonly string[]): Promise<Command> {
  const wanted = argv.find((argument) => !argument.startsWith('-'));
  const program = newProgram();
  for (const [name, { summary, load }] of Object.entries(commands))
    program.addCommand(
      name === wanted ? (await load()).summary(summary) : new Command(name).summary(summary),
    );
  return unify(program, program.name());
}

/** The program with all commands loaded: for completion, the reference page and tests. */
export async function loadProgram(): Promise<Command> {
  const program = newProgram();
  for (const { summary, load } of Object.values(commands))
    program.addCommand((await load()).summary(summary));
  return unify(program, program.name());
}

/**
 * What the user gave, as the parser understands it: Go's flags have one dash (-config.cluster of
 * prometheus-ecs-discovery), and "help a b" asks for the help of b below a. Help of a command that
 * does not exist becomes that command alone, which is refused by its name.
 */
export function normalizeArguments(given: readonly string[]): string[] {
  const dashed = given.map((argument) => argument.replace(/^-(?=config\.[a-z-]+)/, '--'));
  const argv = dashed[0] === 'help' && dashed.length > 1 ? [...dashed.slice(1), '--help'] : dashed;
  const [name] = argv;
  const isKnown = name === undefined || name === 'help' || Object.hasOwn(commands, name);
  return isKnown || name.startsWith('-') ? argv : [name];
}

function newProgram(): Command {
  return new Command('amperage')
    .description(
      'Prometheus metrics of containers on Amazon ECS, brought to Amazon Managed Service for ' +
        'Prometheus (AMP)',
    )
    .version(VERSION)
    .addHelpText(
      'after',
      `
Run "amperage <command> --help" for a command's options and examples.

Examples:
  amperage demo --duration 60s
  amperage help discover explain
`,
    );
}

/** @param path  of names from the program down, as the user types them */
function unify(command: Command, path: string): Command {
  command
    .exitOverride()
    .configureHelp({ optionDescription: describeOption })
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'amperage: ')),
    })
    .showHelpAfterError(`Run "${path} --help" for what there is.`);
  for (const below of command.commands) unify(below, `${path} ${below.name()}`);
  return command;
}

/** An option that gathers values starts with an empty list, which is no default worth a mention. */
export function describeOption(option: Option): string {
  const isEmptyList = Array.isArray(option.defaultValue) && option.defaultValue.length === 0;
  return isEmptyList ? option.description : new Help().optionDescription(option);
}
