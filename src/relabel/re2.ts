/**
 * Compiles patterns for RE2, with bounded words for those that it refuses. How deep groups may nest
 * is looked at before the pattern is parsed, which takes more than a second for 100,000 levels.
 * Pure.
 * Limits: groups nest 1,000 levels deep, as in RE2 itself.
 * Source: https://github.com/golang/go/blob/master/src/regexp/syntax/parse.go (maxHeight)
 */
import { RE2JS } from 're2js';

const MESSAGE_LENGTH_MAX = 300;
const NESTING_MAX = 1_000;

/**
 * @param around  makes the pattern that is compiled of the source
 * @throws Error with RE2's complaint about the source
 */
export function compileProgram(source: string, around = (inner: string): string => inner): RE2JS {
  try {
    checkNesting(source);
    return RE2JS.compile(around(source));
  } catch (error) {
    throw new Error(`invalid regex ${JSON.stringify(shorten(source))}: ${describe(error)}`, {
      cause: error,
    });
  }
}

function describe(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  // The complaint may quote the pattern, which may be of a megabyte.
  return shorten(text.replace(/^error parsing regexp: /, ''));
}

function shorten(text: string): string {
  return text.length <= MESSAGE_LENGTH_MAX ? text : `${text.slice(0, MESSAGE_LENGTH_MAX)}…`;
}

function checkNesting(source: string): void {
  let depth = 0;
  for (let at = 0; at < source.length; at++) {
    const char = source[at];
    if (char === '\\') at = endOfEscape(source, at);
    else if (char === '[') at = endOfSet(source, at);
    else if (char === ')') depth -= 1;
    else if (char === '(' && ++depth > NESTING_MAX)
      throw new Error(`groups nest deeper than ${NESTING_MAX} levels, at character ${at + 1}`);
  }
}

/** The last character of an escape, or of a text in `\Q…\E`. */
function endOfEscape(source: string, at: number): number {
  if (source[at + 1] !== 'Q') return at + 1;
  const end = source.indexOf('\\E', at + 2);
  return end < 0 ? source.length : end + 1;
}

/** The bracket that ends a set of characters; the first one after `[` or `[^` is in the set. */
function endOfSet(source: string, from: number): number {
  let at = from + (source[from + 1] === '^' ? 2 : 1);
  if (source[at] === ']') at += 1;
  for (; at < source.length && source[at] !== ']'; at++) {
    if (source[at] === '\\') at += 1;
    else if (source.startsWith('[:', at)) {
      const end = source.indexOf(':]', at + 2);
      // Only letters stand in a class that has a name; what else begins so is characters.
      if (end >= 0 && end - at < 16) at = end + 1;
    }
  }
  return at;
}
