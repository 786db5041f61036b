/**
 * How ECS discovery starts, and what it keeps: without snapshots, with snapshots that are damaged,
 * old or incomplete, with partial lists, and with clusters that do not exist.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { DiscoveryWorld } from '../../src/discovery/mechanism.ts';
import { openEcsWorld } from './whole/ecs-world.ts';
import { addressesOf, Run } from './whole/world.ts';
import { temporaryFolder } from '../kit/folder.ts';

type EcsWorld = Awaited<ReturnType<typeof openEcsWorld>>;

const clusters = ['one', 'two'];

async function openWorld(context: TestContext, config: object = { clusters }): Promise<EcsWorld> {
  const source = await openEcsWorld(config, { port: 9779, definitions: true });
  context.after(() => source.close());
  return source;
}

function start(
  context: TestContext,
  source: EcsWorld,
  more: Partial<DiscoveryWorld> = {},
  config: object = {},
): Run {
  const own = { ...source, config: { ...(source.config as object), ...config } };
  const run = new Run('amperage_ecs_sd_configs', own, more);
  context.after(() => run.stop());
  return run;
}

const addresses = (source: EcsWorld): string[] =>
  source
    .members()
    .map(({ address }) => address)
    .toSorted();

/** The addresses of the first cluster. */
async function addressesOfOne(context: TestContext, source: EcsWorld): Promise<string[]> {
  const run = start(context, source, {}, { clusters: ['one'] });
  await run.forward(5_000);
  return addressesOf(run.lists.at(-1));
}

const DENIED = { faults: [{ code: 'AccessDeniedException' }] };

test('a denied cluster blocks the list, and the lack is reported', async (context) => {
  const source = await openWorld(context);
  const { trouble } = source.cloud;
  trouble.set({ faults: [{ cluster: 'two', code: 'AccessDeniedException' }] });
  const run = start(context, source);
  await run.forward(3 * source.refreshMs);
  assert.equal(run.lists.length, 0);
  const [lack] = run.lacks.filter(({ isBlocking }) => isBlocking);
  assert.equal(lack?.scope, 'two');
  assert.match(
    lack?.words ?? '',
    /ecs:ListTasks: AccessDeniedException; the role in use needs ecs:ListTasks/,
  );
  trouble.set({});
  await run.forward(source.refreshMs);
  assert.deepEqual(addressesOf(run.lists[0]), addresses(source));
});

test('where partial lists are accepted the first is a part, and lists only grow', async (context) => {
  const source = await openWorld(context);
  const { trouble } = source.cloud;
  trouble.set({ faults: [{ cluster: 'two', code: 'AccessDeniedException' }] });
  const run = start(context, source, { takesPartial: true });
  await run.forward(5_000);
  assert.deepEqual(addressesOf(run.lists.at(-1)), await addressesOfOne(context, source));
  assert.ok(run.lacks.some(({ isBlocking, scope }) => isBlocking && scope === 'two'));
  trouble.set({});
  await run.forward(2 * source.refreshMs);
  assert.deepEqual(addressesOf(run.lists.at(-1)), addresses(source));
});

test('one of the named clusters that does not exist holds up nothing; none of them at all does', async (context) => {
  const source = await openWorld(context);
  const some = start(context, source, {}, { clusters: ['one', 'two', 'typo'] });
  await some.forward(5_000);
  assert.deepEqual(addressesOf(some.lists[0]), addresses(source));
  assert.ok(some.lacks.some(({ cause, scope }) => cause === 'unknown' && scope === 'typo'));
  const none = start(context, source, {}, { clusters: ['typo', 'another'] });
  await none.forward(3 * source.refreshMs);
  assert.equal(none.lists.length, 0, 'a wrong region or account is no answer');
  assert.match(none.lacks[0]?.words ?? '', /ClusterNotFoundException/);
});

test('a cluster that vanishes takes its targets with it, and keeps them while none is found', async (context) => {
  const source = await openWorld(context, {});
  const { ecs } = source.account;
  const { trouble } = source.cloud;
  const run = start(context, source);
  await run.forward(5_000);
  assert.deepEqual(addressesOf(run.lists.at(-1)), addresses(source));
  trouble.set({ faults: [{ action: 'ListTasks', code: 'ClusterNotFoundException' }] });
  await run.forward(4 * source.refreshMs);
  assert.deepEqual(addressesOf(run.lists.at(-1)), addresses(source), 'another account, perhaps');
  trouble.set({});
  ecs.clusters.delete('two');
  await run.forward(2 * source.refreshMs);
  assert.deepEqual(addressesOf(run.lists.at(-1)), await addressesOfOne(context, source));
  assert.deepEqual(run.lacks, []);
});

