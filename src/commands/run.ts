/**
 * Runs the command that argv names, and decides how a failure ends it: with one line,
 * `amperage: message [CODE]`, and the status 2 for what the user must change (a flag, a file, an
 * address), else 1.
 */
import { CommanderError } from 'commander';
import { createProgram, nameCommand, normalizeArguments } from './program.ts';
import { ConfigError, describeError, RecoverableError } from '../kernel/errors.ts';
import { hideSessionTokens } from '../kernel/session-tokens.ts';

/** @param given  what stands behind the name of the program */
export async function runProgram(given: readonly string[]): Promise<void> {
  process.stdout.on('error', passOverClosedPipe);
  process.stderr.on('error', passOverClosedPipe);
  try {
    const argv = normalizeArguments(await nameCommand(given, process.env));
    const program = await createProgram(argv);
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    endWith(error);
  }
}

/**
 * The reader of our output has gone (`amperage check … | head`, a log collector that died). That is
 * no failure of the command: the output is lost, and the command goes on to its own exit status.
 */
function passOverClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

function endWith(error: unknown): void {
  if (error instanceof CommanderError) {
    // Commander has already written the message, or the help that was asked for.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
    return;
  }
  const isKnown = error instanceof Error && 'code' in error;
  const text = describeError(error);
  const said = isKnown ? text : describeError(new RecoverableError('UNEXPECTED', text));
  process.stderr.write(`amperage: ${hideSessionTokens(said)}\n`);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
}
