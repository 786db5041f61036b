#!/usr/bin/env node
/**
 * argv → command. Each command's module is loaded only when it is asked for: the exporter sidecar never loads
 * PromQL or an AWS client. The only place that decides the exit status: 2 for what the user must change, else 1.
 */
import { Command } from 'commander';
import { ConfigError, messageOf } from './kernel/errors.ts';

import { VERSION } from './commands/version.ts';

/** Name → one line for --help, and the module that makes it. */
const commands: Readonly<Record<string, { summary: string; load: () => Promise<Command> }>> = {
  demo: {
    summary: 'the whole pipeline on this machine, without an AWS account',
    load: async () => (await import('./commands/demo.ts')).demoCommand(),
  },
  collect: {
    summary: 'scrape, keep on disk, remote_write signed with SigV4',
    load: async () => (await import('./commands/collect.ts')).collectCommand(),
  },
  discover: {
    summary: 'targets from ECS and AWS Cloud Map, over HTTP or as a file',
    load: async () => (await import('./commands/discover.ts')).discoverCommand(),
  },
  exporter: {
    summary: 'the sidecar: ECS task metadata as Prometheus metrics',
    load: async () => (await import('./commands/exporter.ts')).exporterCommand(),
  },
  proxy: {
    summary: 'signs requests with SigV4 for programs that cannot',
    load: async () => (await import('./commands/proxy.ts')).proxyCommand(),
  },
  workspace: {
    summary: 'a local AMP: signed writes, PromQL, web page',
    load: async () => (await import('./commands/workspace.ts')).workspaceCommand(),
  },
  emulate: {
    summary: 'local AWS endpoints that verify signatures',
    load: async () => (await import('./commands/emulate.ts')).emulateCommand(),
  },
  'sample-app': {
    summary: 'an instrumented application that puts load on itself',
    load: async () => (await import('./commands/sample-app.ts')).sampleAppCommand(),
  },
  check: {
    summary: 'validate files before they are used',
    load: async () => (await import('./commands/check.ts')).checkCommand(),
  },
  explain: {
    summary: 'what an error code means and what to do about it',
    load: async () => (await import('./commands/explain.ts')).explainCommand(),
  },
};

async function main(given: readonly string[]): Promise<void> {
  // Go's flags have one dash: -config.cluster of prometheus-ecs-discovery.
  const argv = given.map((argument) => argument.replace(/^-(?=config\.[a-z-]+)/, '--'));
  const wanted = argv.find((argument) => !argument.startsWith('-'));
  const program = new Command('amperage')
    .description(
      'Prometheus metrics and X-Ray traces from Amazon ECS into AMP, CloudWatch and X-Ray',
    )
    .version(VERSION)
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      '\nRun "amperage <command> --help" for a command\'s options and examples.',
    );
  for (const [name, { summary, load }] of Object.entries(commands)) {
    program.addCommand(
      name === wanted ? (await load()).summary(summary) : new Command(name).summary(summary),
    );
  }
  await program.parseAsync(argv, { from: 'user' });
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`amperage: ${messageOf(error)}\n`);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
});
