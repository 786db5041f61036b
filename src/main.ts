#!/usr/bin/env node
/**
 * argv → command. Each command's module is loaded only when it is asked for: the exporter sidecar never loads
 * PromQL or an AWS client. The only place that exits the process.
 */
import { Command } from 'commander';
import { ConfigError, messageOf } from './kernel/errors.ts';

const version = '0.1.0';

const program = new Command('amperage')
  .description('Prometheus metrics and X-Ray traces from Amazon ECS into AMP, CloudWatch and X-Ray')
  .version(version)
  .showSuggestionAfterError()
  .showHelpAfterError('(run with --help for the options)');

async function main(): Promise<void> {
  await program.parseAsync();
}

main().catch((error: unknown) => {
  process.stderr.write(`amperage: ${messageOf(error)}\n`);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
});
