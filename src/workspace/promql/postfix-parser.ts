/**
 * Parses what follows an operand and binds tightest: `[5m]`, `[5m:1m]`, `offset 1h`,
 * `@ 1609746000`, `@ start()`.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/basics/#range-vector-selectors
 */
import type { At, Expression, NumberLiteral } from './ast.ts';
import { DURATION_MS_MAX } from './literals.ts';
import type { TokenReader } from './token-reader.ts';

/** Parses `[range]` or `[range:step]`. */
export function parseRange(reader: TokenReader, node: Expression): Expression {
  const open = reader.take();
  if (!startsDuration(reader)) throw reader.unexpected('subquery selector', 'number or duration');
  const rangeMs = parsePositiveSpan(reader);
  if (reader.isPunctuation(':')) return parseSubquery(reader, node, rangeMs);
  if (!reader.isPunctuation(']')) throw reader.unexpected('subquery or range', '":" or "]"');
  const { end } = reader.take();
  if (node.type !== 'vector')
    throw reader.fault(open.start, 'ranges only allowed for vector selectors');
  if (node.offsetMs !== 0)
    throw reader.fault(open.start, 'no offset modifiers allowed before range');
  if (node.at?.kind === 'time')
    throw reader.fault(open.start, 'no @ modifiers allowed before range');
  return { type: 'matrix', vector: node, rangeMs, start: node.start, end };
}

function parseSubquery(reader: TokenReader, body: Expression, rangeMs: number): Expression {
  reader.take();
  let stepMs: number | undefined;
  if (!reader.isPunctuation(']')) {
    if (!startsDuration(reader))
      throw reader.unexpected('subquery selector', 'number or duration or "]"');
    stepMs = parsePositiveSpan(reader);
    if (!reader.isPunctuation(']')) throw reader.unexpected('subquery selector', '"]"');
  }
  const { end } = reader.take();
  const { start } = body;
  return { type: 'subquery', body, rangeMs, stepMs, offsetMs: 0, at: undefined, start, end };
}

function startsDuration(reader: TokenReader): boolean {
  const { kind, text } = reader.peek();
  return kind === 'number' || kind === 'duration' || isSign(reader) || text === '(';
}

function isSign(reader: TokenReader): boolean {
  const { kind, text } = reader.peek();
  return kind === 'operator' && (text === '-' || text === '+');
}

function parsePositiveSpan(reader: TokenReader): number {
  const span = parseSignedSpan(reader, 'subquery selector');
  const next = reader.peek();
  if (next.kind === 'operator') throw arithmetic(reader, span.start);
  if (!(span.value > 0)) throw reader.fault(span.start, 'duration must be greater than 0');
  return toMs(span.value);
}

/** Parses a number or duration with its sign, in seconds. */
function parseSignedSpan(reader: TokenReader, context: string): NumberLiteral {
  const sign = isSign(reader) ? reader.take() : undefined;
  const token = reader.peek();
  if (token.kind === 'punctuation' && token.text === '(')
    throw arithmetic(reader, reader.peek(1).start);
  if (token.kind !== 'number' && token.kind !== 'duration')
    throw reader.unexpected(context, 'number or duration');
  const number = reader.takeNumber();
  const value = sign?.text === '-' ? -number.value : number.value;
  const start = sign?.start ?? number.start;
  if (Math.abs(value) * 1_000 > DURATION_MS_MAX) throw reader.fault(start, 'duration out of range');
  return { ...number, value, start };
}

/** Arithmetic with durations is experimental in Prometheus 3.5 and off by default, as here. */
function arithmetic(reader: TokenReader, offset: number): Error {
  return reader.fault(offset, 'experimental duration expression is not enabled');
}

/** Seconds → whole ms: rounded to nanoseconds, then truncated, as Prometheus does. */
function toMs(seconds: number): number {
  return Math.trunc(Math.round(seconds * 1e9) / 1e6);
}

export function parseOffset(reader: TokenReader, node: Expression): Expression {
  reader.take();
  if (!startsDuration(reader)) throw reader.unexpected('offset', 'number or duration');
  const offsetMs = toMs(parseSignedSpan(reader, 'offset').value);
  const end = reader.lastEnd;
  const twice = 'offset may not be set multiple times';
  if (node.type === 'matrix') {
    if (node.vector.offsetMs !== 0) throw reader.fault(node.start, twice);
    return { ...node, vector: { ...node.vector, offsetMs }, end };
  }
  if (node.type !== 'vector' && node.type !== 'subquery')
    throw reader.fault(node.start, `offset modifier ${MISPLACED}`);
  if (node.offsetMs !== 0) throw reader.fault(node.start, twice);
  return { ...node, offsetMs, end };
}

const MISPLACED =
  'must be preceded by an instant vector selector or range vector selector or a subquery';

export function parseAt(reader: TokenReader, node: Expression): Expression {
  reader.take();
  const at = parseAtTime(reader, node.start);
  const end = reader.lastEnd;
  const twice = '@ <timestamp> may not be set multiple times';
  if (node.type === 'matrix') {
    if (node.vector.at !== undefined) throw reader.fault(node.start, twice);
    return { ...node, vector: { ...node.vector, at }, end };
  }
  if (node.type !== 'vector' && node.type !== 'subquery')
    throw reader.fault(node.start, `@ modifier ${MISPLACED}`);
  if (node.at !== undefined) throw reader.fault(node.start, twice);
  return { ...node, at, end };
}

function parseAtTime(reader: TokenReader, nodeStart: number): At {
  const isStart = reader.isKeyword('start');
  if (isStart || reader.isKeyword('end')) {
    reader.take();
    for (const mark of ['(', ')']) {
      if (!reader.isPunctuation(mark)) throw reader.unexpected('@', 'timestamp');
      reader.take();
    }
    return { kind: isStart ? 'start' : 'end' };
  }
  const sign = isSign(reader) ? reader.take() : undefined;
  const { kind } = reader.peek();
  if (kind !== 'number' && kind !== 'duration') throw reader.unexpected('@', 'timestamp');
  const { value } = reader.takeNumber();
  const seconds = sign?.text === '-' ? -value : value;
  if (!(Math.abs(seconds) < 2 ** 63))
    throw reader.fault(
      nodeStart,
      `timestamp out of bounds for @ modifier: ${formatFixed(seconds)}`,
    );
  return { kind: 'time', ms: Math.round(seconds * 1_000) };
}

/** A number as Go's %f prints it. */
function formatFixed(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return `${BigInt(value)}.000000`;
}
