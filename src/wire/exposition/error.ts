/**
 * The error that the readers of exposition text throw, and how an offset becomes a line and a
 * column.
 */
import { type Borrowed, peek } from '../../model/borrowed.ts';
import { quoteText } from './bad-bytes.ts';

/**
 * The body is not an exposition, and no part of it may be used. Line and column (in bytes) count
 * from 1.
 */
export class ExpositionError extends Error {
  override readonly name = 'ExpositionError';
  readonly code = 'EXPOSITION_MALFORMED';
  readonly line: number;
  readonly column: number;
  constructor(message: string, at: { line: number; column: number }) {
    super(`line ${at.line}, column ${at.column}: ${message}`);
    this.line = at.line;
    this.column = at.column;
  }
}

const LF = 10;

/** Makes the error for a fault at an offset of a body. */
export function errorAt(
  bytes: Borrowed<Uint8Array>,
  pos: number,
  message: string,
): ExpositionError {
  let line = 1;
  let lineStart = 0;
  for (let i = 0; i < pos; i++) {
    if (bytes[i] === LF) {
      line += 1;
      lineStart = i + 1;
    }
  }
  return new ExpositionError(message, { line, column: pos - lineStart + 1 });
}

/** Describes the character at an offset, for a message. */
export function describeChar(bytes: Borrowed<Uint8Array>, pos: number): string {
  const byte = bytes[pos];
  if (byte === LF || byte === undefined) return 'the end of the line';
  const [first = ''] = Buffer.from(peek(bytes).subarray(pos, pos + 4)).toString('utf8');
  return quoteText(first);
}