test('after a restart in an outage the last list is there at once, also of a whole region', async (context) => {
  for (const config of [{ clusters }, {}]) {
    const cache = { cache_dir: temporaryFolder(context) };
    const source = await openWorld(context, config);
    const first = start(context, source, {}, cache);
    await first.forward(5_000);
    await first.stop();
    source.cloud.trouble.set(DENIED);
    const second = start(context, source, {}, cache);
    await second.forward(1);
    assert.deepEqual(addressesOf(second.lists[0]), addresses(source), JSON.stringify(config));
    await second.forward(3 * source.refreshMs);
    assert.deepEqual(addressesOf(second.lists.at(-1)), addresses(source));
  }
});

test('a snapshot of one cluster out of two is not a whole list', async (context) => {
  const cache = { cache_dir: temporaryFolder(context) };
  const source = await openWorld(context);
  const first = start(context, source, {}, { ...cache, clusters: ['one'] });
  await first.forward(5_000);
  await first.stop();
  source.cloud.trouble.set(DENIED);
  const second = start(context, source, {}, cache);
  await second.forward(source.refreshMs);
  assert.equal(second.lists.length, 0);
  source.cloud.trouble.set({});
  await second.forward(source.refreshMs);
  assert.deepEqual(addressesOf(second.lists[0]), addresses(source));
});

test('what a snapshot lacks is read at the first reading', async (context) => {
  const cache = { cache_dir: temporaryFolder(context) };
  const source = await openWorld(context);
  const { trouble } = source.cloud;
  const first = start(context, source, {}, cache);
  await first.forward(5_000);
  await source.turnOver();
  trouble.set({ faults: [{ action: 'DescribeInstances', status: 500, code: 'InternalError' }] });
  await first.forward(source.refreshMs);
  await first.stop();
  const kept = addressesOf(first.lists.at(-1));
  assert.equal(kept.length, addresses(source).length - 1, 'the one on a new instance is not known');
  trouble.set({});
  const second = start(context, source, {}, cache);
  await second.forward(1_000);
  assert.deepEqual(addressesOf(second.lists[0]), kept);
  assert.deepEqual(addressesOf(second.lists.at(-1)), addresses(source));
});

test('snapshots that are damaged, old, of another version or of another clock do no harm', async (context) => {
  const cache = { cache_dir: temporaryFolder(context), cache_max_age: '1h' };
  const source = await openWorld(context, { clusters: ['one'] });
  const first = start(context, source, {}, cache);
  await first.forward(5_000);
  await first.stop();
  const [file = ''] = readdirSync(cache.cache_dir);
  const text = readFileSync(path.join(cache.cache_dir, file), 'utf8').trimEnd();
  const [headLine = '', ...tasks] = text.split('\n');
  const head = JSON.parse(headLine) as { atMs: number };
  const changed = (more: object): string =>
    [JSON.stringify({ ...head, ...more }), ...tasks].join('\n');
  const bad = {
    half: text.slice(0, text.length / 2),
    'a task is lacking': text.slice(0, text.lastIndexOf('\n')),
    empty: '',
    'no definitions': changed({ definitions: undefined }),
    'tasks of another shape': [
      headLine,
      ...tasks.map(() => '{"taskArn":"x","containers":"no"}'),
    ].join('\n'),
    'tasks that are none': [headLine, ...tasks.map(() => 'null')].join('\n'),
    'another version': changed({ version: 1 }),
    old: changed({ atMs: head.atMs - 3_700_000 }),
    'from the future': changed({ atMs: head.atMs + 3_700_000 }),
  };
  for (const [what, content] of Object.entries(bad)) {
    writeFileSync(path.join(cache.cache_dir, file), content);
    source.cloud.trouble.set(DENIED);
    const run = start(context, source, {}, cache);
    await run.forward(1_000);
    assert.equal(run.lists.length, 0, what);
    source.cloud.trouble.set({});
    await run.forward(10_000);
    assert.equal(run.lists.length > 0, true, `${what}: it goes on without`);
    await run.stop();
  }
});

test('a folder that cannot be written is reported and costs no targets', async (context) => {
  const file = path.join(temporaryFolder(context), 'file');
  writeFileSync(file, '');
  const source = await openWorld(context);
  const run = start(context, source, {}, { cache_dir: path.join(file, 'below') });
  await run.forward(5_000);
  assert.deepEqual(addressesOf(run.lists[0]), addresses(source));
});
