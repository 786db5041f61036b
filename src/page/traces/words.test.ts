import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ListedTrace } from './ask.ts';
import {
  chooseTone,
  describeState,
  formatPlace,
  formatShare,
  keepUsed,
  readTraceHash,
} from './words.ts';

function makeTrace(id: string, startS: number, more: Partial<ListedTrace> = {}): ListedTrace {
  return {
    id,
    startS,
    durationS: 1,
    isPartial: false,
    hasError: false,
    hasFault: false,
    hasThrottle: false,
    entry: { name: '', type: '' },
    http: { method: '', url: '', status: 0 },
    segments: null,
    ...more,
  };
}

test('the state of a trace is said in words, the worst first', () => {
  assert.equal(describeState(makeTrace('a', 1)), 'ok');
  const worst = makeTrace('a', 1, { hasThrottle: true, hasFault: true, isPartial: true });
  assert.equal(describeState(worst), 'fault, throttle, in progress');
  assert.deepEqual(
    [worst, makeTrace('a', 1, { hasError: true }), makeTrace('a', 1)].map(chooseTone),
    ['bad', 'warn', 'good'],
  );
});

test('a trace in use stays in its place in the list, all others give way to the newest', () => {
  const before = [makeTrace('c', 3), makeTrace('b', 2), makeTrace('a', 1)];
  const newest = [makeTrace('e', 5), makeTrace('d', 4)];
  const idsOf = (used: string[]) => keepUsed(newest, before, new Set(used)).map(({ id }) => id);
  assert.deepEqual(idsOf([]), ['e', 'd']);
  assert.deepEqual(idsOf(['b', 'd']), ['e', 'd', 'b']);
});

test('only the id of a trace is read from the hash of a URL', () => {
  const id = '1-5759e988-bd862e3fe1be46a994272793';
  assert.equal(readTraceHash(`#trace=${id}`), id);
  for (const hash of ['', '#', `#trace=${id}x`, '#trace=../../x', `#x&trace=${id}`])
    assert.equal(readTraceHash(hash), undefined, hash);
});

test('shares are told in percent, and of nothing there is none', () => {
  const shares = [
    formatShare(1, 3),
    formatShare(0, 7),
    formatShare(1, 5_000),
    formatShare(3, 200),
    formatShare(0, 0),
  ];
  assert.deepEqual(
    shares.map((share) => share.replaceAll('\u202f', ' ')),
    ['33 %', '0 %', '< 0.1 %', '1.5 %', '–'],
  );
});

test('a place begins with the path, by which rows differ', () => {
  assert.equal(formatPlace('http://127.0.0.1:3000/broken?a=1#x'), '/broken?a=1 at 127.0.0.1:3000');
  assert.equal(formatPlace('https://shop'), '/ at shop');
  assert.equal(formatPlace('arn:aws:lambda'), 'arn:aws:lambda');
});
