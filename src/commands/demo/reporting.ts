/** What the demo prints: lines, and its figures at the end. */
import type { Figure } from './figures.ts';

/** Prints every figure; a figure of 0 makes the exit status 1. */
export function report(figures: readonly Figure[]): void {
  for (const { what, value, unit } of figures) {
    const text = Number.isInteger(value) ? String(value) : value.toFixed(2);
    say(`  ${value > 0 ? '✓' : '✗'} ${what.padEnd(10)} ${text.padStart(8)} ${unit}`);
  }
  const empty = figures.filter((figure) => figure.value <= 0);
  if (empty.length === 0) return;
  process.stderr.write(
    `amperage: no data: ${empty.map(({ what, unit }) => `${what} (${unit})`).join(', ')}\n`,
  );
  process.exitCode = 1;
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
