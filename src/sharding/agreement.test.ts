import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CUT_OFF_MS,
  HOLD_MS,
  isLeader,
  type Knowledge,
  missingWords,
  newestProposal,
  type PeerView,
  wantedMembers,
} from './agreement.ts';
import type { PeerState, Proposal } from './peer-state.ts';

const NOW_MS = 1_000_000;

const proposal = (epoch: number, by: string, members: readonly string[]): Proposal => ({
  epoch,
  by,
  members: [...members],
  moves: [],
});

function stateOf(id: string, more: Partial<PeerState> = {}): PeerState {
  const list = {
    readAtMs: NOW_MS,
    members: ['a', 'b', 'c'].map((one) => ({ id: one, address: `${one}:1` })),
  };
  return { id, boot: 'x', version: 1, phase: 'running', isReady: true, lost: [], list, ...more };
}

const answers = (id: string, more: Partial<PeerState> = {}): PeerView => ({
  reach: 'answers',
  state: stateOf(id, more),
  answeredAtMs: NOW_MS,
});
/** It answered once. */
const silent = (id: string, agoMs = 12_000): PeerView => ({
  reach: 'silent',
  state: stateOf(id),
  answeredAtMs: NOW_MS - agoMs,
});
const never: PeerView = { reach: 'silent', state: undefined, answeredAtMs: undefined };

function knowledge(
  peers: Readonly<Record<string, PeerView>>,
  own: Partial<PeerState> = {},
  sinceMs = 0,
): Knowledge {
  return {
    own: stateOf('b', own),
    peers: new Map(Object.entries(peers)),
    proposedAtMs: NOW_MS - sinceMs,
    elapsedMs: NOW_MS,
    nowMs: NOW_MS,
  };
}

test('the lowest that answers leads', () => {
  assert.equal(isLeader(knowledge({ a: answers('a'), c: answers('c') })), false);
  assert.equal(isLeader(knowledge({ a: silent('a'), c: answers('c') })), true);
  assert.equal(isLeader(knowledge({ a: answers('a', { phase: 'left' }) })), true);
});

test('the newest proposal counts, whoever tells it', () => {
  const newest = proposal(3, 'c', ['b', 'c']);
  const known = knowledge(
    {
      a: answers('a', { proposal: proposal(2, 'a', ['a']) }),
      c: answers('c', { proposal: newest }),
    },
    { proposal: proposal(3, 'b', ['b']) },
  );
  assert.deepEqual(newestProposal(known), newest);
});

test('nobody is judged before everybody was asked', () => {
  const asking: PeerView = { reach: 'asking', state: undefined, answeredAtMs: undefined };
  assert.equal(wantedMembers(knowledge({ a: asking, c: answers('c') })), undefined);
  const both = { proposal: proposal(1, 'b', ['b', 'c']) };
  const dead: PeerView = { ...silent('c'), reach: 'refuses' };
  const known = knowledge({ a: asking, c: dead }, both);
  assert.deepEqual(wantedMembers(known), ['b'], 'one that has just come holds up nobody');
  assert.deepEqual(missingWords(known), []);
});

test('who leaves, has died or knows no targets is not wanted', () => {
  const all = { proposal: proposal(1, 'a', ['a', 'b', 'c']) };
  const wanted = (a: PeerView): readonly string[] | undefined =>
    wantedMembers(knowledge({ a, c: answers('c', { lost: ['a'] }) }, all));
  assert.deepEqual(wanted(answers('a')), ['a', 'b', 'c']);
  assert.deepEqual(wanted(answers('a', { phase: 'leaving' })), ['b', 'c']);
  assert.deepEqual(wanted({ ...silent('a'), reach: 'refuses' }), ['b', 'c']);
  assert.deepEqual(wanted(silent('a')), ['b', 'c']);
  const fresh = { proposal: proposal(1, 'b', ['b', 'c']) };
  assert.deepEqual(
    wantedMembers(knowledge({ a: answers('a', { isReady: false }), c: answers('c') }, fresh)),
    ['b', 'c'],
  );
});

test('one that is silent here and answers another stays', () => {
  const all = { proposal: proposal(1, 'a', ['a', 'b', 'c']) };
  assert.deepEqual(wantedMembers(knowledge({ a: silent('a'), c: answers('c') }, all)), [
    'a',
    'b',
    'c',
  ]);
});

test('who hears nobody takes himself for cut off, and the others for dead only after a minute', () => {
  const all = { proposal: proposal(1, 'a', ['a', 'b', 'c']) };
  const after = (ms: number): readonly string[] | undefined =>
    wantedMembers(knowledge({ a: silent('a', ms), c: silent('c', ms) }, all));
  assert.deepEqual(after(CUT_OFF_MS - 1), ['a', 'b', 'c']);
  assert.deepEqual(after(CUT_OFF_MS), ['b']);
});

test('behind a firewall ECS alone says who there is, and time stands for their word', () => {
  const known = knowledge({ a: never, c: never });
  assert.deepEqual(wantedMembers(known), ['a', 'b', 'c']);
  const all = { proposal: proposal(1, 'b', ['a', 'b', 'c']) };
  assert.deepEqual(missingWords(knowledge({ a: never, c: never }, all, HOLD_MS - 1)), ['a', 'c']);
  assert.deepEqual(missingWords(knowledge({ a: never, c: never }, all, HOLD_MS)), []);
});

test('what is own is taken with the word of all who may have held it', () => {
  const newest = proposal(2, 'a', ['a', 'b', 'c']);
  const released = { epoch: 2, by: 'a', atMs: NOW_MS, unfinished: [] };
  const missing = (peers: Readonly<Record<string, PeerView>>): readonly string[] =>
    missingWords(knowledge(peers, { proposal: newest }));
  assert.deepEqual(missing({ a: answers('a', { released }), c: answers('c') }), ['c']);
  assert.deepEqual(
    missing({
      a: answers('a', { released }),
      c: answers('c', { released: { ...released, epoch: 1 } }),
    }),
    ['c'],
  );
  assert.deepEqual(missing({ a: answers('a', { released }), c: answers('c', { released }) }), []);
  assert.deepEqual(
    missing({ a: answers('a', { phase: 'left' }), c: { ...never, reach: 'refuses' } }),
    [],
  );
  // Others have proposed it, but its address is not known here.
  assert.deepEqual(missing({ a: answers('a', { released }) }), ['c']);
  // A collector that answers must give its parts up, also when it is no member any more.
  const x = answers('x', { proposal: proposal(1, 'x', ['x']) });
  assert.deepEqual(missing({ a: answers('a', { released }), c: answers('c', { released }), x }), [
    'x',
  ]);
});
