/**
 * Literals of PromQL: reads numbers, durations and strings, and quotes strings. Errors have the
 * messages of Prometheus and no position, which the parser adds. Pure.
 * Source:
 * https://prometheus.io/docs/prometheus/latest/querying/basics/#float-literals-and-time-durations
 */

/**
 * Parses a number as Prometheus does, with Go's strconv: decimal, hexadecimal, octal with a leading
 * 0, underscores, Inf and NaN.
 *
 * @throws Error with the message of Prometheus
 */
export function parseNumber(text: string): number {
  const lower = text.toLowerCase();
  if (lower === 'inf') return Infinity;
  if (lower === 'nan') return NaN;
  const digits = lower.replaceAll('_', '');
  if (/^0x(?:_?[0-9a-f])+$/.test(lower)) {
    const value = BigInt(digits);
    if (value < 2n ** 63n) return Number(value);
    throw syntaxError(text);
  }
  if (/^0(?:_?[0-7])+$/.test(lower) && BigInt(`0o${digits}`) < 2n ** 63n) {
    return Number(BigInt(`0o${digits}`));
  }
  if (!/^(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/.test(digits)) throw syntaxError(text);
  const value = Number(digits);
  if (Number.isFinite(value)) return value;
  throw new Error(
    `error parsing number: strconv.ParseFloat: parsing ${quote(text)}: value out of range`,
  );
}

function syntaxError(text: string): Error {
  return new Error(
    `error parsing number: strconv.ParseFloat: parsing ${quote(text)}: invalid syntax`,
  );
}

/** Unit → [rank, milliseconds]. In a duration ranks must rise: `1h30m`, not `30m1h`. */
const UNITS: ReadonlyMap<string, readonly [rank: number, ms: number]> = new Map([
  ['ms', [7, 1]],
  ['s', [6, 1_000]],
  ['m', [5, 60_000]],
  ['h', [4, 3_600_000]],
  ['d', [3, 86_400_000]],
  ['w', [2, 604_800_000]],
  ['y', [1, 31_536_000_000]],
]);

/** Prometheus keeps durations in nanoseconds, as a 64-bit signed integer. */
export const DURATION_MS_MAX = 2 ** 63 / 1e6;

/**
 * Parses a duration such as `1h30m` to milliseconds.
 *
 * @throws Error with the message of Prometheus
 */
export function parseDurationText(text: string): number {
  let rest = text;
  let sumMs = 0;
  let lastRank = 0;
  while (rest !== '') {
    const [whole = '', count = '', unit = ''] = /^(\d*)(\D*)/.exec(rest) ?? [];
    if (count === '' || unit === '') throw new Error(`not a valid duration string: ${quote(text)}`);
    const known = UNITS.get(unit);
    if (known === undefined)
      throw new Error(`unknown unit ${quote(unit)} in duration ${quote(text)}`);
    const [rank, ms] = known;
    if (rank <= lastRank) throw new Error(`not a valid duration string: ${quote(text)}`);
    lastRank = rank;
    sumMs += Number(count) * ms;
    if (sumMs > DURATION_MS_MAX) throw new Error('duration out of range');
    rest = rest.slice(whole.length);
  }
  return sumMs;
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\', "'": "'", '"': '"',
}; // prettier-ignore
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/gsu;

/** The value of a string token, given with its quotes. The lexer has checked its escapes. */
export function unquote(source: string): string {
  const inner = source.slice(1, -1);
  if (source.startsWith('`') || !inner.includes('\\')) return inner;
  const encoder = new TextEncoder();
  const bytes: number[] = [];
  let at = 0;
  for (const match of inner.matchAll(ESCAPE)) {
    const [whole, hex, octal, short, long, simple] = match;
    bytes.push(...encoder.encode(inner.slice(at, match.index)));
    at = match.index + whole.length;
    // \x and octal escapes are bytes of UTF-8, so the text is put together as bytes.
    if (hex !== undefined) bytes.push(parseInt(hex, 16));
    else if (octal !== undefined) bytes.push(parseInt(octal, 8));
    else {
      const code = short ?? long;
      const text =
        code === undefined
          ? (SIMPLE_ESCAPES[simple ?? ''] ?? '')
          : String.fromCodePoint(parseInt(code, 16));
      bytes.push(...encoder.encode(text));
    }
  }
  bytes.push(...encoder.encode(inner.slice(at)));
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
}

const GO_ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v', '\\': '\\\\', '"': '\\"',
}; // prettier-ignore

/** A string in double quotes with Go's escapes, as `%q` prints it; `unquote` reads it back. */
export function quote(text: string): string {
  const escaped = text.replaceAll(
    /["\\\p{Cc}\ufffd]/gu,
    (char) => GO_ESCAPES[char] ?? escapeUnicode(char),
  );
  return `"${escaped}"`;
}

/** A character in single quotes as Go prints it; '' stands for the end of the text. */
export function quoteChar(char: string): string {
  if (char === '') return "'�'";
  if (char === "'") return "'\\''";
  if (char === '"') return `'"'`;
  if (char === '\\') return "'\\\\'";
  return `'${/\p{Cc}/u.test(char) ? (GO_ESCAPES[char] ?? escapeUnicode(char)) : char}'`;
}

function escapeUnicode(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  return code < 0x80
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}

/**
 * A float with as few digits as identify it and no exponent, as Go's FormatFloat(v, 'f', -1):
 * 1e21 → 1000000000000000000000.
 */
export function formatPlain(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (Math.abs(value) === Infinity) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const [, sign = '', whole = '', fraction = '', exponent] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) ?? [];
  if (exponent === undefined) return String(value);
  const point = whole.length + Number(exponent);
  const digits = whole + fraction;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return `${sign}${digits.padEnd(point, '0')}`;
}
