import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLogger } from '../kernel/logger.ts';
import { Registry } from '../kernel/metrics.ts';
import { type LabelSet, makeLabelSet, labelValue } from '../model/labels.ts';
import { type Appender, DROPPED_REF, type OpenAppender } from '../model/sample.ts';
import { PassingAppender } from '../model/passing-appender.ts';
import type { SeriesTransform, StreamTransform } from '../model/transform.ts';
import type { Outlet } from './outlet.ts';
import { Router } from './router.ts';

const X = makeLabelSet({ __name__: 'x' });
const BOTH = makeLabelSet({ __name__: 'both' });

/** An outlet that says what it gets; series named `drops` are not wanted. */
function recording(log: string[], name: string, drops = ''): Outlet {
  const openAppender: OpenAppender = () => {
    const labels = new Map<number, string>();
    let next = 10;
    let isClosed = false;
    const say = (ref: number, text: string): void => {
      assert.ok(!isClosed, `${name} gets nothing after its end`);
      log.push(`${name} ${labels.get(ref) ?? `? ${ref}`} ${text}`);
    };
    const appender: Appender = {
      refOf: (set: LabelSet) => {
        if (labelValue(set, '__name__') === drops) return DROPPED_REF;
        labels.set(next, set.map((one) => one.value).join('/'));
        return next++;
      },
      append: (ref, tMs, value) => say(ref, `${tMs} ${value}`),
      appendStale: (ref, tMs) => say(ref, `${tMs} stale`),
      appendHistogram: (ref, tMs, { sum }) => say(ref, `${tMs} histogram ${sum}`),
      appendExemplar: (ref, { value }) => say(ref, `exemplar ${value}`),
      setMetadata: (ref, family) => say(ref, family),
      setCreated: (ref, createdMs) => say(ref, `created ${createdMs}`),
      forget: (ref) => {
        say(ref, 'forgotten');
        labels.delete(ref);
      },
      commit: () => void log.push(`${name} commit`),
      rollback: () => void log.push(`${name} rollback`),
      close: () => {
        isClosed = true;
        log.push(`${name} close`);
      },
    };
    return appender;
  };
  return { openAppender, transforms: [] };
}

async function routerTo(...outlets: Outlet[]): Promise<Router> {
  const router = new Router(new Registry());
  await router.apply(new Map([['job', outlets]]));
  return router;
}

function zoned(zone: string): SeriesTransform {
  return {
    identity: `zone ${zone}`,
    change: ({ labels }) => {
      labels.set('zone', zone);
      return 'changed';
    },
  };
}

function scaling(scale: number, names: readonly string[]): SeriesTransform {
  return {
    identity: `scale ${scale} ${names.join()}`,
    change: (series) => {
      if (!names.includes(series.labels.get('__name__') ?? '')) return 'unchanged';
      series.scale *= scale;
      return 'changed';
    },
  };
}

test('every outlet gets every sample but those it dropped, under its own refs', async () => {
  const log: string[] = [];
  const router = await routerTo(recording(log, 'a', 'x'), recording(log, 'b', 'y'));
  const appender = router.openAppender('job', 'target');
  const x = appender.refOf(X);
  const both = appender.refOf(BOTH);
  appender.append(x, 1, 2);
  appender.append(both, 1, 3);
  appender.appendStale(both, 2);
  appender.commit();
  appender.forget(both);
  appender.forget(both);
  appender.append(both, 3, 3);
  assert.deepEqual(log, [
    'b x 1 2',
    'a both 1 3',
    'b both 1 3',
    'a both 2 stale',
    'b both 2 stale',
    'a commit',
    'b commit',
    'a both forgotten',
    'b both forgotten',
  ]);
});

test('a series that no outlet wants is dropped, and so is all of a source without a route', async () => {
  const log: string[] = [];
  const router = await routerTo(recording(log, 'a', 'x'), recording(log, 'b', 'x'));
  assert.equal(router.openAppender('job', 't').refOf(X), DROPPED_REF);
  assert.equal(router.openAppender('another', 't').refOf(BOTH), DROPPED_REF);
});

