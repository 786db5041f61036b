/**
 * Reads text format 0.0.4 (and 1.0.0 with UTF-8 names) and OpenMetrics 0.0.1 and 1.0.0 as
 * Prometheus 3 does, on bytes: a cursor that makes no string and no object for a sample. Labels and
 * exemplars are decoded only when the caller asks for them.
 *
 * Not here: protobuf (protobuf/), and the stricter rules for writers (check.ts,
 * openmetrics-check.ts).
 * Laxer than Prometheus where that harms nobody: a minus before a timestamp, blanks around a TYPE,
 * a HELP without a name.
 * Stricter: the whole body must be UTF-8, comments too; a comma must separate labels, and a blank
 * must follow a name without braces; a NUL outside a label value is refused, where Prometheus
 * silently stops reading.
 * Limits: the caller bounds the body; series.ts bounds a series, metadata-lines.ts a HELP text. No
 * recursion.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/,
 * prometheus/model/textparse/promlex.l
 */
import { isUtf8 } from 'node:buffer';
import { type Borrowed, peek } from '../../model/borrowed.ts';
import type { SeriesType } from '../../model/sample.ts';
import { escapeBytes, findBadByte, quoteText } from './bad-bytes.ts';
import { errorAt, type ExpositionError } from './error.ts';
import { SeriesScanner, skipBlanks } from './series.ts';
import { formatOpenMetricsFloat, parseSampleValue } from './float.ts';
import { type MetadataKind, readOpenMetricsMetadata, readTextMetadata } from './metadata-lines.ts';
import { type ParsedExemplar, SampleTail } from './sample-tail.ts';

export type ExpositionEntry = 'sample' | MetadataKind | 'end';
export type ExpositionFormat = 'text' | 'openmetrics';

const TAB = 9;
const LF = 10;
const SPACE = 32;
const HASH = 35;
const PLUS = 43;
const MINUS = 45;
const DOT = 46;
const ZERO = 48;
const NINE = 57;
const UPPER_N = 78;
const LOWER_A = 97;
const LOWER_E = 101;

const TWO_53 = 2 ** 53;
const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
/** Stands for an exponent that is missing, so that the value is not read as exact. */
const NO_SCALE = 10_000;
const INT64_MAX = 2 ** 63;
const EMPTY = new Uint8Array([LF]);
const EOF_LINE = Buffer.from('# EOF\n');

/** Bytes of a large body that are looked at, or copied, between two yields. */
const SLICE_BYTES = 1024 * 1024;

type Steps<Result = void> = Generator<undefined, Result, undefined>;

/**
 * A cursor over a body; it is used for one body after another.
 *
 *     # TYPE a counter\n   → 'type', `metricName`, `text`
 *     a{b="c"} 1.5 1700\n  → 'sample', bytes [seriesStart, seriesEnd) are a{b="c"},
 *                             `value`, `hasTime`, `tMs`
 *
 * A caller that knows which series begins at `pos` need not call `next`: it calls `readValue` with
 * the offset behind the series, and sets `pos` to the offset returned.
 */
export class ExpositionReader {
  /** The body, until `release`. A line feed is added where the body does not end with one. */
  bytes: Borrowed<Uint8Array> = EMPTY;
  view: Borrowed<DataView> = new DataView(EMPTY.buffer);
  pos = 0;

  seriesStart = 0;
  seriesEnd = 0;
  value = 0;
  tMs = 0;
  hasTime = false;
  /** Whether the sample just read has an exemplar; `exemplar` decodes it. */
  hasExemplar = false;

  /** Name and text of the last HELP, TYPE or UNIT entry. */
  metricName = '';
  text = '';
  /**
   * The type of the samples that follow: as in Prometheus, that of the last TYPE line, whatever its
   * name.
   */
  type: SeriesType = 'unknown';

  #buffer: Buffer = Buffer.from(EMPTY.buffer);
  readonly #series = new SeriesScanner();
  readonly #tail = new SampleTail();
  #isOpenMetrics = false;

