/**
 * Stack traces of Go, two lines a frame, behind a line of the fault and one of the goroutine:
 *
 *     goroutine 1 [running]:
 *     main.order(...)
 *     	/src/shop.go:14 +0x1d
 */
import type { StackFrame, Stack } from './stack.ts';
import { readLine } from './stacks-java.ts';

const GOROUTINE = /^goroutine\b.*\brunning\b.*:$/;
const PLACE = /^\s*([^:\s]+):(\d+)/;

export function parseGoStack(lines: readonly string[]): Stack {
  const frames: StackFrame[] = [];
  // The first line is that of the fault, or of the goroutine.
  let index = 1;
  while (index < lines.length) {
    if (GOROUTINE.test(lines[index] ?? '')) index += 1;
    const label = lines[index] ?? '';
    const [, path = '', line = ''] = PLACE.exec(lines[index + 1] ?? '') ?? [];
    if (label !== '') frames.push({ path, label, line: readLine(line) });
    index += 2;
  }
  return { frames, causes: [] };
}
