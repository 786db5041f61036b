/**
 * JSON that is parsed and written again with each number as it stood: `1.5E9`, or more than 53
 * bits. A number that JavaScript would write in another way is kept as a string that begins with
 * U+0001 and "n"; a string that begins with U+0001 itself gets an "s" behind it. JSON.parse with a
 * reviver that sees the source of a value does the same, but takes several times as long for a
 * document of many numbers. Pure.
 */

/**
 * A string, or what may be a number. A string that does not end is matched up to the end, so that
 * no part of the text is looked at twice.
 */
const STRING_OR_NUMBER = /"[^"\\]*(?:\\[^]?[^"\\]*)*"?|-?\d[\d.eE+-]*/g;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** JSON has no other way to write U+0001. */
const MARK = String.raw`\u0001`;
/** A quote behind a backslash is one within a string. */
const MARKED = /(?<!\\)"\\u0001(?:n([^"]*)"|s)/g;

/** @throws SyntaxError when the text is not JSON */
export function parseExactly(text: string): unknown {
  const marked = text.replaceAll(STRING_OR_NUMBER, (token) => {
    if (token.startsWith('"'))
      return token.startsWith(MARK, 1) ? `"${MARK}s${token.slice(MARK.length + 1)}` : token;
    if (String(Number(token)) === token || !NUMBER.test(token)) return token;
    return `"${MARK}n${token}"`;
  });
  return JSON.parse(marked);
}

/** The text of a value that `parseExactly` gave, or of part of it; '' for undefined. */
export function stringifyExactly(value: unknown): string {
  const text = (JSON.stringify(value) as string | undefined) ?? '';
  if (!text.includes(MARK)) return text;
  return text.replaceAll(MARKED, (_, number?: string) => number ?? `"${MARK}`);
}
