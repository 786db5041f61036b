/**
 * Stack traces of .NET:
 *
 *     System.Exception: test
 *        at Shop.Program.Order(String item) in /src/Program.cs:line 14
 *        at System.Threading.Tasks.Task.Run()
 */
import type { StackFrame, Stack } from './stack.ts';
import { readLine } from './stacks-java.ts';

const AT = 'at ';
const IN = ' in ';

export function parseDotnetStack(lines: readonly string[]): Stack {
  return { frames: lines.slice(1).flatMap((line) => parseFrame(line.trim()) ?? []), causes: [] };
}

function parseFrame(line: string): StackFrame | undefined {
  if (!line.startsWith(AT)) return undefined;
  const place = line.indexOf(IN);
  if (place < 0) {
    const end = line.lastIndexOf(')');
    return end < 0 ? undefined : { path: '', label: line.slice(AT.length, end + 1), line: 0 };
  }
  const file = line.slice(place + IN.length);
  const colon = file.lastIndexOf(':');
  return {
    label: line.slice(AT.length, place),
    path: colon < 0 ? file : file.slice(0, colon),
    line: colon < 0 ? 0 : readLine(file.slice(colon + 1).replace(/^line /, '')),
  };
}
