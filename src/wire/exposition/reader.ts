/**
 * Text format 0.0.4 (and 1.0.0 with UTF-8 names) and OpenMetrics 0.0.1 and 1.0.0, as Prometheus 3
 * reads them from a target, on bytes: a cursor that makes no string and no object per sample.
 * Labels are decoded only for a series whose labels are asked for, exemplars only when asked for.
 * Not here: protobuf (protobuf/), and the stricter rules for those who write pages (check.ts,
 * openmetrics-check.ts).
 * Laxer than Prometheus where that harms nobody: a minus before a timestamp, blanks round a TYPE, a
 * HELP without name.
 * Stricter: the whole body must be UTF-8, free comments too; a comma must stand between labels, and
 * a blank behind a name without braces; a NUL outside a label value is refused, where Prometheus
 * stops reading without a word.
 * Limits: the caller bounds the body; series.ts bounds a series, metadata-lines.ts a HELP text. No
 * recursion.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/,
 * prometheus/model/textparse/promlex.l
 */
import { isUtf8 } from 'node:buffer';
import { type Borrowed, peek } from '../../model/borrowed.ts';
import type { SeriesType } from '../../model/sample.ts';
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
/** A power of ten that no table holds. */
const NO_SCALE = 10_000;
const INT64_MAX = 2 ** 63;
const EMPTY = new Uint8Array([LF]);
const EOF_LINE = Buffer.from('# EOF\n');

/**
 * A cursor over one body after another.
 *
 *     # TYPE a counter\n   → 'type', `metricName`, `text`
 *     a{b="c"} 1.5 1700\n  → 'sample', bytes [seriesStart, seriesEnd) are a{b="c"},
 *                             `value`, `hasTime`, `tMs`
 *
 * A caller that knows which series stands at `pos` may skip `next`: it calls `readValue` behind the
 * series, and goes on at the position returned.
 */
export class ExpositionReader {
  /** The body until `release`; ends with a line feed, which is added where it lacks one. */
  bytes: Borrowed<Uint8Array> = EMPTY;
  view: Borrowed<DataView> = new DataView(EMPTY.buffer);
  pos = 0;

  seriesStart = 0;
  seriesEnd = 0;
  value = 0;
  tMs = 0;
  hasTime = false;
  /** Whether the sample just read has one; `exemplar` decodes it. */
  hasExemplar = false;

  /** Of the last HELP or TYPE entry. */
  metricName = '';
  text = '';
  /** The type in force: Prometheus goes by the last TYPE line, whatever its name. */
  type: SeriesType = 'unknown';

  #buffer: Buffer = Buffer.from(EMPTY.buffer);
  readonly #series = new SeriesScanner();
  readonly #tail = new SampleTail();
  #isOpenMetrics = false;

  /** @throws ExpositionError where the body is not UTF-8 */
  open(body: Borrowed<Uint8Array>, format: ExpositionFormat = 'text'): void {
    this.#isOpenMetrics = format === 'openmetrics';
    this.#series.isStrict = this.#isOpenMetrics;
    let bytes = peek(body);
    if (bytes.length === 0 || bytes[bytes.length - 1] !== LF) {
      bytes = new Uint8Array(body.length + 1);
      bytes.set(peek(body));
      bytes[body.length] = LF;
    }
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.pos = 0;
    this.type = 'unknown';
    this.hasExemplar = false;
    if (!isUtf8(bytes)) throw this.errorAt(firstBadLine(bytes), 'the line holds invalid UTF-8');
  }

  /** Lets go of the body, which may be large. */
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
   * As `next`, but stops behind a line that holds nothing and ends at this position or behind it:
   * there may be millions of such lines.
   */
  nextBefore(pauseAt: number): ExpositionEntry | 'pause' {
    const { bytes } = this;
    for (;;) {
      const pos = this.#isOpenMetrics ? this.pos : skipBlanks(bytes, this.pos);
      if (pos >= bytes.length) {
        if (this.#isOpenMetrics) throw this.errorAt(pos, 'the page does not end with "# EOF"');
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
        if (after < 0) throw this.#valueError(this.seriesEnd);
        this.pos = after;
        return 'sample';
      }
    }
  }

  /**
   * Reads value and timestamp from behind a series to the end of the line.
   *
   * @returns the position of the next line, -1 when this is not what stands there
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
    // Mantissa and power of ten are exact within these bounds, so one division is rounded right.
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

  /** Whether nothing but the end of the page is left, so that `next` would say 'end'. */
  get isAtEnd(): boolean {
    const { bytes, pos } = this;
    if (!this.#isOpenMetrics) return pos === bytes.length;
    return pos + EOF_LINE.length === bytes.length && this.#buffer.indexOf(EOF_LINE, pos) === pos;
  }

  /** The exemplar of the sample just read. */
  exemplar(): ParsedExemplar {
    return this.#tail.exemplar();
  }

  /**
   * Labels of the sample just read, in the order written, `__name__` first, empty values kept.
   * `le` and `quantile` are normalised as Prometheus 3 does it.
   *
   * @throws ExpositionError for a label given twice
   */
  labels(): [name: string, value: string][] {
    const labels = this.rawLabels();
    for (const label of labels) label[1] = this.#normalise(label[0], label[1]);
    return labels;
  }

  /** As `labels`, exactly as written. */
  rawLabels(): [name: string, value: string][] {
    return this.#series.labels();
  }

  /** The error for a fault that a caller found at a position of this body. */
  errorAt(pos: number, message: string): ExpositionError {
    return errorAt(this.bytes, pos, message);
  }

  /**
   * Exponents, many digits, NaN, infinities. Returns the position behind the value, -1 for none.
   */
  #readOddValue(start: number): number {
    const { bytes } = this;
    let end = start;
    for (let byte = bytes[end]; byte !== LF && byte !== SPACE && byte !== TAB;) byte = bytes[++end];
    // No text of a float is longer, but for leading or trailing zeros that nobody writes.
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

  /** A line that begins with "#": undefined for a free comment. Moves behind it. */
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

  #valueError(pos: number): ExpositionError {
    const start = skipBlanks(this.bytes, pos);
    const end = Math.min(this.#buffer.indexOf(LF, start), start + 60);
    const found = JSON.stringify(this.#buffer.toString('utf8', start, end));
    return this.errorAt(start, `expected a value and at most a timestamp in ms, found ${found}`);
  }
}

/**
 * Where the first line with invalid UTF-8 starts: there is one, and the last byte is a line feed.
 */
function firstBadLine(bytes: Uint8Array): number {
  let start = 0;
  let end = bytes.length;
  // Lines before `start` are good, one before `end` is not: in each turn a half, or all but one
  // line, is left out.
  for (;;) {
    const half = start + ((end - start) >> 1);
    let border = bytes.indexOf(LF, half) + 1;
    if (border >= end && half > start) border = bytes.lastIndexOf(LF, half - 1) + 1;
    if (border <= start || border >= end) return start;
    if (isUtf8(bytes.subarray(start, border))) start = border;
    else end = border;
  }
}

function isOneSpace(bytes: Borrowed<Uint8Array>, from: number, to: number): boolean {
  return to === from + 1 && bytes[from] === SPACE;
}
