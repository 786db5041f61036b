/** The key of a state: no field of it, however deep, changes without changing the key. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PeerState, peerStateSchema } from './peer-state.ts';
import { stateKey } from './state-key.ts';

const STATE: PeerState = {
  id: 'a',
  boot: 'b',
  version: 3,
  phase: 'running',
  isReady: true,
  list: { readAtMs: 5, members: [{ id: 'a', address: 'host:1', isStarting: false }] },
  lost: ['c'],
  folder: '20260101T000000-00000000',
  sentEpoch: 6,
  isHeldUp: false,
  proposal: { epoch: 7, by: 'a', members: ['a', 'c'], moves: [[1, 0]] },
  released: { epoch: 7, by: 'a', atMs: 9, unfinished: [4] },
};

/** The state once for each of its leaves, with another value there. */
function* changeEachLeaf(value: unknown, path = ''): Generator<[path: string, changed: unknown]> {
  if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value))
      for (const [at, changed] of changeEachLeaf(inner, `${path}.${name}`)) {
        const copy = structuredClone(value) as Record<string, unknown>;
        copy[name] = changed;
        yield [at, copy];
      }
    return;
  }
  yield [path, typeof value === 'number' ? value + 1 : typeof value === 'boolean' ? !value : '?'];
}

test('the state of these tests has every field that the schema has', () => {
  assert.deepEqual(Object.keys(STATE).sort(), Object.keys(peerStateSchema.shape).sort());
});

test('a change of any field changes the key, and the order of fields does not', () => {
  const key = stateKey(STATE);
  const leaves = [...changeEachLeaf(STATE)];
  assert.equal(leaves.length, 23);
  for (const [path, changed] of leaves) assert.notEqual(stateKey(changed as PeerState), key, path);
  const turned = Object.fromEntries(Object.entries(STATE).toReversed());
  assert.equal(stateKey(turned as PeerState), key);
});

test('a field that is absent differs from one that is there', () => {
  for (const name of ['list', 'proposal', 'released'] as const)
    assert.notEqual(stateKey({ ...STATE, [name]: undefined }), stateKey(STATE), name);
});
