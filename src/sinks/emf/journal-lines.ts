/** What the lines of the journal of differences say, once their checksums are off. Pure. */
import type { SeriesPath } from './differences.ts';

/** What a commit writes of a series. */
export type WrittenTotals = readonly [id: number, lastMs: number, ...totals: number[]];

export type JournalRecord =
  | { readonly kind: 'head'; readonly since: number }
  | { readonly kind: 's'; readonly id: number; readonly path: SeriesPath }
  | { readonly kind: 'c'; readonly commit: number; readonly rows: readonly WrittenTotals[] }
  | { readonly kind: 't'; readonly hasEnded: boolean; readonly target: string }
  | { readonly kind: 'm' };

/** Undefined for what is no line of ours, whatever its checksum. */
export function readJournalLine(line: string | undefined): JournalRecord | undefined {
  const value = parseLine(line);
  if (!Array.isArray(value)) {
    const { since } = (value ?? {}) as { since?: unknown };
    return isNumber(since) ? { kind: 'head', since } : undefined;
  }
  const [kind, number, ...rest] = value as unknown[];
  if (kind === 'm') return { kind };
  if (!Number.isSafeInteger(number)) return undefined;
  const [first, ...more] = rest;
  if (kind === 't' && typeof first === 'string' && more.length === 0)
    return { kind, hasEnded: number === 1, target: first };
  if (kind === 's' && rest.length === 3 && rest.every((part) => typeof part === 'string'))
    return { kind, id: number as number, path: rest as unknown as SeriesPath };
  if (kind === 'c' && Array.isArray(first) && first.every(isRow))
    return { kind, commit: number as number, rows: first };
  return undefined;
}

function isRow(row: unknown): row is WrittenTotals {
  return Array.isArray(row) && row.length >= 2 && row.every(isNumber);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

function parseLine(line: string | undefined): unknown {
  try {
    return JSON.parse(line ?? '') as unknown;
  } catch {
    return undefined;
  }
}
