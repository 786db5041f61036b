import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findFirstScrape, findNextTick, findStep, type FirstScrape } from './grid.ts';

const first: FirstScrape = {
  nowMs: 100_000,
  intervalMs: 10_000,
  offsetMs: 4_000,
  firstWithinMs: 2_000,
  pendingMs: undefined,
  hasSeries: false,
  othersSinceMs: undefined,
};

test('the next tick is the first after a time, never that time', () => {
  assert.equal(findNextTick(100_000, 10_000, 4_000), 104_000);
  assert.equal(findNextTick(103_999, 10_000, 4_000), 104_000);
  assert.equal(findNextTick(104_000, 10_000, 4_000), 114_000);
});

test('a new target is scraped soon, at its share of the time for first scrapes', () => {
  assert.equal(findFirstScrape(first), 100_800);
  assert.equal(findFirstScrape({ ...first, offsetMs: 0 }), 100_000);
});

test('a target that another loop has scraped is scraped when that loop would have done so', () => {
  assert.equal(findFirstScrape({ ...first, hasSeries: true, pendingMs: 107_123 }), 107_123);
  assert.equal(findFirstScrape({ ...first, pendingMs: 100_000 }), 100_000);
  // A scrape that was under way and is given up is made up for.
  assert.equal(findFirstScrape({ ...first, hasSeries: true, pendingMs: 99_000 }), 100_000);
  // The interval has become shorter.
  assert.equal(findFirstScrape({ ...first, hasSeries: true, pendingMs: 160_000 }), 104_000);
});

test('series that move to another target get no second sample in one millisecond', () => {
  assert.equal(findFirstScrape({ ...first, hasSeries: true, offsetMs: 0 }), 100_001);
});

test('a wall clock that is set has stepped; one that runs a little fast or slow has not', () => {
  const from = { wallMs: 100_000, elapsedMs: 50.25 };
  const after = (wallMs: number): number => findStep(from, { wallMs, elapsedMs: 10_050.5 }, 10_000);
  assert.equal(after(110_000), 0);
  assert.equal(after(110_900), 0);
  assert.equal(after(50_000), -60_000);
  assert.equal(after(3_710_000), 3_600_000);
  // With a short interval a step is shorter.
  assert.equal(findStep(from, { wallMs: 100_400, elapsedMs: 250.25 }, 200), 200);
});

test('a target of another process stays on its grid, but a tick that fell between is made up for', () => {
  assert.equal(findFirstScrape({ ...first, othersSinceMs: 94_500 }), 104_000);
  assert.equal(findFirstScrape({ ...first, othersSinceMs: 93_000 }), 100_800);
  // The last scrape of the other is only a second ago: so soon is this one.
  assert.equal(findFirstScrape({ ...first, othersSinceMs: 93_900, nowMs: 94_900 }), 95_300);
});
