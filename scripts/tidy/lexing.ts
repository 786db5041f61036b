/**
 * Splits a TypeScript source into what the tidy checks need: its comments, its code without
 * comments and texts, and the lines of template literals that span several lines. Pure. It knows
 * tokens and no grammar. Whether a slash divides or begins a regular expression is decided by the
 * character before it, which is right for code that oxfmt has formatted.
 */

export interface Comment {
  /** Counted from 1. */
  readonly line: number;
  /** Including the comment marks. */
  readonly text: string;
}

export interface Lexed {
  readonly comments: readonly Comment[];
  /** Has the length and the lines of the source; comments and the insides of texts are blanks. */
  readonly code: string;
  /** Lines, counted from 1, of template literals that span several lines. */
  readonly templateLines: ReadonlySet<number>;
}

const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|in|of|await|throw))$/;

export function lexSource(source: string): Lexed {
  const comments: Comment[] = [];
  const templateLines = new Set<number>();
  /** For each open template literal, how many braces are open in its current substitution. */
  const depths: number[] = [];
  let code = '';
  let line = 1;
  let at = 0;

  const blank = (end: number): void => {
    for (; at < end; at++) {
      const isEnd = source[at] === '\n';
      code += isEnd ? '\n' : ' ';
      if (isEnd) line++;
    }
  };
  const keep = (length: number): void => {
    code += source.slice(at, at + length);
    at += length;
  };
  /** Reads template text, from behind a backtick or a closed substitution to the next of either. */
  const readTemplate = (): void => {
    const first = line;
    let end = at;
    while (end < source.length && source[end] !== '`' && !source.startsWith('${', end))
      end += source[end] === '\\' ? 2 : 1;
    blank(Math.min(end, source.length));
    if (line > first) for (let one = first; one <= line; one++) templateLines.add(one);
    if (source[at] === '`') keep(1);
    else if (at < source.length) {
      keep(2);
      depths.push(0);
    }
  };

  while (at < source.length) {
    const char = source[at] ?? '';
    const next = source[at + 1];
    if (char === '/' && (next === '/' || next === '*')) {
      const closed = next === '/' ? source.indexOf('\n', at) : source.indexOf('*/', at + 2) + 2;
      const end = closed < at ? source.length : closed;
      comments.push({ line, text: source.slice(at, end) });
      blank(end);
    } else if (char === '/' && BEFORE_REGEX.test(code.slice(-12).trimEnd())) {
      keep(1);
      blank(findEndOfRegex(source, at));
      if (source[at] === '/') keep(1);
    } else if (char === "'" || char === '"') {
      keep(1);
      blank(findEndOfText(source, at, char));
      if (source[at] === char) keep(1);
    } else if (char === '`') {
      keep(1);
      readTemplate();
    } else if (char === '}' && depths.at(-1) === 0) {
      depths.pop();
      keep(1);
      readTemplate();
    } else {
      const open = depths.length - 1;
      if (open >= 0 && char === '{') depths[open] = (depths[open] ?? 0) + 1;
      if (open >= 0 && char === '}') depths[open] = (depths[open] ?? 0) - 1;
      if (char === '\n') line++;
      keep(1);
    }
  }
  return { comments, code, templateLines };
}

/** Finds the end of the text that begins at `at`: its closing quote, or the end of the line. */
function findEndOfText(source: string, at: number, quote: string): number {
  let end = at;
  while (end < source.length && source[end] !== quote && source[end] !== '\n')
    end += source[end] === '\\' ? 2 : 1;
  return end;
}

function findEndOfRegex(source: string, at: number): number {
  let end = at;
  let isInClass = false;
  while (end < source.length && source[end] !== '\n' && (isInClass || source[end] !== '/')) {
    if (source[end] === '[') isInClass = true;
    if (source[end] === ']') isInClass = false;
    end += source[end] === '\\' ? 2 : 1;
  }
  return end;
}
