/**
 * Lays a trace out: which rows of its tree are shown, where their bars lie, and the scale above
 * them. Rows are bounded, so that a trace of thousands of subsegments stays usable: levels that
 * would not fit are closed at first, and long lists of children are shown in parts. Pure.
 */
import type { TraceTree, TreeNode } from './tree.ts';

/** How many rows a trace has at most when it is opened. */
export const ROWS_AT_FIRST = 200;
/** How many children of one parent are shown, and by how many more. */
export const CHILDREN_STEP = 100;

export interface NodeRow {
  readonly kind: 'node';
  readonly node: TreeNode;
  /** From 1, as assistive technology counts levels. */
  readonly level: number;
  readonly isOpen: boolean;
  /** The place among its siblings, from 1, and how many they are. */
  readonly position: number;
  readonly siblings: number;
}

/** Stands for the children of a parent that are not shown yet. */
export interface MoreRow {
  readonly kind: 'more';
  /** The key of the parent; empty for the top. */
  readonly parentKey: string;
  readonly level: number;
  readonly hidden: number;
}

export type Row = NodeRow | MoreRow;

export interface OpenState {
  readonly closed: ReadonlySet<string>;
  /** How many children of a parent are shown, where it is not CHILDREN_STEP. */
  readonly shown: ReadonlyMap<string, number>;
}

/** The nodes that are closed at first: those of the first level that would not fit. */
export function chooseClosed({ roots }: TraceTree): ReadonlySet<string> {
  let level = roots.slice(0, CHILDREN_STEP);
  let count = level.length;
  while (level.length > 0) {
    const below = level.flatMap(({ children }) => children.slice(0, CHILDREN_STEP));
    if (count + below.length > ROWS_AT_FIRST) break;
    count += below.length;
    level = below;
  }
  // What is below a closed node would fit no better when that is opened.
  const closed = new Set<string>();
  const open = [...level];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.children.length > 0) closed.add(node.key);
    for (const child of node.children) open.push(child);
  }
  return closed;
}

/** The rows of the tree in order. */
export function listRows({ roots }: TraceTree, { closed, shown }: OpenState): Row[] {
  const rows: Row[] = [];
  const open: Row[] = [];
  const push = (children: readonly TreeNode[], parentKey: string, level: number): void => {
    const most = shown.get(parentKey) ?? CHILDREN_STEP;
    const hidden = children.length - most;
    if (hidden > 0) open.push({ kind: 'more', parentKey, level, hidden });
    for (let index = Math.min(children.length, most) - 1; index >= 0; index -= 1) {
      const node = children[index];
      if (node === undefined) continue;
      const isOpen = node.children.length > 0 && !closed.has(node.key);
      const [position, siblings] = [index + 1, children.length];
      open.push({ kind: 'node', node, level, isOpen, position, siblings });
    }
  };
  push(roots, '', 1);
  for (let row = open.pop(); row !== undefined; row = open.pop()) {
    rows.push(row);
    if (row.kind === 'node' && row.isOpen) push(row.node.children, row.node.key, row.level + 1);
  }
  return rows;
}

/** Where a bar lies, in percent of the time of the trace. */
export interface Bar {
  readonly left: number;
  readonly width: number;
}

/** @param endS  undefined for a bar that goes on to the end of the trace */
export function placeBar(
  tree: Pick<TraceTree, 'startS' | 'endS'>,
  startS: number,
  endS: number | undefined,
): Bar {
  const span = tree.endS - tree.startS;
  if (!(span > 0)) return { left: 0, width: 100 };
  const toPercent = (atS: number): number =>
    Math.min(100, Math.max(0, (100 * (atS - tree.startS)) / span));
  const left = toPercent(startS);
  // A document may end before it began.
  return { left, width: Math.max(0, toPercent(endS ?? tree.endS) - left) };
}

/** How long a bar is of the longest one, in percent: none for what ended before it began. */
export function measureShare(durationS: number, longestS: number): number {
  const share = durationS / longestS;
  return share > 0 ? Math.min(100, 100 * share) : 0;
}

/** The times of a scale from 0 to a duration, seconds: four to nine, at 1, 2 or 5 of a power. */
export function chooseTicks(durationS: number): number[] {
  if (!(durationS > 0)) return [0];
  const power = 10 ** Math.floor(Math.log10(durationS / 4));
  const step = [5, 2, 1].find((size) => durationS / (size * power) >= 4) ?? 1;
  const ticks: number[] = [];
  for (let index = 0; index <= 10; index += 1) {
    const atS = index * step * power;
    if (atS > durationS * (1 + 1e-9)) break;
    ticks.push(atS);
  }
  return ticks;
}

/** Nothing takes longer: a duration above it is a mistake, whose digits would fill the row. */
const HOURS_MAX = 99_999;

/**
 * A duration to read: `0 s`, `350 µs`, `12.5 ms`, `1.25 s`, `2 min 5 s`, `3 h 2 min`; `> 99999 h`
 * for what is longer.
 */
export function formatDuration(seconds: number): string {
  const size = Math.abs(seconds);
  const sign = seconds < 0 ? '−' : '';
  if (size > HOURS_MAX * 3_600) return `${sign === '' ? '>\u202f' : '<\u202f−'}${HOURS_MAX}\u202fh`;
  if (size < 0.5e-6) return '0\u202fs';
  if (size < 0.9995e-3) return `${sign}${trim(size * 1e6)}\u202fµs`;
  if (size < 0.9995) return `${sign}${trim(size * 1e3)}\u202fms`;
  if (size < 59.95) return `${sign}${trim(size)}\u202fs`;
  const whole = Math.round(size);
  if (whole < 3_600) return `${sign}${formatPair(Math.floor(whole / 60), 'min', whole % 60, 's')}`;
  const minutes = Math.round(size / 60);
  return `${sign}${formatPair(Math.floor(minutes / 60), 'h', minutes % 60, 'min')}`;
}

function formatPair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  const first = `${large}\u202f${largeUnit}`;
  return small === 0 ? first : `${first} ${small}\u202f${smallUnit}`;
}

/** Three digits, without zeros behind the point. */
function trim(value: number): string {
  return String(Number(value.toPrecision(3)));
}
