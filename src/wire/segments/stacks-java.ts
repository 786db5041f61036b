/**
 * Stack traces of Java, and of PHP's SDK:
 *
 *     java.lang.IllegalStateException: state is not legal
 *     	at com.example.Shop.order(Shop.java:18)
 *     Caused by: java.lang.IllegalArgumentException: bad argument
 *     	at com.example.Cart.add(Cart.java:7)
 *     	... 3 more
 *
 * Frames that both have in common, and suppressed exceptions, are left out.
 */
import type { CausedBy, StackFrame, Stack } from './stack.ts';

const AT = '\tat ';
const CAUSED_BY = 'Caused by: ';
const OMITTED = /^\t\.\.\. \d+ (?:more|common frames omitted)/;

interface OpenCause extends CausedBy {
  readonly frames: StackFrame[];
}

export function parseJavaStack(lines: readonly string[]): Stack {
  const frames: StackFrame[] = [];
  const causes: OpenCause[] = [];
  let open = frames;
  for (let index = 1; index < lines.length; index++) {
    const line = lines[index] ?? '';
    const frame = parseFrame(line);
    if (frame !== undefined) open.push(frame);
    if (!line.startsWith(CAUSED_BY)) continue;
    const text = [line.slice(CAUSED_BY.length)];
    // The message may have several lines.
    while (index + 1 < lines.length && !endsMessage(lines[index + 1] ?? ''))
      text.push(lines[++index] ?? '');
    const cause = { ...splitMessage(text.join('\n')), frames: [] };
    causes.push(cause);
    open = cause.frames;
  }
  return { frames, causes };
}

function endsMessage(line: string): boolean {
  return parseFrame(line) !== undefined || OMITTED.test(line) || line.startsWith(CAUSED_BY);
}

/** `	at module/com.example.Shop.order(Shop.java:18)` */
function parseFrame(line: string): StackFrame | undefined {
  const parenthesis = line.indexOf('(');
  if (!line.startsWith(AT) || parenthesis < 0 || !line.endsWith(')')) return undefined;
  const label = line.slice(AT.length, parenthesis);
  const place = line.slice(parenthesis + 1, -1);
  const colon = place.indexOf(':');
  return {
    path: colon < 0 ? place : place.slice(0, colon),
    // Before a slash stands the class loader or module.
    label: label.slice(label.indexOf('/') + 1),
    line: colon < 0 ? 0 : readLine(place.slice(colon + 1)),
  };
}

/** The type of an exception and its message, behind the first colon. */
export function splitMessage(text: string): { readonly type: string; readonly message: string } {
  const colon = text.indexOf(':');
  if (colon < 0) return { type: text, message: '' };
  return { type: text.slice(0, colon), message: text.slice(colon + 1).trimStart() };
}

/** 0 for what is no number of a line. */
export function readLine(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}
