#!/usr/bin/env node
/**
 * argv → command. The only place that decides the exit status: 2 for what the user must change (a
 * flag, a file, an address), else 1.
 */
import { CommanderError } from 'commander';
import { createProgram, normalizeArguments } from './commands/program.ts';
import { ConfigError, describeError } from './kernel/errors.ts';

async function main(given: readonly string[]): Promise<void> {
  const argv = normalizeArguments(given);
  const program = await createProgram(argv);
  await program.parseAsync(argv, { from: 'user' });
}

/**
 * A reader that has gone (`amperage check … | head`, a log collector that died) is no failure of
 * ours: what nobody reads is lost, and the command goes on to its own end and status.
 */
function passOverClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

process.stdout.on('error', passOverClosedPipe);
process.stderr.on('error', passOverClosedPipe);

main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof CommanderError) {
    // Its message, or the help that was asked for, is written already.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
    return;
  }
  process.stderr.write(`amperage: ${describeError(error)}\n`);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
});
