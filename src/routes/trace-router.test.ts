import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OpenTraces } from '../model/trace-appender.ts';
import { TraceRouter } from './trace-router.ts';

/** A way into a list: documents appear at their commit. */
function openInto(list: string[]): OpenTraces {
  return () => {
    const open: string[] = [];
    return {
      append: (document) => void open.push(document.toString()),
      commit: () => void list.push(...open.splice(0)),
    };
  };
}

test('documents go to all sinks of their receiver, at the commit', () => {
  const [one, two, other] = [[], [], []] as [string[], string[], string[]];
  const router = new TraceRouter();
  router.apply(
    new Map([
      ['a', [openInto(one), openInto(two)]],
      ['b', [openInto(other)]],
    ]),
  );
  const appender = router.open('a');
  appender.append(Buffer.from('x'), 1);
  assert.deepEqual(one, []);
  appender.commit();
  assert.deepEqual([one, two, other], [['x'], ['x'], []]);
});

test('other routes take over between commits, and what is open goes the old way', () => {
  const [before, after] = [[], []] as [string[], string[]];
  const router = new TraceRouter();
  router.apply(new Map([['a', [openInto(before)]]]));
  const appender = router.open('a');
  appender.append(Buffer.from('x'), 1);
  router.apply(new Map([['a', [openInto(after)]]]));
  appender.append(Buffer.from('y'), 2);
  appender.commit();
  assert.deepEqual([before, after], [['x'], ['y']]);
});

test('a sink that stays keeps what is open in it', () => {
  const list: string[] = [];
  const outlet = openInto(list);
  const router = new TraceRouter();
  router.apply(new Map([['a', [outlet]]]));
  const appender = router.open('a');
  appender.append(Buffer.from('x'), 1);
  router.apply(new Map([['a', [outlet]]]));
  assert.deepEqual(list, []);
  appender.commit();
  assert.deepEqual(list, ['x']);
});
