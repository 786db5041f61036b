import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TargetGroup } from '../model/target.ts';
import { ScrapeLoop } from './loop.ts';
import type { RecordingAppender } from '../../test/kit/recording-appender.ts';
import { startRecordedManager } from '../../test/kit/recorded-manager.ts';
import { groupOf, jobWith } from '../../test/kit/scrape-jobs.ts';
import { untilTurn } from '../../test/kit/waiting.ts';

const COUNT = 200;

type Fixture = Awaited<ReturnType<typeof setUp>>;

async function setUp(turnShareMs?: number) {
  const open = new Map<string, RecordingAppender>();
  const { clock, manager, appenders, take } = await startRecordedManager({
    ...(turnShareMs === undefined ? {} : { turnShareMs }),
    onOpen: (key, appender) => {
      assert.ok(open.get(key)?.closed ?? true, 'a target has two loops');
      open.set(key, appender);
    },
  });
  const addresses = (): string[] => manager.targets().map(({ target }) => new URL(target.url).host);
  return { clock, manager, appenders, take, addresses, opened: () => appenders.length };
}

const named = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${name}-${i}:1`);

const crowdOf = (name: string, count: number): TargetGroup[] => groupOf(...named(name, count));

const staleOf = (lines: readonly string[]): Set<string> =>
  new Set(
    lines.flatMap((line) =>
      / stale /.test(line) ? [/instance="([^"]*)"/.exec(line)?.[1] ?? ''] : [],
    ),
  );

/** Counts how often the code asks whether a loop is retired: each search among loops does so. */
function countLooks(context: TestContext): () => number {
  const property = Object.getOwnPropertyDescriptor(ScrapeLoop.prototype, 'isRetired')!;
  let looks = 0;
  context.mock.getter(ScrapeLoop.prototype, 'isRetired', function (this: ScrapeLoop): boolean {
    looks += 1;
    return property.get!.call(this) as boolean;
  });
  return () => looks;
}

async function looksFor(context: TestContext, replace: (fixture: Fixture) => Promise<void>) {
  const looks = countLooks(context);
  const fixture = await setUp();
  const { manager, clock, opened } = fixture;
  await manager.apply([jobWith()]);
  manager.update('j', crowdOf('old', COUNT));
  await untilTurn(() => opened() === COUNT);
  await clock.advance(2_000);
  const before = looks();
  await replace(fixture);
  const after = looks();
  await manager.stop(100);
  return after - before;
}

test('replacing all targets of a job looks at each loop a few times, not once for each other', async (context) => {
  const looks = await looksFor(context, async ({ manager, opened }) => {
    manager.update('j', crowdOf('new', COUNT));
    await untilTurn(() => opened() === 2 * COUNT);
  });
  assert.ok(looks <= 6 * COUNT, `${looks} looks for ${COUNT} targets`);
});

test('a changed job looks at each loop of the pool before a few times', async (context) => {
  const looks = await looksFor(context, async ({ manager }) => {
    await manager.apply([jobWith({ honorLabels: true })]);
    assert.equal(manager.targets().length, COUNT);
  });
  assert.ok(looks <= 6 * COUNT, `${looks} looks for ${COUNT} targets`);
});

/** One step a turn, and a list of many targets under way. */
async function setUpSlow() {
  const fixture = await setUp(0);
  await fixture.manager.apply([jobWith()]);
  return fixture;
}

test('a list takes as many turns of the event loop as it needs, a step in each at least', async () => {
  const { manager, addresses, opened } = await setUpSlow();
  manager.update('j', crowdOf('a', 20));
  assert.equal(opened(), 0);
  for (let before = 0; opened() < 20; before = opened()) {
    await nextTurn();
    assert.ok(opened() - before <= 1);
  }
  assert.deepEqual(addresses(), named('a', 20));
  await manager.stop(100);
});

test('a short list has started when the update returns', async () => {
  const { manager, opened } = await setUp(10_000);
  await manager.apply([jobWith()]);
  manager.update('j', groupOf('a:1', 'b:1'));
  assert.equal(opened(), 2);
  await manager.stop(100);
});

test('of the lists that come while one is taken over, only the newest is taken over next', async () => {
  const { clock, manager, addresses, opened, take } = await setUpSlow();
  manager.update('j', crowdOf('a', 5));
  await untilTurn(() => opened() === 2);
  manager.update('j', groupOf('b:1', 'a-0:1'));
  manager.update('j', groupOf('c:1', 'a-1:1', 'a-4:1'));
  await untilTurn(() => addresses().includes('c:1'));
  await untilTurn(() => addresses().length === 3);
  assert.deepEqual(addresses().sort(), ['a-1:1', 'a-4:1', 'c:1']);
  assert.equal(opened(), 6, 'b:1 was never started');
  await clock.advance(40_000);
  const lines = take();
  assert.deepEqual([...staleOf(lines)].sort(), []);
  await manager.stop(100);
});

test('a target that is back in a list that comes while its removal is under way goes on without markers', async () => {
  const { clock, manager, addresses, opened, take } = await setUpSlow();
  manager.update('j', crowdOf('a', 5));
  await untilTurn(() => opened() === 5);
  await clock.advance(15_000);
  manager.update('j', groupOf('a-4:1'));
  await untilTurn(() => addresses().length === 3);
  manager.update('j', groupOf('a-0:1', 'a-4:1'));
  await untilTurn(() => addresses().length === 2);
  await untilTurn(() => addresses().includes('a-0:1'));
  await clock.advance(60_000);
  assert.deepEqual([...staleOf(take())].sort(), ['a-1:1', 'a-2:1', 'a-3:1']);
  assert.equal(opened(), 5);
  await manager.stop(100);
});

test('a job that changes while its targets are taken over: all are scraped once, none ends', async () => {
  const { clock, manager, addresses, opened, take } = await setUpSlow();
  manager.update('j', crowdOf('a', 6));
  await untilTurn(() => opened() === 3);
  const applied = manager.apply([jobWith({ honorLabels: true })]);
  await nextTurn();
  manager.update('j', groupOf('a-0:1', 'a-5:1', 'b:1'));
  await applied;
  assert.deepEqual(addresses(), ['a-0:1', 'a-5:1', 'b:1']);
  assert.ok(opened() <= 7);
  await clock.advance(9_999);
  const ups = take().filter((line) => line.startsWith('up{') && line.includes('a-0:1'));
  assert.equal(ups.length, 1, ups.join('\n'));
  await clock.advance(40_000);
  assert.deepEqual(staleOf(take()), new Set());
  await manager.stop(100);
});

test('the loops of a changed job leave no scrape out, however long the change takes', async () => {
  const { clock, manager, addresses, take } = await setUpSlow();
  manager.update('j', crowdOf('a', 5));
  await untilTurn(() => addresses().length === 5);
  await clock.advance(15_000);
  take();
  const applied = manager.apply([jobWith({ honorLabels: true })]);
  await untilTurn(() => addresses().length === 2);
  await clock.advance(10_000);
  await applied;
  const ups = take().filter((line) => line.startsWith('up{'));
  assert.equal(ups.length, 5, ups.join('\n'));
  await manager.stop(100);
});

test('a job that is removed while its targets are taken over ends all of them with markers', async () => {
  const { clock, manager, addresses, opened, take } = await setUpSlow();
  manager.update('j', crowdOf('a', 3));
  await untilTurn(() => opened() === 3);
  await clock.advance(15_000);
  manager.update('j', crowdOf('b', 3));
  await untilTurn(() => opened() === 4);
  await manager.apply([]);
  assert.deepEqual(addresses(), []);
  await clock.advance(60_000);
  assert.equal(opened(), 4, 'nothing starts any more');
  assert.deepEqual([...staleOf(take())].sort(), named('a', 3), 'b-0:1 was never scraped');
  assert.equal(clock.sleeping, 0);
  await manager.stop(100);
});

test('nothing starts after a stop that comes while targets are taken over', async () => {
  for (const applies of [false, true]) {
    const { clock, manager, appenders, opened, take } = await setUpSlow();
    manager.update('j', crowdOf('a', 6));
    await untilTurn(() => opened() === 3);
    if (applies) void manager.apply([jobWith({ honorLabels: true })]);
    await nextTurn();
    await manager.stop(100);
    const started = opened();
    assert.ok(started < 6);
    manager.update('j', crowdOf('b', 3));
    await manager.apply([jobWith({ honorTimestamps: false })]);
    for (let turn = 0; turn < 50; turn++) await nextTurn();
    await clock.advance(60_000);
    assert.equal(opened(), started);
    assert.equal(clock.sleeping, 0);
    assert.ok(appenders.every(({ closed }) => closed));
    assert.deepEqual(staleOf(take()), new Set());
  }
});

test('finish ends within its time, however many targets there are', async () => {
  const { clock, manager, opened } = await setUpSlow();
  manager.update('j', crowdOf('a', 30));
  await untilTurn(() => opened() === 30);
  const finished = manager.finish(1_000);
  await nextTurn();
  await clock.advance(1_000);
  await finished;
  await manager.stop(100);
  assert.equal(clock.sleeping, 0);
});

test('a reload of many jobs that stay as they are gives way to other work too', async () => {
  const { manager } = await setUp(0);
  const configs = named('job', 20).map((id) => jobWith({ id }));
  await manager.apply(configs);
  const ended: string[] = [];
  const applied = manager.apply(configs).then(() => ended.push('apply'));
  let turns = 0;
  await untilTurn(() => {
    turns += 1;
    return ended.length > 0;
  });
  await applied;
  assert.ok(turns >= 10, `${turns} turns`);
  await manager.stop(100);
});
