/**
 * An error as an exception of a segment document, with its stack. Pure.
 * Limits: 1,000 characters of the message, 50 frames.
 */
import type { ExceptionBlock } from './document.ts';

const MESSAGE_MAX = 1_000;
const FRAMES_MAX = 50;

/** @param id  16 hexadecimal digits that no other exception has */
export function describeException(error: unknown, id: string, isRemote = false): ExceptionBlock {
  const known = error instanceof Error ? error : new Error(String(error));
  return {
    id,
    type: known.name,
    message: known.message.slice(0, MESSAGE_MAX),
    remote: isRemote,
    stack: (known.stack ?? '').split('\n').flatMap(readFrame).slice(0, FRAMES_MAX),
  };
}

/** `at label (path:line:column)` or `at path:line:column`; a line of another form is left out. */
function readFrame(line: string): ExceptionBlock['stack'] {
  const match = /^\s+at (?:(.*) \()?(.*?):(\d+):\d+\)?$/.exec(line);
  if (match === null) return [];
  const [, label, path = '', number] = match;
  return [{ path, line: Number(number), label: label ?? 'anonymous' }];
}
