/**
 * Runs the contract of sinks over every kind of the table (sink-fixtures.ts has their receivers):
 * configuration, and the road from an appender over the queue to the receiver, including failures.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SinkPlan } from '../../src/config/plan.ts';
import { planSinks } from '../../src/config/sinks.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { createHttpClient } from '../../src/kernel/http-client.ts';
import type { Registry } from '../../src/kernel/metrics.ts';
import { makeLabelSet } from '../../src/model/labels.ts';
import { commitInSlices, DROPPED_REF } from '../../src/model/sample.ts';
import { DurableQueue } from '../../src/queue/queue.ts';
import type { Reporter } from '../../src/settings/finding.ts';
import type { DirectSink, DirectSinkKind, Signal, Sink, SinkKind } from '../../src/sinks/sink.ts';
import { sinkKinds } from '../../src/sinks/sinks.ts';
import { checkConfigText } from '../../src/config/load.ts';
import { componentContract } from './component.ts';
import { type SinkFixture, sinkFixtures } from './sink-fixtures.ts';
import { createWorld } from '../kit/world.ts';

const T0 = 1_700_000_000_000;
/** Samples of a large commit, and how many of them a slice may hand on. */
const LARGE = 20_000;
const SLICE_ITEMS_MAX = 10_000;

interface Run {
  readonly fixture: SinkFixture;
  readonly queue: DurableQueue;
  readonly metrics: Registry;
  readonly lines: readonly string[];
  readonly open: (before?: Sink) => Promise<Sink>;
  readonly arrives: (count: number) => Promise<string[]>;
}

function makePlans(
  kind: SinkKind | DirectSinkKind,
  entries: readonly unknown[],
  expected: readonly RegExp[] = [],
): readonly SinkPlan[] {
  const faults: string[] = [];
  const report: Reporter = {
    error: (where, _, message) => void faults.push(`${where.join('.')}: ${message}`),
    warn: () => undefined,
    lacks: (where, message) => void faults.push(`${where.join('.')}: ${message}`),
    positionOf: (where) => where.join('.'),
  };
  const list = entries.map((entry, index) => ({
    kind,
    input: kind.schema.parse(entry),
    path: [kind.key, index],
  }));
  const { sinks } = planSinks(list, { report, baseDirectory: '/', env: {} });
  assert.equal(faults.length, expected.length, faults.join('; '));
  expected.forEach((one, index) => assert.match(faults[index] ?? '', one));
  return sinks;
}

/** Commits two items for a round, and gives them as they arrive. */
type Commit = (round: number) => string[];

/** Samples of `a` and of `b`. */
function openSampleWay(sink: DirectSink): Commit {
  const appender = sink.openAppender!('target');
  return (round) => {
    const refs = ['a', 'b'].map((name) =>
      appender.refOf(makeLabelSet({ __name__: name, job: 'j' })),
    );
    for (const ref of refs) appender.append(ref, T0 + round, round);
    appender.commit();
    for (const ref of refs) appender.forget(ref);
    return ['a', 'b'].map((name) => `__name__=${name},job=j ${T0 + round} ${round}`);
  };
}

/** Segment documents. */
function openSegmentWay(sink: DirectSink): Commit {
  assert.equal(sink.openAppender, undefined);
  const appender = sink.openTraces!();
  return (round) => {
    const documents = ['a', 'b'].map(
      (name) => `{"name":"${name}","id":"${String(round).padStart(16, name)}"}`,
    );
    for (const document of documents) appender.append(Buffer.from(document), T0 + round);
    appender.commit();
    return documents;
  };
}

