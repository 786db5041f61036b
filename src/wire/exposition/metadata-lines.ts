/**
 * Reads the lines of the text formats that begin with "#": HELP, TYPE and UNIT, and the end of an
 * OpenMetrics exposition. Other comments, which only the older format allows, are skipped.
 *
 *     # HELP name text\n      # TYPE name counter\n      # UNIT name seconds\n      # EOF\n
 *
 * Limits: only the first TEXT_BYTES_MAX bytes of a text are read.
 * Source: prometheus/model/textparse/promlex.l, openmetricslex.l
 */
import type { Borrowed } from '../../model/borrowed.ts';
import { SERIES_TYPES, type SeriesType } from '../../model/sample.ts';
import { quoteText } from './bad-bytes.ts';
import { describeChar, errorAt } from './error.ts';
import { decode, isBlank, SERIES_BYTES_MAX, skipBlanks, skipMetricName } from './series.ts';

export type MetadataKind = 'help' | 'type' | 'unit';

export interface MetadataLine {
  readonly kind: MetadataKind;
  readonly name: string;
  /** The HELP without its escapes, the type or the unit as written. */
  readonly text: string;
  /** The type, of a TYPE line only. */
  readonly type: SeriesType | undefined;
}

/** A line of a body: from its "#" to its line feed. */
interface Line {
  readonly bytes: Borrowed<Uint8Array>;
  /**
   * The same bytes as a Buffer, which searches and decodes faster. It is made once a body, since
   * making one is slow.
   */
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

const SPACE = 32;
const QUOTE = 34;
const TEXT_BYTES_MAX = 64 * 1024;
const TEXT_TYPES = ['counter', 'gauge', 'histogram', 'summary', 'untyped'] as const;
const KIND_BY_START: Readonly<Record<string, MetadataKind | undefined>> = {
  '# HELP ': 'help',
  '# TYPE ': 'type',
  '# UNIT ': 'unit',
};

/** Reads a line of the text format; undefined for a comment. @throws ExpositionError */
export function readTextMetadata(line: Line): MetadataLine | undefined {
  const { bytes, buffer, start, end } = line;
  const word = skipBlanks(bytes, start + 1);
  if (word === start + 1 || !isBlank(bytes[word + 4])) return undefined;
  const keyword = buffer.toString('latin1', word, word + 4);
  if (keyword !== 'HELP' && keyword !== 'TYPE') return undefined;
  const nameStart = skipBlanks(bytes, word + 4);
  if (keyword === 'HELP' && nameStart === end) return undefined;
  const nameEnd = skipName(line, nameStart);
  const name = decodeName(bytes, nameStart, nameEnd);
  const textStart = Math.min(end, skipBlanks(bytes, nameEnd));
  if (keyword === 'HELP') {
    const text = unescapeHelp(decodeText(bytes, textStart, end));
    return { kind: 'help', name, text, type: undefined };
  }
  let textEnd = end;
  while (textEnd > textStart && isBlank(bytes[textEnd - 1])) textEnd -= 1;
  const text = decodeText(bytes, textStart, textEnd);
  return { kind: 'type', name, text, type: parseType(line, nameEnd, text, TEXT_TYPES) };
}

/** Reads a line of OpenMetrics, which has no comments. @throws ExpositionError */
export function readOpenMetricsMetadata(line: Line): MetadataLine | 'end' {
  const { bytes, buffer, start, end } = line;
  if (buffer.toString('latin1', start, end) === '# EOF') {
    if (end + 1 < bytes.length) throw errorAt(bytes, end + 1, 'there is something behind "# EOF"');
    return 'end';
  }
  const kind = KIND_BY_START[buffer.toString('latin1', start, start + 7)];
  if (kind === undefined) {
    const expected = '"# HELP", "# TYPE", "# UNIT" or "# EOF"; OpenMetrics has no comments';
    throw errorAt(bytes, start, `expected ${expected}`);
  }
  const nameEnd = skipName(line, start + 7);
  const name = decodeName(bytes, start + 7, nameEnd);
  if (bytes[nameEnd] !== SPACE) throw errorAt(bytes, nameEnd, `expected a blank and the ${kind}`);
  const text = decodeText(bytes, Math.min(end, nameEnd + 1), end);
  if (kind === 'help') {
    const help = unescapeHelp(text).replaceAll('\\"', '"');
    return { kind, name, text: help, type: undefined };
  }
  if (kind === 'type')
    return { kind, name, text, type: parseType(line, nameEnd, text, SERIES_TYPES) };
  if (text !== '' && !name.endsWith(`_${text}`)) {
    const unit = quoteText(text.slice(0, 60));
    throw errorAt(bytes, nameEnd, `unit ${unit} is not the end of the metric's name`);
  }
  return { kind, name, text, type: undefined };
}

/** The end of the name that begins at `start`. @throws ExpositionError where there is none */
function skipName({ bytes, end: lineEnd }: Line, start: number): number {
  const end = skipMetricName(bytes, start);
  if (end === start || end > lineEnd)
    throw errorAt(bytes, start, `expected a metric name, found ${describeChar(bytes, start)}`);
  if (end - start > SERIES_BYTES_MAX)
    throw errorAt(bytes, start, `a metric name is longer than ${SERIES_BYTES_MAX} bytes`);
  return end;
}

function decodeName(bytes: Borrowed<Uint8Array>, start: number, end: number): string {
  if (bytes[start] === QUOTE) return decode(bytes, start + 1, end - 1, true);
  return decode(bytes, start, end, false);
}

function decodeText(bytes: Borrowed<Uint8Array>, start: number, end: number): string {
  return decode(bytes, start, Math.min(end, start + TEXT_BYTES_MAX), false);
}

function parseType(
  { bytes }: Line,
  pos: number,
  text: string,
  known: readonly string[],
): SeriesType {
  if (known.includes(text)) return text === 'untyped' ? 'unknown' : (text as SeriesType);
  const given = quoteText(text.slice(0, 60));
  throw errorAt(bytes, pos, `invalid metric type ${given}; use one of ${known.join(', ')}`);
}

function unescapeHelp(text: string): string {
  return text.replaceAll(/\\([\\n])/g, (_, char: string) => (char === 'n' ? '\n' : '\\'));
}
