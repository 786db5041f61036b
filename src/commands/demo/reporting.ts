/** What the demo prints: lines, and its figures at the end. */
import { RecoverableError } from '../../kernel/errors.ts';
import type { Figure } from './figures.ts';

/** Prints every figure. @throws RecoverableError where one is 0 */
export function report(figures: readonly Figure[]): void {
  for (const { what, value, unit } of figures) {
    const text = Number.isInteger(value) ? String(value) : value.toFixed(2);
    say(`  ${value > 0 ? '✓' : '✗'} ${what.padEnd(10)} ${text.padStart(8)} ${unit}`);
  }
  const empty = figures.filter((figure) => figure.value <= 0);
  if (empty.length === 0) return;
  const names = empty.map(({ what, unit }) => `${what} (${unit})`).join(', ');
  throw new RecoverableError('DEMO_FAILED', `no data: ${names}; let it run for longer`);
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
