/**
 * Reads what may follow a value in OpenMetrics: a timestamp in seconds, an exemplar, or both.
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
  /** Undefined for an exemplar without a timestamp. */
  tMs: number | undefined;
}

/** Scans tails; the fields hold what the last scan found. */
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
   * @param buffer the same bytes as a Buffer, which decodes faster and is slow to make
   * @returns the offset of the next line, -1 where there is no valid tail
   */
  scan(bytes: Borrowed<Uint8Array>, buffer: Buffer, from: number): number {
    this.hasTime = false;
    this.hasExemplar = false;
    let pos = from;
    if (bytes[pos + 1] !== HASH) {
      const end = findWordEnd(bytes, pos + 1);
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

  /** Decodes the exemplar that was found. @throws ExpositionError for a label given twice */
  exemplar(): ParsedExemplar {
    const labels = this.#labels.exemplarLabels();
    return { labels, value: this.#value, tMs: this.#exemplarTMs };
  }

  /** Drops the reference to the body. */
  release(): void {
    this.hasExemplar = false;
    this.#labels.release();
  }

  /** Scans an exemplar, from its brace to the end of the line. */
  #scanExemplar(bytes: Borrowed<Uint8Array>, buffer: Buffer, brace: number): number {
    const labelsEnd = this.#labels.scanExemplar(bytes, brace);
    if (bytes[labelsEnd] !== SPACE) return -1;
    let end = findWordEnd(bytes, labelsEnd + 1);
    const value = parseSampleValue(buffer.toString('latin1', labelsEnd + 1, end));
    if (value === undefined) return -1;
    this.#value = value;
    this.#exemplarTMs = undefined;
    if (bytes[end] === SPACE) {
      const start = end + 1;
      end = findWordEnd(bytes, start);
      this.#exemplarTMs = parseSeconds(buffer, start, end);
      if (this.#exemplarTMs === undefined) return -1;
    }
    if (bytes[end] !== LF) return -1;
    this.hasExemplar = true;
    return end + 1;
  }
}

function findWordEnd(bytes: Borrowed<Uint8Array>, from: number): number {
  let pos = from;
  while (bytes[pos] !== SPACE && bytes[pos] !== LF) pos += 1;
  return pos;
}

/**
 * Parses seconds as milliseconds and truncates fractions, as Prometheus does. Prometheus also loses
 * a millisecond of times like 2161371658.331, which no float64 holds exactly; here such times are
 * rounded to the millisecond they mean.
 */
function parseSeconds(buffer: Buffer, start: number, end: number): number | undefined {
  const seconds = parseSampleValue(buffer.toString('latin1', start, end));
  if (seconds === undefined || !Number.isFinite(seconds)) return undefined;
  const ms = seconds * 1_000;
  const nearest = Math.round(ms);
  return Math.abs(ms - nearest) < 1e-3 ? nearest : Math.trunc(ms);
}
