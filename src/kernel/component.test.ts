import assert from 'node:assert/strict';
import { test } from 'node:test';
import { componentContract } from '../../test/contracts/component.ts';
import { type Component, Group } from './component.ts';

function recording(name: string, log: string[], failOn?: 'start' | 'stop'): Component {
  return {
    name,
    start: () => {
      log.push(`start ${name}`);
      return failOn === 'start' ? Promise.reject(new Error('no port')) : Promise.resolve();
    },
    stop: () => {
      log.push(`stop ${name}`);
      return failOn === 'stop' ? Promise.reject(new Error('stuck')) : Promise.resolve();
    },
  };
}

componentContract('a group', () => new Group('g', [recording('a', []), recording('b', [])]));

test('a group starts in order and stops in reverse', async () => {
  const log: string[] = [];
  const group = new Group('g', [recording('sink', log), recording('source', log)]);
  await group.start();
  await group.stop(100);
  assert.deepEqual(log, ['start sink', 'start source', 'stop source', 'stop sink']);
});

test('when a component fails to start, it and those before it are stopped and the failure is thrown', async () => {
  const log: string[] = [];
  const group = new Group('g', [
    recording('a', log),
    recording('b', log, 'start'),
    recording('c', log),
  ]);
  await assert.rejects(group.start(), /no port/);
  assert.deepEqual(log, ['start a', 'start b', 'stop b', 'stop a']);
});

test('one component that fails to stop keeps no other from stopping, and is named', async () => {
  const log: string[] = [];
  const group = new Group('g', [recording('a', log), recording('b', log, 'stop')]);
  await group.start();
  await assert.rejects(group.stop(100), /stopping g failed: b: stuck/);
  assert.deepEqual(log.slice(2), ['stop b', 'stop a']);
});
