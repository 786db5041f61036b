/** When parts were scraped last: by those who told it, those who are silent, those nobody knows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PeerView } from './agreement.ts';
import { findLastScrapes } from './last-scrapes.ts';
import type { PeerState } from './peer-state.ts';

const GIVEN = { epoch: 2, by: 'a', members: [], moves: [] };

function viewOf(id: string, released: PeerState['released'], reach: PeerView['reach']): PeerView {
  const state: PeerState = {
    id,
    boot: 'x',
    version: 1,
    phase: 'running',
    isReady: true,
    lost: [],
    released,
  };
  return { reach, state, answeredAtMs: 500 };
}

test('a part was scraped until its holder gave it up, and a silent one until its last answer', () => {
  const views = new Map([
    ['b', viewOf('b', { epoch: 2, by: 'a', atMs: 900, unfinished: [3] }, 'answers')],
    ['c', viewOf('c', { epoch: 1, by: 'a', atMs: 100, unfinished: [] }, 'silent')],
  ]);
  const sinceMs = findLastScrapes(views, GIVEN, ['b', 'c', 'gone', 'b']);
  // The third part's holder is unknown: the earliest of all. The fourth was cut off.
  assert.deepEqual([0, 1, 2, 3].map(sinceMs), [900, 500, 500, 0]);
});

test('nothing is known of any part when no other has answered', () => {
  const views = new Map([
    ['b', { reach: 'asking', state: undefined, answeredAtMs: undefined } as const],
  ]);
  assert.equal(findLastScrapes(views, GIVEN, ['b'])(0), undefined);
});
