/**
 * One series of the text formats, `name{label="value"}` or `{"name","label"="value"}`: found in the
 * bytes, and decoded on demand. In OpenMetrics there are no blanks between its parts and no raw
 * line feed in a value. Pure; a part of reader.ts, whose header says what is accepted and what is
 * refused.
 * Source: prometheus/model/textparse/promparse.go, openmetricsparse.go (parseLVals)
 */
import { type Borrowed, peek } from '../../model/borrowed.ts';
import { quoteText } from './bad-bytes.ts';
import { describeChar, errorAt } from './error.ts';

const TAB = 9;
const LF = 10;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const EQUAL = 61;
const BACKSLASH = 92;
const BRACE_OPEN = 123;
const BRACE_CLOSE = 125;

/**
 * The class of a byte, as bits: whether it may begin or continue a metric name, and a label name.
 */
const METRIC_START = 1;
const METRIC_PART = 2;
const LABEL_START = 4;
const LABEL_PART = 8;
const CLASS = buildClassTable();

const EMPTY = new Uint8Array(0);

/**
 * The longest series, or labels of an exemplar, as written. No known receiver accepts a tenth of
 * that.
 */
export const SERIES_BYTES_MAX = 256 * 1024;

/**
 * Scans a series without allocating; holds the offsets of its parts until the next scan.
 *
 *     a{b="c"}   name [0,1)   labels: [2,3) [5,6)
 */
export class SeriesScanner {
  #bytes: Borrowed<Uint8Array> = EMPTY;
  #nameStart = -1;
  #nameEnd = -1;
  #isNameQuoted = false;
  /**
   * For each label: start of the name (its complement when quoted), end of the name, start and end
   * of the value.
   */
  #labels = new Int32Array(64);
  #labelCount = 0;
  /** Whether the rules are those of OpenMetrics. */
  isStrict = false;

  /** @returns the offset behind the series @throws ExpositionError */
  scan(bytes: Borrowed<Uint8Array>, start: number): number {
    this.#bytes = bytes;
    let pos = start;
    this.#labelCount = 0;
    this.#nameStart = -1;
    const nameEnd = skipName(bytes, pos, METRIC_START, METRIC_PART);
    if (nameEnd > pos) {
      this.#nameStart = pos;
      this.#nameEnd = nameEnd;
      this.#isNameQuoted = false;
      pos = nameEnd;
    } else if (bytes[pos] !== BRACE_OPEN) {
      this.#fail(pos, `expected a metric name, found ${describeChar(bytes, pos)}`);
    }
    const next = this.#skip(pos);
    if (bytes[next] === BRACE_OPEN) pos = this.#scanLabels(next + 1);
    else if (!isBlank(bytes[pos]))
      this.#fail(
        pos,
        `expected a blank or "{" after the metric name, found ${describeChar(bytes, pos)}`,
      );
    if (this.#nameStart < 0) this.#fail(start, 'the metric name is missing');
    if (pos - start > SERIES_BYTES_MAX) this.#failLength(start);
    return pos;
  }