for (const known of sinkKinds) {
  const kind = known as unknown as SinkKind | DirectSinkKind;
  // What only a sink with a queue has is asked of no other.
  const queuedTest: (name: string, run: () => Promise<void>) => void =
    kind.isDirect === true ? () => undefined : (name, run) => void test(name, run);

  const withRun = async (work: (run: Run) => Promise<void>): Promise<void> => {
    const fixture = await sinkFixtures[known.kind]();
    const directory = mkdtempSync(path.join(tmpdir(), 'amperage-sink-'));
    const world = createWorld({ clock: systemClock, http: createHttpClient() });
    const { lines, metrics } = world;
    const [plan] = makePlans(kind, [fixture.entry]);
    assert.ok(plan);
    const { shardsMax: lanes, capBytes } = plan.delivery ?? { shardsMax: 1, capBytes: 1e6 };
    const queue = new DurableQueue({ name: plan.id, directory, lanes, capBytes }, world);
    await queue.start();
    const opened: DirectSink[] = [];
    const open = async (before?: Sink): Promise<Sink> => {
      const parts = { id: plan.id, name: plan.name, queue, world, userAgent: 'contract', before };
      const sink = plan.open(parts);
      opened.push(sink);
      await sink.start();
      // Tests of what only a sink with a queue has are skipped for the others.
      return sink as Sink;
    };
    const arrives = async (count: number): Promise<string[]> => {
      const endMs = performance.now() + 15_000;
      while (fixture.arrived(lines).length < count && performance.now() < endMs) await sleep(10);
      return fixture.arrived(lines);
    };
    try {
      await work({ fixture, queue, metrics, lines, open, arrives });
    } finally {
      await Promise.all(opened.map((sink) => sink.stop(0)));
      await queue.stop();
      await world.http.close();
      await fixture.close();
      rmSync(directory, { recursive: true, force: true });
    }
  };

  // One of both signals promises the same for both; it is tried with samples.
  const isOfTraces = kind.signals?.includes('metrics') === false;
  const signalTest = (signal: Signal, name: string, run: () => Promise<void>): void => {
    if (isOfTraces === (signal === 'traces')) void test(name, run);
  };
  const openWay = isOfTraces ? openSegmentWay : openSampleWay;
  // Documents need no order: several senders may send them at once.
  const inOrder = (arrived: Iterable<string>): string[] =>
    isOfTraces ? [...arrived].toSorted() : [...arrived];

  test(`${kind.key}: an unknown key of an entry is an error at its position`, async () => {
    const fixture = await sinkFixtures[known.kind]();
    const text = JSON.stringify({ [kind.key]: [{ ...fixture.entry, no_such_key: 1 }] });
    await fixture.close();
    const { findings } = await checkConfigText(text, 'c.yml', { env: {} });
    assert.match(
      findings[0]!.message,
      new RegExp(`unknown key "no_such_key" in ${kind.key}\\[0\\]`),
    );
  });

  test(`${kind.key}: entries with one address get different names, the same ones each time`, async () => {
    const fixture = await sinkFixtures[known.kind]();
    await fixture.close();
    const named = { ...fixture.entry, name: 'mine' };
    const entries = [fixture.entry, fixture.entry, named];
    const refused =
      kind.hasOneWriter === true
        ? [1, 2].map((index) => new RegExp(`^${kind.key}\\.${index}: .* is written by`))
        : [];
    const plans = makePlans(kind, entries, refused);
    assert.equal(new Set(plans.map(({ id }) => id)).size, 3);
    const folders = new Set(plans.map(({ folder }) => folder));
    assert.equal(folders.size, kind.isDirect === true ? 1 : 3);
    assert.equal(plans[2]!.id, `${kind.kind}/mine`);
    assert.deepEqual(
      makePlans(kind, entries, refused).map(({ id, folder, version }) => [id, folder, version]),
      plans.map(({ id, folder, version }) => [id, folder, version]),
    );
  });

  signalTest(
    'metrics',
    `${kind.key}: what is committed arrives, with its labels, times and values, and nothing else`,
    () =>
      withRun(async ({ fixture, open, arrives }) => {
        const appender = (await open()).openAppender!('target');
        const ref = appender.refOf(makeLabelSet({ __name__: 'a', text: 'ü"\\\n' }));
        const gone = appender.refOf(makeLabelSet({ __name__: 'gone' }));
        appender.append(ref, T0, 99);
        appender.rollback();
        for (const [i, value] of [1.5, -0.25, Infinity, Number.NaN, 1e300].entries()) {
          appender.append(ref, T0 + i, value);
          appender.commit();
        }
        appender.appendStale(ref, T0 + 9);
        appender.append(DROPPED_REF, T0, 1);
        appender.forget(gone);
        appender.append(gone, T0, 1);
        appender.commit();
        const expected = ['1.5', '-0.25', '+Inf', 'NaN', '1e+300', 'NaN']
          .map((value, i) => ({ value, tMs: T0 + (i === 5 ? 9 : i) }))
          .filter(({ value }) => fixture.isCarried?.(value) ?? true)
          .map(({ value, tMs }) => `__name__=a,text=ü"\\\n ${tMs} ${value}`);
        assert.deepEqual(await arrives(expected.length), expected);
      }),
  );

  signalTest(
    'traces',
    `${kind.key}: what is committed arrives byte for byte, and nothing before`,
    () =>
      withRun(async ({ open, arrives }) => {
        const appender = (await open()).openTraces!();
        const documents = [
          '{"name":"ü\\n\\ud83d\\ude00 \u2028"}',
          '{ "id" : 1e0 ,\n"x":"\\/" }',
          'T1SCgA=',
        ];
        const lent = Buffer.from(documents[0]!);
        appender.append(lent, T0);
        lent.fill(0);
        await sleep(100);
        assert.deepEqual(await arrives(0), []);
        for (const document of documents.slice(1)) appender.append(Buffer.from(document), T0);
        appender.commit();
        assert.deepEqual(await arrives(3), documents);
        appender.commit();
        await sleep(100);
        assert.equal((await arrives(3)).length, 3);
      }),
  );

  queuedTest(
    `${kind.key}: while the receiver accepts nothing everything waits, and then arrives in order`,
    () =>
      withRun(async ({ fixture, open, queue, arrives, lines }) => {
        const commit = openWay(await open());
        const expected = commit(0);
        await arrives(2);
        fixture.break();
        for (let round = 1; round < 20; round++) expected.push(...commit(round));
        const isSaid = (): boolean => lines.some((line) => line.includes('tried again'));
        for (let i = 0; i < 500 && !isSaid(); i++) await sleep(10);
        assert.ok(isSaid(), 'it says so');
        assert.equal(queue.pendingItems, 19 * (fixture.itemsOfTwo ?? 2));
        fixture.mend();
        const arrived = await arrives(expected.length);
        assert.deepEqual(inOrder(new Set(arrived)), inOrder(expected));
      }),
  );

  queuedTest(
    `${kind.key}: another sink takes the queue over with other settings, and loses nothing`,
    () =>
      withRun(async ({ fixture, open, arrives }) => {
        fixture.break();
        const first = await open();
        const commit = openWay(first);
        const expected = commit(0);
        await first.release(1_000);
        // Appenders that are open keep working until their owner replaces them.
        expected.push(...commit(1));
        const second = await open(first);
        expected.push(...openWay(second)(2));
        fixture.mend();
        const arrived = await arrives(expected.length);
        assert.deepEqual(inOrder(new Set(arrived)), inOrder(expected));
      }),
  );

  if (!isOfTraces)
    queuedTest(`${kind.key}: a large commit is handed on in slices, and arrives whole`, () =>
      withRun(async ({ open, queue, arrives }) => {
        const sink = await open();
        const appender = sink.openAppender!('target');
        for (let i = 0; i < LARGE; i++) {
          const ref = appender.refOf(makeLabelSet({ __name__: `m${i % 7}`, path: `/${i}` }));
          appender.append(ref, T0, i);
        }
        let most = 0;
        let before = queue.pendingItems;
        for (const _ of commitInSlices(appender)) {
          most = Math.max(most, queue.pendingItems - before);
          before = queue.pendingItems;
        }
        assert.ok(most > 0 && most <= SLICE_ITEMS_MAX, `${most} items in a slice`);
        assert.equal(new Set(await arrives(LARGE)).size, LARGE);
      }),
    );

  queuedTest(`${kind.key}: losses of the queue are counted in the words of all sinks`, () =>
    withRun(async ({ open, metrics }) => {
      const sink = await open();
      sink.countDropped(3, 'disk_cap', undefined);
      assert.match(
        metrics.expose(),
        /amperage_sink_items_dropped_total\{sink="[^"]+",reason="disk_cap"\} 3/,
      );
    }),
  );

  componentContract(`${kind.key} sink`, async () => {
    const fixture = await sinkFixtures[known.kind]();
    await fixture.close();
    const directory = mkdtempSync(path.join(tmpdir(), 'amperage-sink-'));
    const world = createWorld({ clock: systemClock, http: createHttpClient() });
    const [plan] = makePlans(kind, [fixture.entry]);
    assert.ok(plan);
    const queue = new DurableQueue({ name: 'contract', directory, lanes: 1, capBytes: 1e6 }, world);
    const { id, name } = plan;
    const sink = plan.open({ id, name, queue, world, userAgent: 'contract' });
    return {
      name: sink.name,
      start: async () => {
        await queue.start();
        await sink.start();
      },
      stop: async (deadlineMs) => {
        await sink.stop(deadlineMs);
        await queue.stop();
        await world.http.close();
        rmSync(directory, { recursive: true, force: true });
      },
    };
  });
}
