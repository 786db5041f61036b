/** What a store of log events keeps at most. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogStore } from './store.ts';

test('the events that came first leave at a limit, and are counted', () => {
  const store = new LogStore({ accountId: '000000000000', region: 'us-east-1' });
  store.createGroup('g', {}, 0);
  const group = store.group('g');
  store.createStream(group, 'old', 0);
  store.createStream(group, 'new', 0);
  let dropped = 0;
  store.onDrop = (count) => void (dropped += count);
  const add = (name: string, count: number, size = 1): void => {
    const message = 'x'.repeat(size);
    const events = Array.from({ length: count }, () => ({ timestampMs: 1, message }));
    store.add(group, store.stream(group, name), events, 1);
  };
  add('old', 10_000);
  for (let call = 0; call < 50; call++) add('new', 10_000);
  assert.ok(store.eventCount <= 500_000);
  assert.equal(store.eventCount + dropped, 510_000);
  assert.equal(store.stream(group, 'old').events.length, 0);
  assert.equal(store.stream(group, 'new').events.length, store.eventCount);
  for (let call = 0; call < 200; call++) add('new', 1, 1_000_000);
  assert.ok(store.sizeBytes <= 128 * 1024 * 1024);
  assert.equal(group.storedBytes, store.sizeBytes);
  store.deleteGroup(group);
  assert.deepEqual([store.eventCount, store.sizeBytes], [0, 0]);
});
