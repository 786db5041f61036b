/**
 * What may stand behind a value in OpenMetrics: a timestamp in seconds, an exemplar, or both.
 *
 *     a_total 17␤
 *     a_total 17 1700000000.5␤
 *     a_total 17 1700000000.5 # {trace_id="a"} 0.5 1700000000.4␤
 *               └ tail
 *
 * Source: https://prometheus.io/docs/specs/om/open_metrics_spec/#exemplars-1
 */
import type { Borrowed } from '../../model/borrowed.ts';
import { parseSampleValue } from './float.ts';
import { SeriesScanner } from './series.ts';

const LF = 10;
const SPACE = 32;
const HASH = 35;
const BRACE_OPEN = 123;

export interface ParsedExemplar {
  labels: [string, string][];
  value: number;
  /** Undefined where it has no time of its own. */
  tMs: number | undefined;
}

/** Scans one tail after another; holds what it found until the next. */
export class SampleTail {
  hasTime = false;
  tMs = 0;
  hasExemplar = false;
  readonly #labels = new SeriesScanner();
  #value = 0;
  #exemplarTMs: number | undefined;

  constructor() {
    this.#labels.isStrict = true;
  }

  /**
   * @param buffer  the same bytes: a Buffer decodes faster, and is dear to make
   * @returns       the position of the next line, -1 when this is not what stands there
   */
  scan(bytes: Borrowed<Uint8Array>, buffer: Buffer, from: number): number {
    this.hasTime = false;
    this.hasExemplar = false;
    let pos = from;
    if (bytes[pos + 1] !== HASH) {
      const end = endOfWord(bytes, pos + 1);
      const tMs = parseSeconds(buffer, pos + 1, end);
      if (bytes[pos] !== SPACE || tMs === undefined) return -1;
      this.tMs = tMs;
      this.hasTime = true;
      pos = end;
      if (bytes[pos] === LF) return pos + 1;
    }
    const isExemplar =
      bytes[pos] === SPACE &&
      bytes[pos + 1] === HASH &&
      bytes[pos + 2] === SPACE &&
      bytes[pos + 3] === BRACE_OPEN;
    return isExemplar ? this.#scanExemplar(bytes, buffer, pos + 3) : -1;
  }

  /** The exemplar that was found. @throws ExpositionError for a label given twice */
  exemplar(): ParsedExemplar {
    const labels = this.#labels.exemplarLabels();
    return { labels, value: this.#value, tMs: this.#exemplarTMs };
  }

  /** Lets go of the body. */
  release(): void {
    this.hasExemplar = false;
    this.#labels.release();
  }

  /** From its brace to the end of the line. */
  #scanExemplar(bytes: Borrowed<Uint8Array>, buffer: Buffer, brace: number): number {
    const labelsEnd = this.#labels.scanExemplar(bytes, brace);
    if (bytes[labelsEnd] !== SPACE) return -1;
    let end = endOfWord(bytes, labelsEnd + 1);
    const value = parseSampleValue(buffer.toString('latin1', labelsEnd + 1, end));
    if (value === undefined) return -1;
    this.#value = value;
    this.#exemplarTMs = undefined;
    if (bytes[end] === SPACE) {
      const start = end + 1;
      end = endOfWord(bytes, start);
      this.#exemplarTMs = parseSeconds(buffer, start, end);
      if (this.#exemplarTMs === undefined) return -1;
    }
    if (bytes[end] !== LF) return -1;
    this.hasExemplar = true;
    return end + 1;
  }
}

function endOfWord(bytes: Borrowed<Uint8Array>, from: number): number {
  let pos = from;
  while (bytes[pos] !== SPACE && bytes[pos] !== LF) pos += 1;
  return pos;
}

/**
 * Seconds as milliseconds, cut as Prometheus cuts them. It also cuts a millisecond off times like
 * 2161371658.331, which no float64 holds exactly: here they stay whole.
 */
function parseSeconds(buffer: Buffer, start: number, end: number): number | undefined {
  const seconds = parseSampleValue(buffer.toString('latin1', start, end));
  if (seconds === undefined || !Number.isFinite(seconds)) return undefined;
  const ms = seconds * 1_000;
  const nearest = Math.round(ms);
  return Math.abs(ms - nearest) < 1e-3 ? nearest : Math.trunc(ms);
}
