/**
 * Finds the end of a number, a duration or an escape for the lexer. Where the text is not valid,
 * the scan stops at the same character as in Prometheus, whose messages show the text up to there.
 * Pure.
 * Source:
 * https://prometheus.io/docs/prometheus/latest/querying/basics/#float-literals-and-time-durations
 */

const DECIMAL = '0123456789';
const HEXADECIMAL = '0123456789abcdefABCDEF';

/**
 * Scans a number, decimal or hexadecimal. It may be one that is not valid, which `parseNumber`
 * refuses.
 */
export function scanNumber(query: string, start: number): { end: number; isNumber: boolean } {
  let at = start;
  const isAny = (set: string): boolean => at < query.length && set.includes(query[at] ?? '');
  const accept = (set: string): boolean => {
    if (!isAny(set)) return false;
    at += 1;
    return true;
  };
  let digits = DECIMAL;
  if (accept('0') && accept('xX')) {
    accept('_');
    digits = HEXADECIMAL;
  }
  accept('.');
  accept(digits);
  let hasDot = false;
  let hasExponent = false;
  while (isAny(`${digits}._eE`)) {
    if (accept('.')) {
      // A second dot, one before a dot or an underscore, or one in a hexadecimal number.
      if (hasDot || accept('_.') || digits === HEXADECIMAL) return { end: at, isNumber: false };
      hasDot = true;
    } else if (accept('eE')) {
      if (hasExponent) return { end: at, isNumber: false };
      hasExponent = true;
      accept('+-');
      if (accept('._eE') || at >= query.length) return { end: at, isNumber: false };
    } else if (accept('_')) {
      if (accept('._eE') || at >= query.length) return { end: at, isNumber: false };
    } else while (accept(digits));
  }
  return { end: at, isNumber: !/[a-zA-Z0-9_]/.test(query[at] ?? '') };
}

/** Scans what follows the first digits of a duration, such as `h30m`. */
export function scanDurationRest(
  query: string,
  start: number,
): { end: number; isDuration: boolean } {
  const pattern = /[smhdwy]s?(?:\d+[smhdw]s?)*/y;
  pattern.lastIndex = start;
  const found = pattern.exec(query)?.[0];
  if (found === undefined) return { end: start, isDuration: false };
  let end = start + found.length;
  // Digits without a unit, or one more letter: both belong to the text that the message shows.
  const digits = /\d*/y;
  digits.lastIndex = end;
  const trailing = digits.exec(query)?.[0] ?? '';
  if (trailing !== '') return { end: end + trailing.length, isDuration: false };
  const isDuration = !/[a-zA-Z0-9_]/.test(query[end] ?? '');
  if (!isDuration) end += 1;
  return { end, isDuration };
}

const ESCAPE_DIGITS: Readonly<Record<string, readonly [count: number, base: 8 | 16]>> = {
  x: [2, 16],
  u: [4, 16],
  U: [8, 16],
};

/**
 * Scans an escape from `start`, the offset behind its backslash. Returns the offset behind the
 * escape, or the message of an error.
 */
export function scanEscape(query: string, start: number, quoteMark: string): number | string {
  const char = query.charAt(start);
  if (char === '') return 'escape sequence not terminated';
  if ('abfnrtv\\'.includes(char) || char === quoteMark) return start + 1;
  const isOctal = char >= '0' && char <= '7';
  const [count, base] = isOctal ? ([3, 8] as const) : (ESCAPE_DIGITS[char] ?? [0, 16]);
  if (count === 0) return `unknown escape sequence ${readName(query, start)}`;
  const first = isOctal ? start : start + 1;
  let value = 0;
  for (let i = 0; i < count; i++) {
    const digit = query[first + i] ?? '';
    if (digit === '') return 'escape sequence not terminated';
    const isDigit = base === 8 ? /[0-7]/.test(digit) : /[0-9a-fA-F]/.test(digit);
    if (!isDigit) return `illegal character ${readName(query, first + i)} in escape sequence`;
    value = value * base + parseInt(digit, base);
  }
  const most = char === 'u' || char === 'U' ? 0x10ffff : 255;
  if (value > most || (value >= 0xd800 && value < 0xe000))
    return 'escape sequence is an invalid Unicode code point';
  return first + count;
}

/** A character as Go's %#U prints it: `U+0063 'c'`. */
function readName(query: string, at: number): string {
  const code = query.codePointAt(at) ?? 0xfffd;
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')} '${String.fromCodePoint(code)}'`;
}
