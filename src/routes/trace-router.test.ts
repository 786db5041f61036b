import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OpenTraces } from '../model/trace-appender.ts';
import type { SpanTransform } from '../wire/otlp/span-transform.ts';
import { readTraceDocument } from '../wire/otlp/trace-document.ts';
import { makeSpan, makeSpanDocument } from '../../test/kit/spans.ts';
import { type TraceOutlet, TraceRouter } from './trace-router.ts';

/** A way into a list: documents appear at their commit. */
function openInto(list: string[], transforms: readonly SpanTransform[] = []): TraceOutlet {
  const openTraces: OpenTraces = () => {
    const open: string[] = [];
    return {
      append: (document) => void open.push(document.toString()),
      commit: () => void list.push(...open.splice(0)),
    };
  };
  return { openTraces, transforms };
}

test('documents go to all sinks of their receiver, at the commit', () => {
  const [one, two, other] = [[], [], []] as [string[], string[], string[]];
  const router = new TraceRouter(() => undefined);
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
  const router = new TraceRouter(() => undefined);
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
  const router = new TraceRouter(() => undefined);
  router.apply(new Map([['a', [outlet]]]));
  const appender = router.open('a');
  appender.append(Buffer.from('x'), 1);
  router.apply(new Map([['a', [outlet]]]));
  assert.deepEqual(list, []);
  appender.commit();
  assert.deepEqual(list, ['x']);
});

test('spans are transformed once for all sinks of a route, and segments pass', () => {
  const [one, two, plain] = [[], [], []] as [string[], string[], string[]];
  let calls = 0;
  const drop: SpanTransform = {
    name: 'drop',
    identity: 'drop',
    change: (spans) => {
      calls += 1;
      const scopeSpans = spans.scopeSpans.map((scope) => ({
        ...scope,
        spans: scope.spans.filter(({ name }) => name !== 'gone'),
      }));
      return { ...spans, scopeSpans };
    },
  };
  const dropped: string[] = [];
  const router = new TraceRouter((transform, spans) => void dropped.push(`${transform} ${spans}`));
  const transforms = [drop];
  router.apply(
    new Map([['a', [openInto(one, transforms), openInto(two, transforms), openInto(plain)]]]),
  );
  const appender = router.open('a');
  const document = makeSpanDocument([makeSpan({ name: 'kept' }), makeSpan({ name: 'gone' })]);
  appender.append(document, 1);
  appender.append(makeSpanDocument([makeSpan({ name: 'gone' })]), 1);
  for (const text of ['{"id":"1"}', 'T1S§']) appender.append(Buffer.from(text), 1);
  appender.commit();
  assert.equal(calls, 2);
  assert.deepEqual(dropped, ['drop 1', 'drop 1']);
  assert.deepEqual(one, two);
  assert.deepEqual(one.slice(1), ['{"id":"1"}', 'T1S§']);
  const [resource] = readTraceDocument(Buffer.from(one[0]!))!.resourceSpans;
  assert.deepEqual(
    resource?.scopeSpans[0]?.spans.map(({ name }) => name),
    ['kept'],
  );
  assert.equal(plain[0], document.toString());
  assert.equal(plain.length, 4);
});

test('a sink that fails takes nothing from the others, and leaves nothing for a later commit', () => {
  const list: string[] = [];
  let fails: 'append' | 'commit' | undefined;
  const failing: TraceOutlet = {
    openTraces: () => ({
      append: () => {
        if (fails === 'append') throw new Error('no room');
      },
      commit: () => {
        if (fails === 'commit') throw new Error('no disk');
      },
    }),
    transforms: [],
  };
  const router = new TraceRouter(() => undefined);
  router.apply(new Map([['a', [failing, openInto(list)]]]));
  const appender = router.open('a');
  const send = (document: string): void => {
    appender.append(Buffer.from(document), 1);
    appender.commit();
  };
  fails = 'append';
  assert.throws(() => send('x'), /no room/);
  fails = 'commit';
  assert.throws(() => send('y'), /no disk/);
  fails = undefined;
  send('z');
  assert.deepEqual(list, ['x', 'y', 'z']);
  // A reload goes through, and what stood open is told to whoever commits it.
  fails = 'commit';
  appender.append(Buffer.from('open'), 1);
  router.apply(new Map([['a', [openInto(list)]]]));
  assert.throws(() => appender.commit(), /no disk/);
  appender.commit();
  assert.deepEqual(list, ['x', 'y', 'z', 'open']);
});
