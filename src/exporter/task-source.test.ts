import assert from 'node:assert/strict';
import { test } from 'node:test';
import { componentContract } from '../../test/contracts/component.ts';
import { RecordingAppender } from '../../test/kit/recording-appender.ts';
import { createWorld } from '../../test/kit/world.ts';
import { taskSchema, taskStatsSchema } from '../aws/task-metadata-schema.ts';
import { makeLabelSet } from '../model/labels.ts';
import type { SeriesOrigin } from '../model/sample.ts';
import type { TaskReading } from './reading.ts';
import { TaskSource } from './task-source.ts';

const FINISHED = { StartedAt: '2026-01-01T00:00:00Z', FinishedAt: '2026-01-01T00:00:02Z' };

/** A task of containers that have finished, each with one metric, by name and exit code. */
function readingOf(containers: Readonly<Record<string, number>>, isUp = true): TaskReading {
  const Containers = Object.entries(containers).map(([Name, ExitCode]) => ({
    ...FINISHED, DockerId: Name, Name, ExitCode,
  })); // prettier-ignore
  const tasks = [taskSchema.parse({ TaskARN: 'arn:aws:ecs:r:1:task/c/t', Containers })];
  return { isUp, tasks, stats: isUp ? taskStatsSchema.parse({}) : undefined, tMs: 0 };
}

/** Writes the name and the exit code of the container into the series, and keeps its origin. */
class ResourceAppender extends RecordingAppender {
  readonly origins: SeriesOrigin[] = [];
  override refOf(labels: Parameters<RecordingAppender['refOf']>[0], origin?: SeriesOrigin): number {
    this.origins.push(origin!);
    return super.refOf(named(labels, origin));
  }
  override renew(ref: number, labels: Parameters<RecordingAppender['refOf']>[0], origin?: SeriesOrigin): number {
    return super.renew(ref, named(labels, origin));
  }
} // prettier-ignore

function named(labels: Parameters<RecordingAppender['refOf']>[0], origin?: SeriesOrigin) {
  const from = Object.fromEntries(origin!.resource!.map(({ name, value }) => [name, value]));
  const own = { c: from['container.name'] ?? '', code: from['aws.ecs.container.exit_code'] ?? '' };
  return makeLabelSet([...labels.map(({ name, value }) => [name, value] as const), ...Object.entries(own)]);
} // prettier-ignore

function open(readings: readonly TaskReading[]) {
  const world = createWorld();
  const startMs = world.clock.nowMs();
  const appender = new ResourceAppender();
  let next = 0;
  const reader = {
    lastError: 'it broke',
    read: async () => ({ ...readings[Math.min(next++, readings.length - 1)]!, tMs: world.clock.nowMs() }),
  };
  const options = { id: 'awsecscontainermetrics', intervalMs: 20_000, reader, world };
  const source = new TaskSource({ ...options, openAppender: () => appender });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  /** What was committed of containers, in time since the start. */
  const take = () =>
    appender.take().filter((line) => line.startsWith('container')).map((line) =>
      line.replace(/@(\d+)/, (_, at: string) => `@${Number(at) - startMs}`));
  return {
    world, appender, source, take,
    start: async () => { await source.start(); await settle(); },
    pass: async (ms: number) => { await world.clock.advance(ms); await settle(); },
  };
} // prettier-ignore

test('reads at once, then at each interval; a container that is gone ends', async () => {
  const { source, start, pass, take } = open([readingOf({ a: 0, b: 1 }), readingOf({ b: 1 })]);
  await start();
  assert.deepEqual(take(), [
    'container.duration{c="a", code="0"} 2 @0',
    'container.duration{c="b", code="1"} 2 @0',
  ]);
  await pass(19_999);
  assert.deepEqual(take(), []);
  await pass(1);
  assert.deepEqual(take(), [
    'container.duration{c="b", code="1"} 2 @20000',
    'container.duration{c="a", code="0"} stale @20000',
  ]);
  await source.stop(1_000);
});

test('a container whose attributes change is another resource, and the former ends', async () => {
  const { source, start, pass, take, appender } = open([readingOf({ a: 0 }), readingOf({ a: 3 })]);
  await start();
  take();
  await pass(20_000);
  assert.deepEqual(take(), [
    'container.duration{c="a", code="3"} 2 @20000',
    'container.duration{c="a", code="0"} stale @20000',
  ]);
  const live = [...appender.live.values()].filter((one) => one.startsWith('container'));
  assert.deepEqual(live, ['container.duration{c="a", code="3"}']);
  await source.stop(1_000);
});

test('an endpoint that fails ends all series until it answers, and is counted', async () => {
  const [good, bad] = [readingOf({ a: 0 }), readingOf({ a: 0 }, false)];
  const { source, start, pass, take, appender, world } = open([good, bad, bad, good]);
  await start();
  assert.equal(source.status.health, 'up');
  take();
  await pass(20_000);
  assert.deepEqual(take(), ['container.duration{c="a", code="0"} stale @20000']);
  assert.equal(appender.live.size, 0);
  assert.deepEqual([source.status.health, source.status.lastError], ['down', 'it broke']);
  assert.equal(world.metric('amperage_task_source_up{source="awsecscontainermetrics"}'), 0);
  await pass(20_000);
  assert.deepEqual(take(), []);
  assert.equal(world.metric('amperage_task_source_failures_total'), 2);
  await pass(20_000);
  assert.deepEqual(take(), ['container.duration{c="a", code="0"} 2 @60000']);
  assert.equal(world.metric('amperage_task_source_up'), 1);
  await source.stop(1_000);
});

test('series are told their family and unit, and renewed when routes change', async () => {
  const { source, start, pass, appender } = open([readingOf({ a: 0 })]);
  await start();
  const [container, task] = appender.origins;
  assert.deepEqual(container?.family, { name: 'container.duration', type: 'gauge', unit: 'Seconds' });
  assert.equal(task?.family.name, 'ecs.task.memory.usage');
  assert.equal(appender.metadata.get('container.duration{c="a", code="0"}'), 'container.duration gauge [Seconds] ');
  appender.generation += 1;
  appender.metadata.clear();
  await pass(20_000);
  assert.deepEqual(appender.incomplete, []);
  assert.equal(appender.metadata.size, appender.live.size);
  await source.stop(1_000);
}); // prettier-ignore

test('a source that is removed ends its series; one that stops does not', async () => {
  const removed = open([readingOf({ a: 0 })]);
  await removed.start();
  removed.take();
  await removed.source.end(1_000);
  assert.deepEqual(removed.take(), ['container.duration{c="a", code="0"} stale @0']);
  const stopped = open([readingOf({ a: 0 })]);
  await stopped.start();
  stopped.take();
  await stopped.source.stop(1_000);
  assert.deepEqual([stopped.take(), stopped.appender.closed], [[], true]);
});

test('one more reading on the way out', async () => {
  const { source, start, pass, take } = open([readingOf({ a: 0 })]);
  await start();
  take();
  await source.readLast();
  assert.deepEqual(take(), [], 'an answer that was had already is not appended again');
  await pass(5);
  await source.readLast();
  assert.deepEqual(take(), ['container.duration{c="a", code="0"} 2 @5']);
  await source.stop(1_000);
});

componentContract('the source of task metrics', () => open([readingOf({ a: 0 })]).source);