  /** @throws ExpositionError where the body is not UTF-8 */
  open(body: Borrowed<Uint8Array>, format: ExpositionFormat = 'text'): void {
    const all = this.#openBy(peek(body), format, Infinity);
    while (all.next().done !== true);
  }

  /** The same in slices, for a large body. */
  openInSlices(body: Uint8Array, format: ExpositionFormat): Steps {
    return this.#openBy(body, format, SLICE_BYTES);
  }

  *#openBy(body: Uint8Array, format: ExpositionFormat, slice: number): Steps {
    this.#isOpenMetrics = format === 'openmetrics';
    this.#series.isStrict = this.#isOpenMetrics;
    const bytes = body.at(-1) === LF ? body : yield* addLineFeed(body, slice);
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.pos = 0;
    this.type = 'unknown';
    this.hasExemplar = false;
    for (let at = 0, end = 0; at < bytes.length; at = end) {
      end = at + slice >= bytes.length ? bytes.length : endOfCharacter(bytes, at + slice);
      if (!isUtf8(bytes.subarray(at, end))) this.#failBytes(findBadByte(bytes, at));
      if (end < bytes.length) yield;
    }
  }

  /** Drops the reference to the body, which may be large. */
  release(): void {
    this.#series.release();
    this.#tail.release();
    this.open(EMPTY);
  }

  /** Moves to the next entry. @throws ExpositionError */
  next(): ExpositionEntry {
    for (;;) {
      const entry = this.nextBefore(Infinity);
      if (entry !== 'pause') return entry;
    }
  }

  /**
   * The same as `next`, but returns 'pause' after an empty line or a comment that ends at `pauseAt`
   * or behind it: there may be millions of such lines before the next entry.
   */
  nextBefore(pauseAt: number): ExpositionEntry | 'pause' {
    const { bytes } = this;
    for (;;) {
      const pos = this.#isOpenMetrics ? this.pos : skipBlanks(bytes, this.pos);
      if (pos >= bytes.length) {
        if (this.#isOpenMetrics)
          throw this.errorAt(pos, 'the exposition does not end with "# EOF"');
        return 'end';
      }
      const byte = bytes[pos];
      if (byte === LF && !this.#isOpenMetrics) {
        this.pos = pos + 1;
        if (this.pos >= pauseAt) return 'pause';
      } else if (byte === HASH) {
        const entry = this.#readMetadata(pos);
        if (entry !== undefined) return entry;
        if (this.pos >= pauseAt) return 'pause';
      } else {
        this.seriesStart = pos;
        this.seriesEnd = this.#series.scan(bytes, pos);
        const after = this.readValue(this.seriesEnd);
        if (after < 0) throw this.#makeValueError(this.seriesEnd);
        this.pos = after;
        return 'sample';
      }
    }
  }

  /**
   * Reads value and timestamp, from the offset behind a series to the end of the line.
   *
   * @returns the offset of the next line, -1 where there is no valid value or timestamp
   */
  readValue(from: number): number {
    const { bytes } = this;
    let pos = from;
    let byte = bytes[pos] as number;
    while (byte === SPACE || byte === TAB) byte = bytes[++pos] as number;
    if (this.#isOpenMetrics && !isOneSpace(bytes, from, pos)) return -1;
    const start = pos;
    const isNegative = byte === MINUS;
    if (isNegative || byte === PLUS) byte = bytes[++pos] as number;
    let mantissa = 0;
    const digitsStart = pos;
    while (byte >= ZERO && byte <= NINE) {
      mantissa = mantissa * 10 + (byte - ZERO);
      byte = bytes[++pos] as number;
    }
    let scale = 0;
    let digits = pos - digitsStart;
    if (byte === DOT) {
      const fraction = pos + 1;
      byte = bytes[++pos] as number;
      while (byte >= ZERO && byte <= NINE) {
        mantissa = mantissa * 10 + (byte - ZERO);
        byte = bytes[++pos] as number;
      }
      scale = fraction - pos;
      digits -= scale;
    }
    if (byte === LOWER_E && digits > 0) {
      const isDown = bytes[pos + 1] === MINUS;
      if (isDown || bytes[pos + 1] === PLUS) pos += 1;
      const exponentStart = pos + 1;
      let exponent = 0;
      byte = bytes[++pos] as number;
      while (byte >= ZERO && byte <= NINE && exponent < 1_000) {
        exponent = exponent * 10 + (byte - ZERO);
        byte = bytes[++pos] as number;
      }
      scale = pos === exponentStart ? NO_SCALE : scale + (isDown ? -exponent : exponent);
    }
    // Mantissa and power of ten are exact within these bounds, so that one operation rounds
    // correctly.
    const isExact = digits > 0 && mantissa < TWO_53 && scale >= -22 && scale <= 22;
    if (isExact && (byte === LF || byte === SPACE)) {
      const power = POWERS[scale < 0 ? -scale : scale] as number;
      const value = scale < 0 ? mantissa / power : mantissa * power;
      this.value = isNegative ? -value : value;
    } else {
      pos = this.#readOddValue(start);
      if (pos < 0) return -1;
      byte = bytes[pos] as number;
    }
    this.hasTime = false;
    this.hasExemplar = false;
    if (byte === LF) return pos + 1;
    return this.#isOpenMetrics ? this.#readTail(pos) : this.#readTime(pos);
  }

  /** Whether only the end of the exposition is left, so that `next` would return 'end'. */
  get isAtEnd(): boolean {
    const { bytes, pos } = this;
    if (!this.#isOpenMetrics) return pos === bytes.length;
    return pos + EOF_LINE.length === bytes.length && this.#buffer.indexOf(EOF_LINE, pos) === pos;
  }

  /**
   * Decodes the exemplar of the sample just read. @throws ExpositionError for a label given twice
   */
  exemplar(): ParsedExemplar {
    return this.#tail.exemplar();
  }

  /**
   * Decodes the labels of the sample just read, in the order written, `__name__` first, empty
   * values kept. `le` and `quantile` are normalised as in Prometheus 3.
   *
   * @throws ExpositionError for a label given twice
   */
  labels(): [name: string, value: string][] {
    const labels = this.rawLabels();
    for (const label of labels) label[1] = this.#normalise(label[0], label[1]);
    return labels;
  }

  /** The same as `labels`, but values are exactly as written. */
  rawLabels(): [name: string, value: string][] {
    return this.#series.labels();
  }

  /** Makes the error for a fault that the caller found at an offset of this body. */
  errorAt(pos: number, message: string): ExpositionError {
    return errorAt(this.bytes, pos, message);
  }

  /**
   * Reads values that the fast path can't: large exponents, many digits, NaN, infinities. Returns
   * the offset behind the value, -1 where there is none.
   */
  #readOddValue(start: number): number {
    const { bytes } = this;
    let end = start;
    for (let byte = bytes[end]; byte !== LF && byte !== SPACE && byte !== TAB;) byte = bytes[++end];
    // A float64 needs no longer text, except with zeros that no exporter writes.
    if (end - start > 400) return -1;
    if (end - start === 3 && bytes[start] === UPPER_N && bytes[start + 2] === UPPER_N) {
      if (bytes[start + 1] !== LOWER_A) return -1;
      this.value = NaN;
      return end;
    }
    const value = parseSampleValue(this.#buffer.toString('latin1', start, end));
    if (value === undefined) return -1;
    this.value = value;
    return end;
  }

  #readTime(from: number): number {
    const { bytes } = this;
    let pos = skipBlanks(bytes, from);
    if (bytes[pos] === LF) return pos + 1;
    const isNegative = bytes[pos] === MINUS;
    if (isNegative) pos += 1;
    const start = pos;
    let tMs = 0;
    for (let byte = bytes[pos] as number; byte >= ZERO && byte <= NINE;) {
      tMs = tMs * 10 + (byte - ZERO);
      byte = bytes[++pos] as number;
    }
    if (pos === start || tMs >= INT64_MAX) return -1;
    pos = skipBlanks(bytes, pos);
    if (bytes[pos] !== LF) return -1;
    this.tMs = isNegative ? -tMs : tMs;
    this.hasTime = true;
    return pos + 1;
  }

  #readTail(from: number): number {
    const tail = this.#tail;
    const end = tail.scan(this.bytes, this.#buffer, from);
    this.hasTime = tail.hasTime;
    if (tail.hasTime) this.tMs = tail.tMs;
    this.hasExemplar = tail.hasExemplar;
    return end;
  }

  /** Reads a line that begins with "#" and moves behind it; undefined for a comment. */
  #readMetadata(start: number): MetadataKind | 'end' | undefined {
    const buffer = this.#buffer;
    const line = { bytes: this.bytes, buffer, start, end: buffer.indexOf(LF, start) };
    const found = this.#isOpenMetrics ? readOpenMetricsMetadata(line) : readTextMetadata(line);
    this.pos = line.end + 1;
    if (found === undefined || found === 'end') return found;
    this.metricName = found.name;
    this.text = found.text;
    if (found.type !== undefined) this.type = found.type;
    return found.kind;
  }

  #normalise(name: string, value: string): string {
    const isBound =
      (name === 'le' && this.type === 'histogram') ||
      (name === 'quantile' && this.type === 'summary');
    if (!isBound) return value;
    const number = parseSampleValue(value);
    return number === undefined ? value : formatOpenMetricsFloat(number);
  }

  #makeValueError(pos: number): ExpositionError {
    const start = skipBlanks(this.bytes, pos);
    const end = Math.min(this.#buffer.indexOf(LF, start), start + 60);
    const found = quoteText(this.#buffer.toString('utf8', start, end));
    const hash = this.#buffer.indexOf(' #', pos);
    if (hash >= 0 && hash < this.#buffer.indexOf(LF, pos))
      return this.errorAt(hash + 1, this.#describeExemplar());
    const unit = this.#isOpenMetrics ? 'seconds, with one blank before each' : 'ms';
    const expected = `expected a value and at most a timestamp in ${unit}`;
    return this.errorAt(start, `${expected}, found ${found}`);
  }

  #describeExemplar(): string {
    return this.#isOpenMetrics
      ? 'expected an exemplar behind the value and its time in seconds, as ' +
          '# {trace_id="a"} value seconds: with the braces, one blank between all, its time in ' +
          'seconds'
      : 'exemplars are of OpenMetrics alone; serve Content-Type application/openmetrics-text, or ' +
          'leave them out';
  }

  #failBytes(at: number): never {
    const bytes = peek(this.bytes);
    const isWide = bytes[0] === 0xff && bytes[1] === 0xfe;
    const words = isWide || (bytes[0] === 0xfe && bytes[1] === 0xff) ? '; the page is UTF-16' : '';
    throw this.errorAt(at, `invalid UTF-8, the bytes ${escapeBytes(bytes, at)}${words}`);
  }
}

function isOneSpace(bytes: Borrowed<Uint8Array>, from: number, to: number): boolean {
  return to === from + 1 && bytes[from] === SPACE;
}

/** A copy of a body that does not end with a line feed, with one. */
function* addLineFeed(body: Uint8Array, slice: number): Steps<Uint8Array> {
  const bytes = new Uint8Array(body.length + 1);
  for (let at = 0; at < body.length; at += slice) {
    bytes.set(body.subarray(at, at + slice), at);
    if (at + slice < body.length) yield;
  }
  bytes[body.length] = LF;
  return bytes;
}

/** The end of the character that has bytes before this offset; of bad bytes, soon behind it. */
function endOfCharacter(bytes: Uint8Array, from: number): number {
  let end = from;
  while (end < from + 3 && ((bytes[end] as number) & 0xc0) === 0x80) end += 1;
  return end;
}
