/**
 * Where a command that acts says what it does: results on standard output, what happens meanwhile
 * on standard error, and a question where both ends are a person's.
 */
import { createInterface } from 'node:readline/promises';
import { ConfigError } from '../../kernel/errors.ts';

export interface Terminal {
  /** A result. */
  readonly write: (text: string) => void;
  /** What happens meanwhile. */
  readonly tell: (line: string) => void;
  /** The answer of a person; absent where there is nobody to ask. */
  readonly ask?: ((question: string, signal: AbortSignal) => Promise<string>) | undefined;
}

export function openTerminal(): Terminal {
  return {
    write: (text) => void process.stdout.write(text),
    tell: (line) => void process.stderr.write(`${line}\n`),
    ask: process.stdin.isTTY && process.stderr.isTTY ? askOnTerminal : undefined,
  };
}

async function askOnTerminal(question: string, signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // Where a line is read, Ctrl-C is no signal of the process.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return await lines.question(question, { signal });
  } finally {
    lines.close();
  }
}

/** @throws ConfigError NOT_CONFIRMED where nobody says yes */
export async function confirm(
  terminal: Terminal,
  signal: AbortSignal,
  { what, isGiven }: { readonly what: string; readonly isGiven: boolean },
): Promise<void> {
  if (isGiven) return;
  if (terminal.ask === undefined)
    throw new ConfigError('NOT_CONFIRMED', `${what}, and nobody can be asked: give --yes`);
  const answer = await terminal.ask(`${what}. Go on? (yes/no) `, signal);
  if (!/^y(?:es)?$/i.test(answer.trim()))
    throw new ConfigError('NOT_CONFIRMED', 'nothing was changed: the answer was not yes');
}

/** Rows in columns as wide as their longest cell, without spaces at the end. */
export function renderTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows
    .map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}
