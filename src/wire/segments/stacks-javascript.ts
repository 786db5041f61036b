/**
 * Stack traces of V8:
 *
 *     TypeError: order is not a function
 *         at Object.<anonymous> (/app/shop.js:22:13)
 *         at async file:///app/main.js:9:3
 *         at Promise.all (index 0)
 *         at new Promise (<anonymous>)
 *         at process._tickCallback [as _onTick] (native)
 */
import type { StackFrame, Stack } from './stack.ts';
import { readLine } from './stacks-java.ts';

const AT = '    at ';

export function parseJavaScriptStack(lines: readonly string[]): Stack {
  return { frames: lines.slice(1).flatMap((line) => parseFrame(line) ?? []), causes: [] };
}

function parseFrame(line: string): StackFrame | undefined {
  if (!line.startsWith(AT)) return undefined;
  const text = line.slice(AT.length);
  const parenthesis = text.lastIndexOf(' (');
  const hasPlace = parenthesis >= 0 && text.endsWith(')');
  if (!hasPlace && text.includes('(')) return undefined;
  const label = hasPlace ? text.slice(0, parenthesis) : '';
  const place = hasPlace ? text.slice(parenthesis + 2, -1) : text.replace(/^async /, '');
  // Colons of a scheme (file:, node:) or a drive stand before those of line and column.
  const column = place.lastIndexOf(':');
  const row = place.lastIndexOf(':', column - 1);
  const isPlaced = row > 0 && /^\d+$/.test(place.slice(column + 1));
  const number = isPlaced ? readLine(place.slice(row + 1, column)) : 0;
  const path = isPlaced ? place.slice(0, row) : place.includes('native') ? 'native' : place;
  return path === '' && label === '' ? undefined : { path, label, line: number };
}