test('transforms are applied where the ref is made, and a scale to each sample', async () => {
  const log: string[] = [];
  const outlet = recording(log, 'a');
  let applied = 0;
  const counting: SeriesTransform = {
    identity: 'counting',
    change: () => {
      applied += 1;
      return 'unchanged';
    },
  };
  const transforms = [zoned('z'), scaling(1_000, ['x']), counting];
  const router = await routerTo({ ...outlet, transforms });
  const appender = router.openAppender('job', 't');
  const [x, both] = [appender.refOf(X), appender.refOf(BOTH)];
  for (let i = 0; i < 100; i++) appender.append(x, i, 2);
  appender.append(both, 1, 2);
  appender.appendExemplar(x, { labels: [], value: 0.5, tMs: 1 });
  assert.equal(applied, 2);
  assert.deepEqual(log.slice(-3), ['a x/z 99 2000', 'a both/z 1 2', 'a x/z exemplar 500']);
});

test('an outlet that comes gets a series once it is renewed; the others are not asked again', async () => {
  const log: string[] = [];
  const [a, b] = [recording(log, 'a'), recording(log, 'b', 'x')];
  const router = await routerTo(a);
  const appender = router.openAppender('job', 't');
  const x = appender.refOf(X);
  const both = appender.refOf(BOTH);
  await router.apply(new Map([['job', [a, b]]]));
  assert.equal(appender.generation, 1);
  appender.append(both, 1, 1);
  assert.equal(appender.renew(both, BOTH), both);
  assert.equal(appender.renew(x, X), x);
  appender.append(both, 2, 2);
  appender.append(x, 2, 2);
  assert.deepEqual(log, ['a both 1 1', 'a both 2 2', 'b both 2 2', 'a x 2 2']);
});

test('a series that was dropped everywhere gets a ref when an outlet comes that wants it', async () => {
  const log: string[] = [];
  const [a, b] = [recording(log, 'a', 'x'), recording(log, 'b')];
  const router = await routerTo(a);
  const appender = router.openAppender('job', 't');
  assert.equal(appender.refOf(X), DROPPED_REF);
  await router.apply(new Map([['job', [a, b]]]));
  const x = appender.renew(DROPPED_REF, X);
  appender.append(x, 1, 1);
  assert.deepEqual(log, ['b x 1 1']);
});

test('an outlet whose transforms change is another one: its series are made anew', async () => {
  const log: string[] = [];
  const outlet = recording(log, 'a');
  const router = await routerTo({ ...outlet, transforms: [zoned('old')] });
  const appender = router.openAppender('job', 't');
  const x = appender.refOf(X);
  await router.apply(new Map([['job', [{ ...outlet, transforms: [zoned('old')] }]]]));
  assert.equal(appender.generation, 0, 'the same transforms, made anew, change nothing');
  await router.apply(new Map([['job', [{ ...outlet, transforms: [zoned('new')] }]]]));
  appender.append(appender.renew(x, X), 1, 1);
  assert.deepEqual(log, ['a close', 'a x/new 1 1']);
});

test('outlets change only between two transactions, and who changes them is told when', async () => {
  const log: string[] = [];
  const [a, b] = [recording(log, 'a'), recording(log, 'b')];
  const router = await routerTo(a);
  const busy = router.openAppender('job', 'busy');
  const idle = router.openAppender('job', 'idle');
  const x = busy.refOf(X);
  busy.append(x, 1, 1);
  let isDone = false;
  const changed = router.apply(new Map([['job', [b]]])).then(() => (isDone = true));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([busy.generation, idle.generation, isDone], [0, 1, false]);
  busy.append(x, 2, 2);
  busy.commit();
  await changed;
  assert.equal(busy.generation, 1);
  assert.deepEqual(log, ['a x 1 1', 'a close', 'a x 2 2', 'a commit', 'a close']);
});

