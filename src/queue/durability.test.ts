/** What is forced to the disk under which policy, and that a failing disk stops nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../kernel/clock.ts';
import { createLogger } from '../kernel/logger.ts';
import { Durability } from './durability.ts';
import type { Progress } from './progress.ts';
import type { SegmentStore } from './store.ts';

function open(policy: 'never' | 'interval' | 'every', failing?: 'store' | 'progress') {
  const done: string[] = [];
  const lines: string[] = [];
  const act = (name: string, isFailing: boolean): void => {
    done.push(name);
    if (isFailing) throw new Error('EIO');
  };
  const store = {
    syncNow: () => act('sync now', failing === 'store'),
    sync: async () => act('sync', failing === 'store'),
  } as SegmentStore;
  const progress = { save: async () => act('cursor', failing === 'progress') } as Progress;
  const clock = new VirtualClock();
  const log = createLogger({ write: (line) => void lines.push(line), clock, format: 'logfmt' });
  return { durability: new Durability(policy, { store, progress, clock, log }), done, lines };
}

test('each policy forces what it says; the cursor is written in any case, behind the chunks', async () => {
  for (const [policy, expected] of [
    ['never', ['cursor']],
    ['interval', ['sync', 'cursor']],
    ['every', ['sync now', 'sync', 'cursor']],
  ] as const) {
    const { durability, done } = open(policy);
    durability.afterAppend();
    await durability.save();
    assert.deepEqual(done, expected, policy);
  }
});

test('a disk that fails is said; no cursor goes ahead of its chunks', async () => {
  const { durability, done, lines } = open('every', 'store');
  durability.afterAppend();
  await durability.save();
  assert.deepEqual(done, ['sync now', 'sync']);
  assert.match(lines[0]!, /not forced to disk/);
  assert.match(lines[1]!, /cursor not written to disk/);
  for (let i = 0; i < 30; i++) {
    durability.afterAppend();
    await durability.save();
  }
  assert.equal(lines.length, 2, 'each fault once, until a minute has passed');
});
