/**
 * The contract of an appender (model/sample.ts) as a suite. Call `appenderContract` with a function
 * that makes a fresh appender and shows what it has committed.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { makeLabelSet } from '../../src/model/labels.ts';
import { type Appender, DROPPED_REF } from '../../src/model/sample.ts';
import { HISTOGRAM } from '../kit/native-histogram.ts';

export interface AppenderFixture {
  readonly appender: Appender;
  /** All committed samples and markers, as text: `name{a="b"} 1 @1000`, `name{} stale @1000`. */
  readonly committed: () => readonly string[];
}

const T0 = 1_700_000_000_000;

export function appenderContract(
  what: string,
  make: (context: TestContext) => AppenderFixture | Promise<AppenderFixture>,
): void {
  const refTo = (appender: Appender, name: string) =>
    appender.refOf(makeLabelSet({ __name__: name, job: 'j' }));

  test(`${what}: what was appended is seen by nobody before the commit, and once after it`, async (context) => {
    const { appender, committed } = await make(context);
    const ref = refTo(appender, 'a');
    appender.append(ref, T0, 1);
    assert.deepEqual(committed(), []);
    appender.commit();
    assert.deepEqual(committed(), [`a{job="j"} 1 @${T0}`]);
    appender.commit();
    assert.equal(committed().length, 1, 'a commit of nothing commits nothing');
  });

  test(`${what}: a rollback leaves no trace, and the next commit has only what was appended after it`, async (context) => {
    const { appender, committed } = await make(context);
    const ref = refTo(appender, 'a');
    appender.append(ref, T0, 1);
    appender.append(ref, T0 + 1, 2);
    appender.appendStale(refTo(appender, 'b'), T0);
    appender.rollback();
    appender.commit();
    assert.deepEqual(committed(), []);
    appender.append(ref, T0 + 2, 3);
    appender.commit();
    assert.deepEqual(committed(), [`a{job="j"} 3 @${T0 + 2}`]);
  });

  test(`${what}: a ref stays valid over commits and rollbacks, and no other series gets it`, async (context) => {
    const { appender, committed } = await make(context);
    const refs = ['a', 'b', 'c'].map((name) => refTo(appender, name));
    assert.equal(new Set(refs).size, 3);
    const expected = new Set<string>();
    for (let round = 0; round < 4; round++) {
      refs.forEach((ref, i) => appender.append(ref, T0 + round, round * 10 + i));
      if (round === 2) appender.rollback();
      else {
        appender.commit();
        ['a', 'b', 'c'].forEach((name, i) =>
          expected.add(`${name}{job="j"} ${round * 10 + i} @${T0 + round}`),
        );
      }
    }
    assert.deepEqual(new Set(committed()), expected);
    assert.equal(committed().length, expected.size);
  });

  test(`${what}: the samples of a series keep their order, within a transaction too`, async (context) => {
    const { appender, committed } = await make(context);
    const [a, b] = [refTo(appender, 'a'), refTo(appender, 'b')];
    for (let i = 0; i < 3; i++) {
      appender.append(a, T0 + i, i);
      appender.append(b, T0 + i, -i);
    }
    appender.commit();
    appender.append(a, T0 + 3, 3);
    appender.commit();
    const values = committed().flatMap((line) => /^a\{.* (\d) @/.exec(line)?.[1] ?? []);
    assert.deepEqual(values, ['0', '1', '2', '3']);
  });

  test(`${what}: every value arrives unchanged, and no value is taken for a stale marker`, async (context) => {
    const { appender, committed } = await make(context);
    const ref = refTo(appender, 'a');
    const values = [0, -0.5, 1e300, 5e-324, Infinity, -Infinity, Number.NaN];
    values.forEach((value, i) => {
      appender.append(ref, T0 + i, value);
      appender.commit();
    });
    appender.appendStale(ref, T0 + values.length);
    appender.commit();
    assert.deepEqual(
      committed(),
      [...values, 'stale'].map((value, i) => `a{job="j"} ${value} @${T0 + i}`),
    );
  });

  test(`${what}: a series that ended with a marker goes on under its ref`, async (context) => {
    const { appender, committed } = await make(context);
    const ref = refTo(appender, 'a');
    appender.appendStale(ref, T0);
    appender.commit();
    appender.append(ref, T0 + 1, 7);
    appender.commit();
    assert.deepEqual(committed(), [`a{job="j"} stale @${T0}`, `a{job="j"} 7 @${T0 + 1}`]);
  });

  test(`${what}: a dropped series accepts all calls and commits nothing`, async (context) => {
    const { appender, committed } = await make(context);
    appender.append(DROPPED_REF, T0, 1);
    appender.appendStale(DROPPED_REF, T0);
    appender.appendHistogram(DROPPED_REF, T0, HISTOGRAM);
    appender.appendExemplar(DROPPED_REF, { labels: makeLabelSet({ id: '1' }), value: 1, tMs: T0 });
    appender.setMetadata(DROPPED_REF, 'a', { type: 'gauge', help: '', unit: '' });
    appender.setCreated(DROPPED_REF, T0);
    appender.commit();
    assert.deepEqual(committed(), []);
  });

  test(`${what}: forgetting a series leaves the others, and it may come back`, async (context) => {
    const { appender, committed } = await make(context);
    const [a, b] = [refTo(appender, 'a'), refTo(appender, 'b')];
    appender.append(a, T0, 1);
    appender.append(b, T0, 2);
    appender.commit();
    appender.forget(a);
    appender.append(b, T0 + 1, 3);
    appender.commit();
    const again = refTo(appender, 'a');
    appender.append(again, T0 + 2, 4);
    appender.append(b, T0 + 2, 5);
    appender.commit();
    assert.deepEqual(
      new Set(committed().slice(2)),
      new Set([`b{job="j"} 3 @${T0 + 1}`, `a{job="j"} 4 @${T0 + 2}`, `b{job="j"} 5 @${T0 + 2}`]),
    );
  });

  test(`${what}: metadata and a creation time change no sample`, async (context) => {
    const { appender, committed } = await make(context);
    const ref = refTo(appender, 'a_total');
    appender.setMetadata(ref, 'a', { type: 'counter', help: 'What it is.', unit: '' });
    appender.setCreated(ref, T0 - 1_000);
    appender.append(ref, T0, 1);
    appender.commit();
    appender.setMetadata(ref, 'a', { type: 'counter', help: 'What it was.', unit: '' });
    appender.append(ref, T0 + 1, 2);
    appender.commit();
    assert.deepEqual(committed(), [`a_total{job="j"} 1 @${T0}`, `a_total{job="j"} 2 @${T0 + 1}`]);
  });

  test(`${what}: what was not committed before the close is never seen`, async (context) => {
    const { appender, committed } = await make(context);
    appender.append(refTo(appender, 'a'), T0, 1);
    appender.close();
    assert.deepEqual(committed(), []);
  });
}