  /**
   * Scans labels alone, as exemplars have them. @returns the offset behind @throws ExpositionError
   */
  scanExemplar(bytes: Borrowed<Uint8Array>, brace: number): number {
    this.#bytes = bytes;
    this.#labelCount = 0;
    this.#nameStart = -1;
    const pos = this.#scanLabels(brace + 1);
    if (this.#nameStart >= 0) this.#fail(this.#nameStart, 'an exemplar has no metric name');
    return pos;
  }

  /** Decodes the labels of the last exemplar. @throws ExpositionError for a label given twice */
  exemplarLabels(): [name: string, value: string][] {
    return this.#decodeLabels([]);
  }

  /**
   * Decodes the labels of the last series, `__name__` first. @throws ExpositionError for a label
   * given twice
   */
  labels(): [name: string, value: string][] {
    const name = decode(this.#bytes, this.#nameStart, this.#nameEnd, this.#isNameQuoted);
    return this.#decodeLabels([['__name__', name]]);
  }

  #decodeLabels(list: [string, string][]): [name: string, value: string][] {
    const bytes = this.#bytes;
    const names = new Set(list.map(([name]) => name));
    for (let at = 0; at < this.#labelCount * 4; at += 4) {
      const nameStart = this.#labels[at] as number;
      const isQuoted = nameStart < 0;
      const start = isQuoted ? ~nameStart : nameStart;
      const name = decode(bytes, start, this.#labels[at + 1] as number, isQuoted);
      if (names.has(name))
        this.#fail(start, `label name ${quoteText(name)} is given twice in one series`);
      names.add(name);
      list.push([
        name,
        decode(bytes, this.#labels[at + 2] as number, this.#labels[at + 3] as number, true),
      ]);
    }
    return list;
  }

  /** Drops the reference to the body. */
  release(): void {
    this.#bytes = EMPTY;
    this.#labelCount = 0;
  }

  /** Scans from behind the opening brace to behind the closing one. */
  #scanLabels(from: number): number {
    const bytes = this.#bytes;
    let pos = from;
    for (;;) {
      pos = this.#skip(pos);
      if (bytes[pos] === BRACE_CLOSE) return pos + 1;
      const isQuoted = bytes[pos] === QUOTE;
      const nameStart = isQuoted ? pos + 1 : pos;
      pos = isQuoted ? skipQuoted(bytes, pos) : skipName(bytes, pos, LABEL_START, LABEL_PART);
      const nameEnd = isQuoted ? pos - 1 : pos;
      if (nameStart === nameEnd)
        this.#fail(nameStart, `expected a label name, found ${describeChar(bytes, nameStart)}`);
      pos = this.#skip(pos);
      const byte = bytes[pos];
      if (isQuoted && (byte === COMMA || byte === BRACE_CLOSE)) {
        if (this.#nameStart >= 0) this.#fail(nameStart, 'the metric name is given twice');
        this.#nameStart = nameStart;
        this.#nameEnd = nameEnd;
        this.#isNameQuoted = true;
        if (byte === COMMA) pos += 1;
        continue;
      }
      if (byte !== EQUAL)
        this.#fail(pos, `expected "=" after the label name, found ${describeChar(bytes, pos)}`);
      pos = this.#scanValue(this.#skip(pos + 1), isQuoted ? ~nameStart : nameStart, nameEnd);
      if (pos - from > SERIES_BYTES_MAX) this.#failLength(from);
    }
  }

  /**
   * Scans a label's value and the comma behind it, which may be missing only before the closing
   * brace.
   */
  #scanValue(quote: number, nameStart: number, nameEnd: number): number {
    const bytes = this.#bytes;
    if (bytes[quote] !== QUOTE)
      this.#fail(
        quote,
        `expected a label value in double quotes, found ${describeChar(bytes, quote)}`,
      );
    const end = this.#skipValue(quote);
    const at = this.#labelCount * 4;
    if (at === this.#labels.length) {
      const larger = new Int32Array(at * 2);
      larger.set(this.#labels);
      this.#labels = larger;
    }
    this.#labels[at] = nameStart;
    this.#labels[at + 1] = nameEnd;
    this.#labels[at + 2] = quote + 1;
    this.#labels[at + 3] = end - 1;
    this.#labelCount += 1;
    const pos = this.#skip(end);
    if (bytes[pos] === COMMA) return pos + 1;
    if (bytes[pos] !== BRACE_CLOSE)
      this.#fail(
        pos,
        `expected "," or "}" after the label value, found ${describeChar(bytes, pos)}`,
      );
    return pos;
  }

  #skip(pos: number): number {
    return this.isStrict ? pos : skipBlanks(this.#bytes, pos);
  }

  #skipValue(quote: number): number {
    const end = skipQuoted(this.#bytes, quote);
    if (!this.isStrict) return end;
    for (let pos = quote; pos < end; pos++)
      if (this.#bytes[pos] === LF) this.#fail(pos, 'the quote is never closed');
    return end;
  }

  #failLength(pos: number): never {
    this.#fail(pos, `a series is longer than ${SERIES_BYTES_MAX} bytes`);
  }

  #fail(pos: number, message: string): never {
    throw errorAt(this.#bytes, pos, message);
  }
}

export function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}

export function skipBlanks(bytes: Borrowed<Uint8Array>, from: number): number {
  let pos = from;
  while (isBlank(bytes[pos])) pos += 1;
  return pos;
}

/** Skips a metric name, quoted or plain; returns `start` where there is none. */
export function skipMetricName(bytes: Borrowed<Uint8Array>, start: number): number {
  if (bytes[start] === QUOTE) return skipQuoted(bytes, start);
  return skipName(bytes, start, METRIC_START, METRIC_PART);
}

/** Decodes bytes to text. In a quoted text escapes are undone, but unknown ones are kept. */
export function decode(
  bytes: Borrowed<Uint8Array>,
  start: number,
  end: number,
  isQuoted: boolean,
): string {
  const { buffer, byteOffset } = peek(bytes);
  const text = Buffer.from(buffer, byteOffset + start, end - start).toString('utf8');
  if (!isQuoted || !text.includes('\\')) return text;
  return text.replaceAll(/\\([\\"n])/g, (_, char: string) => (char === 'n' ? '\n' : char));
}

function skipName(bytes: Borrowed<Uint8Array>, start: number, first: number, part: number): number {
  let pos = start;
  let wanted = first;
  while (((CLASS[bytes[pos] as number] as number) & wanted) !== 0) {
    pos += 1;
    wanted = part;
  }
  return pos;
}

/** Skips from the opening quote to behind the closing one. */
function skipQuoted(bytes: Borrowed<Uint8Array>, from: number): number {
  for (let pos = from + 1; pos < bytes.length; pos++) {
    const byte = bytes[pos];
    if (byte === QUOTE) return pos + 1;
    if (byte === BACKSLASH) pos += 1;
  }
  throw errorAt(bytes, from, 'the quote is never closed');
}

function buildClassTable(): Uint8Array {
  const table = new Uint8Array(256);
  const add = (chars: string, bits: number): void => {
    for (const char of chars) table[char.charCodeAt(0)] = bits;
  };
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  add(`${letters}${letters.toUpperCase()}_`, METRIC_START | METRIC_PART | LABEL_START | LABEL_PART);
  add(':', METRIC_START | METRIC_PART);
  add('0123456789', METRIC_PART | LABEL_PART);
  return table;
}
