import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  chooseClosed,
  CHILDREN_STEP,
  chooseTicks,
  formatDuration,
  listRows,
  measureShare,
  placeBar,
  ROWS_AT_FIRST,
} from './layout.ts';
import { buildTraceTree } from './tree.ts';

interface Subsegment {
  id: string;
  name: string;
  start_time: number;
  end_time: number;
  subsegments: Subsegment[];
}

/** A trace with `width` children of each node, `depth` levels below its root. */
function makeTree(width: number, depth: number) {
  let count = 0;
  const make = (level: number): Subsegment => {
    count += 1;
    const own = { id: `n${count}`, name: 'n', start_time: count, end_time: count + 1 };
    const below = level === 0 ? 0 : width;
    return { ...own, subsegments: Array.from({ length: below }, () => make(level - 1)) };
  };
  return buildTraceTree([JSON.stringify(make(depth))]);
}

test('a small trace is open as a whole', () => {
  const tree = makeTree(3, 3);
  assert.equal(chooseClosed(tree).size, 0);
  assert.equal(listRows(tree, { closed: new Set(), shown: new Map() }).length, 40);
});

test('a large trace opens only the levels that fit, and a level at a time after that', () => {
  const tree = makeTree(10, 3);
  const closed = new Set(chooseClosed(tree));
  const shown = new Map<string, number>();
  const rows = listRows(tree, { closed, shown });
  assert.equal(rows.length, 111);
  assert.ok(rows.length <= ROWS_AT_FIRST);
  const last = rows.at(-1);
  assert.ok(last?.kind === 'node' && !last.isOpen && last.level === 3);
  closed.delete(last.node.key);
  assert.equal(listRows(tree, { closed, shown }).length, 121);
});

test('many children of one parent are shown in parts, and their number is told', () => {
  const tree = makeTree(2_500, 1);
  const key = tree.roots[0]?.key ?? '';
  const state = { closed: chooseClosed(tree), shown: new Map<string, number>() };
  const rows = listRows(tree, state);
  assert.equal(rows.length, 1 + CHILDREN_STEP + 1);
  const more = { kind: 'more', parentKey: key, level: 2, hidden: 2_400 };
  assert.deepEqual(rows.at(-1), more);
  state.shown.set(key, 300);
  assert.equal(listRows(tree, state).length, 1 + 300 + 1);
  const third = rows[3];
  assert.ok(third?.kind === 'node' && third.position === 3 && third.siblings === 2_500);
});

test('bars lie within the trace, whatever the times', () => {
  const frame = { startS: 100, endS: 104 };
  assert.deepEqual(placeBar(frame, 101, 102), { left: 25, width: 25 });
  assert.deepEqual(placeBar(frame, 103, undefined), { left: 75, width: 25 });
  assert.deepEqual(placeBar(frame, 103, 101), { left: 75, width: 0 });
  assert.deepEqual(placeBar({ startS: 5, endS: 5 }, 5, 5), { left: 0, width: 100 });
  const time = fc.double({ min: 0, max: 1e11, noNaN: true });
  fc.assert(
    fc.property(time, time, time, time, (a, b, startS, endS) => {
      const { left, width } = placeBar({ startS: a, endS: b }, startS, endS);
      assert.ok(left >= 0 && width >= 0 && left + width <= 100.000001);
    }),
  );
});

test('a scale has four to nine even steps that end within the duration', () => {
  assert.deepEqual(chooseTicks(1), [0, 0.2, 0.4, 0.6000000000000001, 0.8, 1]);
  assert.deepEqual(chooseTicks(0), [0]);
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 1e11, noNaN: true }), (durationS) => {
      const ticks = chooseTicks(durationS);
      assert.ok(ticks.length >= 5 && ticks.length <= 10, `${ticks.length}`);
      assert.ok((ticks.at(-1) ?? Infinity) <= durationS * 1.000001);
    }),
  );
});

test('durations are written in units that one can read', () => {
  const cases: [number, string][] = [
    [0, '0 s'],
    [0.00035, '350 µs'],
    [0.0125, '12.5 ms'],
    [0.9996, '1 s'],
    [1.25, '1.25 s'],
    [59.99, '1 min'],
    [125, '2 min 5 s'],
    [10_920, '3 h 2 min'],
    [-0.01, '−10 ms'],
  ];
  const absurd: readonly (readonly [seconds: number, text: string])[] = [
    [99_999 * 3_600, '99999 h'],
    [99_999 * 3_600 + 60, '> 99999 h'],
    [1e308, '> 99999 h'],
    [Infinity, '> 99999 h'],
    [-1e308, '< −99999 h'],
  ];
  for (const [seconds, text] of [...cases, ...absurd])
    assert.equal(formatDuration(seconds).replaceAll('\u202f', ' '), text);
});

test('the bar of a duration stays within its column, whatever the durations are', () => {
  assert.equal(measureShare(1, 4), 25);
  assert.equal(measureShare(-5, 4), 0);
  assert.equal(measureShare(0, 0), 0);
  assert.equal(measureShare(-5, 0), 0);
  assert.equal(measureShare(1e308, 1e308), 100);
  assert.equal(measureShare(Infinity, Infinity), 0);
});
