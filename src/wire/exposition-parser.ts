/**
 * Text format 0.0.4 (and 1.0.0 with UTF-8 names), as Prometheus 3 reads it from a target, on bytes: a cursor that
 * makes no string and no object per sample. Labels are decoded only for a series whose labels are asked for.
 * Not here: OpenMetrics and protobuf, and the stricter rules for those who write pages (exposition-check.ts).
 * Laxer than Prometheus where that harms nobody: a minus before a timestamp, blanks round a TYPE, a HELP without name.
 * Stricter: the whole body must be UTF-8, free comments too; a comma must stand between labels, and a blank behind a
 * name without braces; a NUL outside a label value is refused, where Prometheus stops reading without a word.
 * Limits: the caller bounds the body. No recursion.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/, prometheus/model/textparse/promlex.l
 */
import { isUtf8 } from 'node:buffer';
import { type MetricType } from '../model/metric-family.ts';
import { charAt, errorAt, type ExpositionError } from './exposition-error.ts';
import { decode, isBlank, SeriesScanner, skipBlanks, skipMetricName } from './exposition-series.ts';
import { formatOpenMetricsFloat, parseSampleValue } from './float.ts';

export type ExpositionEntry = 'sample' | 'help' | 'type' | 'end';

const TAB = 9;
const LF = 10;
const SPACE = 32;
const QUOTE = 34;
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
const TYPES: readonly MetricType[] = ['counter', 'gauge', 'histogram', 'summary', 'untyped'];
const EMPTY = new Uint8Array([LF]);

/**
 * A cursor over one body after another.
 *
 *     # TYPE a counter\n   → 'type', `metricName`, `text`
 *     a{b="c"} 1.5 1700\n  → 'sample', bytes [seriesStart, seriesEnd) are a{b="c"}, `value`, `hasTime`, `tMs`
 *
 * A caller that knows which series stands at `pos` may skip `next`: it calls `readValue` behind the series, and goes
 * on at the position returned.
 */
export class ExpositionReader {
  /** The body; ends with a line feed, which is added where it lacks one. */
  bytes: Uint8Array = EMPTY;
  view: DataView = new DataView(EMPTY.buffer);
  pos = 0;

  seriesStart = 0;
  seriesEnd = 0;
  value = 0;
  tMs = 0;
  hasTime = false;

  /** Of the last HELP or TYPE entry. */
  metricName = '';
  text = '';
  /** The type in force: Prometheus goes by the last TYPE line, whatever its name. */
  type: MetricType = 'untyped';

  #buffer: Buffer = Buffer.from(EMPTY.buffer);
  readonly #series = new SeriesScanner();

  /** @throws ExpositionError where the body is not UTF-8 */
  open(body: Uint8Array): void {
    let bytes = body;
    if (bytes.length === 0 || bytes[bytes.length - 1] !== LF) {
      bytes = new Uint8Array(body.length + 1);
      bytes.set(body);
      bytes[body.length] = LF;
    }
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.pos = 0;
    this.type = 'untyped';
    if (!isUtf8(bytes)) throw this.errorAt(firstBadLine(bytes), 'the line holds invalid UTF-8');
  }

  /** Lets go of the body, which may be large. */
  release(): void {
    this.#series.release();
    this.open(EMPTY);
  }

  /** Moves to the next entry. @throws ExpositionError */
  next(): ExpositionEntry {
    const { bytes } = this;
    for (;;) {
      const pos = skipBlanks(bytes, this.pos);
      if (pos >= bytes.length) return 'end';
      const byte = bytes[pos];
      if (byte === LF) {
        this.pos = pos + 1;
      } else if (byte === HASH) {
        const entry = this.#readComment(pos);
        if (entry !== undefined) return entry;
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
    // Mantissa and power of ten are exact within these bounds, so one division or product is rounded right.
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
    if (byte === LF) return pos + 1;
    return this.#readTime(pos);
  }

  /**
   * Labels of the sample just read, in the order written, `__name__` first, empty values kept.
   * `le` and `quantile` are normalised as Prometheus 3 does it.
   *
   * @throws ExpositionError for a label given twice
   */
  labels(): [name: string, value: string][] {
    const labels = this.#series.labels();
    for (const label of labels) label[1] = this.#normalise(label[0], label[1]);
    return labels;
  }

  /** The error for a fault that a caller found at a position of this body. */
  errorAt(pos: number, message: string): ExpositionError {
    return errorAt(this.bytes, pos, message);
  }

  /** Exponents, many digits, NaN and infinities. Returns the position behind the value, -1 when it is none. */
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

  /** HELP and TYPE lines; any other comment gives undefined. Moves behind the line. */
  #readComment(hash: number): 'help' | 'type' | undefined {
    const { bytes } = this;
    const end = this.#buffer.indexOf(LF, hash);
    this.pos = end + 1;
    const word = skipBlanks(bytes, hash + 1);
    if (word === hash + 1 || !isBlank(bytes[word + 4])) return undefined;
    const keyword = this.#buffer.toString('latin1', word, word + 4);
    if (keyword !== 'HELP' && keyword !== 'TYPE') return undefined;
    const nameStart = skipBlanks(bytes, word + 4);
    if (keyword === 'HELP' && nameStart === end) return undefined;
    const nameEnd = skipMetricName(bytes, nameStart);
    if (nameEnd === nameStart || nameEnd > end)
      throw this.errorAt(nameStart, `expected a metric name, found ${charAt(bytes, nameStart)}`);
    const isQuoted = bytes[nameStart] === QUOTE;
    this.metricName = isQuoted
      ? decode(bytes, nameStart + 1, nameEnd - 1, true)
      : decode(bytes, nameStart, nameEnd, false);
    const text = decode(bytes, Math.min(end, skipBlanks(bytes, nameEnd)), end, false);
    if (keyword === 'HELP') {
      this.text = text.replaceAll(/\\([\\n])/g, (_, char: string) => (char === 'n' ? '\n' : '\\'));
      return 'help';
    }
    this.text = text.replace(/[ \t]+$/, '');
    const type = TYPES.find((known) => known === this.text);
    if (type === undefined)
      throw this.errorAt(
        nameEnd,
        `invalid metric type ${JSON.stringify(this.text)}; use one of ${TYPES.join(', ')}`,
      );
    this.type = type;
    return 'type';
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

/** The start of the first line with invalid UTF-8; only called when there is one. */
function firstBadLine(bytes: Uint8Array): number {
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(LF, start) + 1;
    if (!isUtf8(bytes.subarray(start, end))) return start;
    start = end;
  }
  return 0;
}
