/**
 * What counts as a reading, and how old what is told may be; which metric that concerns is in
 * staleness.test.ts.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  createTaskMetadataClient,
  type MetadataScope,
  type TaskMetadataClient,
} from '../aws/task-metadata.ts';
import { type TaskMetadata, taskSchema, taskStatsSchema } from '../aws/task-metadata-schema.ts';
import { VirtualClock } from '../kernel/clock.ts';
import { createPlainHttpClient } from '../kernel/http-client-plain.ts';
import { MetadataReader } from './reader.ts';
import type { TaskReading } from './reading.ts';
import { serve } from '../../test/kit/listen.ts';
import { createWorld } from '../../test/kit/world.ts';

const http = createPlainHttpClient();
after(() => http.close());

const FIGURES = { memory_stats: { usage: 5 } };

function task(id: string, container: string): TaskMetadata {
  return taskSchema.parse({
    TaskARN: id,
    KnownStatus: 'RUNNING',
    Containers: [{ DockerId: container, Name: container, KnownStatus: 'RUNNING' }],
  });
}

interface Bench {
  readonly clock: VirtualClock;
  readonly reader: MetadataReader;
  readonly endpoint: { metadata: boolean; stats: boolean; readings: number };
}

function bench(cacheMs?: number, scope: MetadataScope = 'task'): Bench {
  const clock = new VirtualClock(1_000_000);
  const endpoint = { metadata: true, stats: true, readings: 0 };
  const tasks = (): Promise<readonly TaskMetadata[]> => {
    endpoint.readings += 1;
    const all = [task('one', 'a'), task('two', 'b')];
    if (!endpoint.metadata) return Promise.reject(new Error('away'));
    return Promise.resolve(scope === 'task' ? all.slice(0, 1) : all);
  };
  const client: TaskMetadataClient = {
    scope,
    tasks,
    taggedTasks: tasks,
    stats: () =>
      endpoint.stats
        ? Promise.resolve(taskStatsSchema.parse({ a: null, b: FIGURES }))
        : Promise.reject(new Error('away')),
  };
  const world = createWorld({ clock });
  return {
    clock,
    endpoint,
    reader: new MetadataReader({ client, hasTags: false, cacheMs }, world),
  };
}

const statusOf = ({ tasks }: TaskReading): string | undefined => tasks?.[0]?.KnownStatus;

test('scrapers that share a reading do not make what is known older', async () => {
  const { clock, endpoint, reader } = bench();
  await reader.read(1_000);
  endpoint.metadata = false;
  for (const expected of ['RUNNING', 'RUNNING', undefined]) {
    await clock.advance(15_000);
    const readings = await Promise.all(Array.from({ length: 20 }, () => reader.read(1_000)));
    assert.deepEqual(
      readings.map(statusOf),
      readings.map(() => expected),
    );
    for (const { isUp, tasks } of readings) {
      assert.equal(isUp, false);
      assert.equal(tasks?.[0]?.TaskARN, 'one');
    }
  }
  assert.equal(endpoint.readings, 4);
  endpoint.metadata = true;
  await clock.advance(15_000);
  assert.equal(statusOf(await reader.read(1_000)), 'RUNNING');
});

test('nobody scraped for long: the first reading that fails tells no old state', async () => {
  const { clock, endpoint, reader } = bench();
  await reader.read(1_000);
  endpoint.metadata = false;
  await clock.advance(5 * 60_000);
  assert.equal(statusOf(await reader.read(1_000)), 'RUNNING');
  await clock.advance(1);
  assert.equal(statusOf(await reader.read(1_000)), undefined);
});

test('a scrape that cannot wait is told no older state than one that can', async () => {
  const clock = new VirtualClock(1_000_000);
  let isHanging = false;
  const answer = <T>(value: T): Promise<T> =>
    isHanging ? new Promise<never>(() => undefined) : Promise.resolve(value);
  const tasks = (): Promise<readonly TaskMetadata[]> => answer([task('one', 'a')]);
  const client = { scope: 'task' as const, tasks, taggedTasks: tasks, stats: () => answer({}) };
  const world = createWorld({ clock });
  const reader = new MetadataReader({ client, hasTags: false }, world);
  await reader.read(1_000);
  isHanging = true;
  const told: (string | undefined)[] = [];
  for (const spentMs of [15_000, 5 * 60_000]) {
    await clock.advance(spentMs);
    const reading = reader.read(1_000);
    await clock.advance(1_000);
    told.push(statusOf(await reading));
  }
  assert.deepEqual(told, ['RUNNING', undefined]);
});

test('of an instance, whose tasks come and go, only those stay that statistics show to run', async () => {
  const { clock, endpoint, reader } = bench(0, 'instance');
  const arns = ({ tasks }: TaskReading): unknown => tasks?.map(({ TaskARN }) => TaskARN);
  await reader.read(1_000);
  endpoint.metadata = false;
  const told: unknown[] = [];
  for (let i = 0; i < 3; i++) told.push(arns(await reader.read(1_000)));
  assert.deepEqual(told, [['one', 'two'], ['one', 'two'], ['two']]);
  endpoint.stats = false;
  assert.deepEqual(arns(await reader.read(1_000)), []);
  endpoint.metadata = true;
  await clock.advance(1_000);
  assert.deepEqual(arns(await reader.read(1_000)), ['one', 'two']);
});

test('a reading serves the scrapes of --cache-time after it; with 0 each scrape reads; one that failed serves none', async () => {
  for (const [cacheMs, expected] of [
    [undefined, [1, 1, 2]],
    [0, [1, 2, 3]],
    [2_000, [1, 1, 1]],
  ] as const) {
    const { clock, endpoint, reader } = bench(cacheMs);
    const counts: number[] = [];
    for (const spentMs of [0, 499, 1]) {
      await clock.advance(spentMs);
      const reading = await reader.read(1_000);
      assert.equal(reading.tMs, clock.nowMs(), 'ages are counted from when it is told');
      counts.push(endpoint.readings);
    }
    assert.deepEqual(counts, expected, String(cacheMs));
    endpoint.stats = false;
    await clock.advance(10_000);
    const before = endpoint.readings;
    for (let i = 0; i < 3; i++) assert.equal((await reader.read(1_000)).isUp, false);
    assert.equal(endpoint.readings, before + 3);
  }
});

test('an answer that describes no task, and tags that the agent was denied, are failures', async (context) => {
  const answers: Record<string, unknown> = {};
  const { url } = await serve(context, (request, response) => {
    response.end(JSON.stringify(answers[request.url ?? '']));
  });
  const client = createTaskMetadataClient(url, http);
  const { signal } = new AbortController();
  answers['/task'] = { message: 'try later' };
  await assert.rejects(client.tasks(signal), /METADATA_SHAPE|not what version 4 says/);
  const known = { TaskARN: 't', Containers: [] };
  answers['/task'] = known;
  assert.equal((await client.tasks(signal))[0]?.TaskARN, 't');
  const ErrorField = 'TaskTags';
  answers['/taskWithTags'] = {
    ...known,
    Errors: [{ ErrorField, ErrorCode: 'AccessDeniedException', ErrorMessage: 'no' }],
  };
  await assert.rejects(client.taggedTasks(signal), /AccessDeniedException.*ListTagsForResource/);
  answers['/taskWithTags'] = { ...known, Errors: [{ ErrorField: 'ContainerInstanceTags' }] };
  assert.equal((await client.taggedTasks(signal)).length, 1);
});
