import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { unwatchAbort, watchAbort } from './abort-watch.ts';

test('those who watch are told once, those who have left are not, by one listener', () => {
  const controller = new AbortController();
  const { signal } = controller;
  const told: string[] = [];
  const calls = ['a', 'b', 'c', 'd'].map((name) => () => {
    told.push(name);
  });
  for (const call of calls) watchAbort(signal, call);
  assert.equal(getEventListeners(signal, 'abort').length, 1);
  const [, second = () => undefined] = calls;
  unwatchAbort(signal, second);
  unwatchAbort(signal, second);
  unwatchAbort(new AbortController().signal, second);
  controller.abort();
  assert.deepEqual(told.toSorted(), ['a', 'c', 'd']);
  for (const call of calls) unwatchAbort(signal, call);
});

test('one who leaves while others are told is told all the same, and nobody twice', () => {
  const controller = new AbortController();
  const told: string[] = [];
  const leaves = (): void => {
    told.push('leaves');
    unwatchAbort(controller.signal, leaves);
  };
  watchAbort(controller.signal, leaves);
  watchAbort(controller.signal, () => told.push('stays'));
  controller.abort();
  assert.deepEqual(told.toSorted(), ['leaves', 'stays']);
});