test('a source that is gone can still end its series, where its sinks run on', async () => {
  const log: string[] = [];
  const [a, b] = [recording(log, 'a'), recording(log, 'b')];
  const router = new Router(new Registry());
  await router.apply(
    new Map([
      ['goes', [a, b]],
      ['stays', [a]],
    ]),
  );
  const appender = router.openAppender('goes', 't');
  const x = appender.refOf(X);
  await router.apply(new Map([['stays', [a]]]));
  appender.appendStale(x, 1);
  appender.commit();
  assert.deepEqual(log, ['b close', 'a x 1 stale', 'a commit']);
});

test('an appender that closes in the middle of a transaction lets the change end', async () => {
  const log: string[] = [];
  const router = await routerTo(recording(log, 'a'));
  const appender = router.openAppender('job', 't');
  appender.append(appender.refOf(X), 1, 1);
  const changed = router.apply(new Map());
  appender.close();
  await changed;
  assert.deepEqual(log, ['a x 1 1', 'a close']);
});

test('whatever comes, goes and is renewed, each outlet gets just what was appended while it was there', async () => {
  const action = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('append' as const), name: fc.nat(5) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('forget' as const), name: fc.nat(5) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('route' as const), name: fc.nat(7) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
      const log: string[] = [];
      const all = ['a', 'b', 'c'].map((name) => recording(log, name, `s${name}`));
      let outlets = [all[0]!];
      const router = await routerTo(...outlets);
      const appender = router.openAppender('job', 't');
      const refs = new Map<number, { ref: number; generation: number }>();
      const expected: string[] = [];
      let at = 0;
      for (const { kind, name } of actions) {
        const known = refs.get(name);
        const text = ['sa', 'sb', 'sc', 'd', 'e', 'f'][name] ?? '';
        if (kind === 'append') {
          const labels = makeLabelSet({ __name__: text });
          let ref = known?.ref;
          if (known === undefined) ref = appender.refOf(labels);
          else if (known.generation !== appender.generation)
            ref = appender.renew(known.ref, labels);
          refs.set(name, { ref: ref!, generation: appender.generation });
          appender.append(ref!, ++at, name);
          for (const outlet of outlets) {
            const who = 'abc'[all.indexOf(outlet)]!;
            if (text !== `s${who}`) expected.push(`${who} ${text} ${at} ${name}`);
          }
          appender.commit();
        } else if (kind === 'forget' && known !== undefined) {
          if (known.ref !== DROPPED_REF) appender.forget(known.ref);
          refs.delete(name);
        } else if (kind === 'route') {
          outlets = all.filter((_, index) => (name >> index) % 2 === 1);
          await router.apply(new Map([['job', outlets]]));
        }
      }
      const samples = log.filter((line) => /^\w \w+ \d+ \d+$/.test(line));
      assert.deepEqual(samples, expected);
    }),
  );
});

test('what a transform leaves out by itself is counted each time, and told once', async () => {
  const lines: string[] = [];
  const metrics = new Registry();
  const router = new Router(metrics, createLogger({ write: (line) => lines.push(line) }));
  const leavingOut: StreamTransform = {
    identity: 'leaving_out',
    openAppender: (next, countDropped) =>
      Object.assign(new PassingAppender(next), {
        append: () => countDropped('cumulative_only', 'delta', 1),
      }),
  };
  const outlet = { ...recording([], 'a'), transforms: [leavingOut] };
  await router.apply(new Map([['job', [outlet]]]));
  const appender = router.openAppender('job', 'target');
  const ref = appender.refOf(X);
  for (const tMs of [1, 2, 3]) appender.append(ref, tMs, 1);
  appender.commit();
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /deltas came.*deltatocumulative/);
  assert.match(
    metrics.expose(),
    /amperage_transform_samples_dropped_total\{transform="cumulative_only",reason="delta"\} 3/,
  );
});
