/**
 * Tracebacks of Python, whose last line is the exception itself and whose frames stand in the order
 * of the calls. Exceptions that led to it stand before it:
 *
 *     Traceback (most recent call last):
 *       File "shop.py", line 14, in order
 *         add(item)
 *     KeyError: 'item'
 *
 *     During handling of the above exception, another exception occurred:
 *
 *     Traceback (most recent call last):
 *       File "main.py", line 3, in <module>
 *         order(item)
 *     ValueError: no such item
 */
import type { CausedBy, StackFrame, Stack } from './stack.ts';
import { readLine, splitMessage } from './stacks-java.ts';

const FILE = '  File "';
const LEADS = [
  'During handling of the above exception, another exception occurred:',
  'The above exception was the direct cause of the following exception:',
];

export function parsePythonStack(lines: readonly string[]): Stack {
  const parts = splitParts(lines).toReversed();
  const [own = [], ...others] = parts;
  // The exception itself is known by the event: its line may have any form.
  return { frames: readFrames(own), causes: others.map(readCause) };
}

/** The tracebacks, the first cause first. */
function splitParts(lines: readonly string[]): string[][] {
  const parts: string[][] = [[]];
  for (const line of lines) {
    if (LEADS.includes(line)) parts.push([]);
    else parts.at(-1)?.push(line);
  }
  return parts;
}

function readFrames(lines: readonly string[]): StackFrame[] {
  return lines.flatMap((line) => parseFrame(line) ?? []).toReversed();
}

function readCause(lines: readonly string[]): CausedBy {
  const last = lines.findLastIndex((line) => line.startsWith(FILE));
  // Behind a frame stands the line of code, and signs below it where the fault is.
  const isOfFrame = (line: string): boolean => line.startsWith('    ');
  const start = lines.findIndex((line, index) => index > last && !isOfFrame(line));
  const text = start < 0 ? '' : lines.slice(start).join('\n').trimEnd();
  return { ...splitMessage(text), frames: readFrames(lines) };
}

/** `  File "shop.py", line 14, in order` */
function parseFrame(line: string): StackFrame | undefined {
  if (!line.startsWith(FILE)) return undefined;
  const end = line.lastIndexOf('", line ');
  if (end < 0) return undefined;
  const [number = '', ...label] = line.slice(end + '", line '.length).split(', in ');
  return { path: line.slice(FILE.length, end), label: label.join(', in '), line: readLine(number) };
}
