import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LabelSet, labelSetOf, labelValue } from '../model/labels.ts';
import { type Appender, DROPPED_REF } from '../model/sample.ts';
import { fanOut } from './fan-out.ts';

function recording(log: string[], name: string, drops: string): Appender {
  let next = 10;
  return {
    refOf: (labels: LabelSet) => (labelValue(labels, '__name__') === drops ? DROPPED_REF : next++),
    append: (ref, tMs, value) => void log.push(`${name} ${ref} ${tMs} ${value}`),
    appendStale: (ref, tMs) => void log.push(`${name} ${ref} ${tMs} stale`),
    appendHistogram: (ref, tMs) => void log.push(`${name} ${ref} ${tMs} histogram`),
    appendExemplar: (ref) => void log.push(`${name} ${ref} exemplar`),
    setMetadata: (ref, family) => void log.push(`${name} ${ref} ${family}`),
    setCreated: (ref, createdMs) => void log.push(`${name} ${ref} created ${createdMs}`),
    forget: (ref) => void log.push(`${name} forget ${ref}`),
    commit: () => void log.push(`${name} commit`),
    rollback: () => void log.push(`${name} rollback`),
    close: () => void log.push(`${name} close`),
  };
}

test('every sink gets every sample but those it dropped, under its own refs', () => {
  const log: string[] = [];
  const appender = fanOut([() => recording(log, 'a', 'x'), () => recording(log, 'b', 'y')])(
    'target',
  );
  const x = appender.refOf(labelSetOf({ __name__: 'x' }));
  const both = appender.refOf(labelSetOf({ __name__: 'both' }));
  appender.append(x, 1, 2);
  appender.append(both, 1, 3);
  appender.appendStale(both, 2);
  appender.commit();
  appender.forget(both);
  appender.forget(both);
  appender.append(both, 3, 3);
  assert.deepEqual(log, [
    'b 10 1 2',
    'a 10 1 3',
    'b 11 1 3',
    'a 10 2 stale',
    'b 11 2 stale',
    'a commit',
    'b commit',
    'a forget 10',
    'b forget 11',
  ]);
});

test('a series that no sink wants is dropped, and one sink is used as it is', () => {
  const log: string[] = [];
  const own = recording(log, 'a', 'x');
  assert.equal(fanOut([() => own])('t'), own);
  const two = fanOut([() => own, () => recording(log, 'b', 'x')])('t');
  assert.equal(two.refOf(labelSetOf({ __name__: 'x' })), DROPPED_REF);
});
