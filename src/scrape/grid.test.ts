import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findFirstScrape, findNextTick, type FirstScrape } from './grid.ts';

const first: FirstScrape = {
  nowMs: 100_000,
  intervalMs: 10_000,
  offsetMs: 4_000,
  firstWithinMs: 2_000,
  takenOver: 'nothing',
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

test('a target that another loop has scraped stays on its grid', () => {
  assert.equal(findFirstScrape({ ...first, takenOver: 'series and grid' }), 104_000);
});

test('series that move to another target get no second sample in one millisecond', () => {
  assert.equal(findFirstScrape({ ...first, takenOver: 'series', offsetMs: 0 }), 100_001);
});

test('a target of another process stays on its grid, but a tick that fell between is made up for', () => {
  assert.equal(findFirstScrape({ ...first, othersSinceMs: 94_500 }), 104_000);
  assert.equal(findFirstScrape({ ...first, othersSinceMs: 93_000 }), 100_800);
  // The last scrape of the other is only a second ago: so soon is this one.
  assert.equal(findFirstScrape({ ...first, othersSinceMs: 93_900, nowMs: 94_900 }), 95_300);
});
