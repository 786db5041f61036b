import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type TargetGroup } from '../model/target.ts';
import { CallLimits } from './call-limits.ts';
import { DiscoveryManager, type JobDiscovery } from './manager.ts';
import { fakeHttp, json } from '../../test/kit/fake-http.ts';
import { createWorld } from '../../test/kit/world.ts';

function staticJob(job: string, ...targets: string[]): JobDiscovery {
  return { job, entries: [{ key: 'static_configs', config: { targets, labels: { job } } }] };
}

function httpJob(job: string, refreshMs: number): JobDiscovery {
  const config = { url: 'http://sd.example/', refresh_interval: refreshMs };
  return { job, entries: [...staticJob(job, 'fixed:1').entries, { key: 'http_sd_configs', config }] };
} // prettier-ignore

function fixture(jobs: readonly JobDiscovery[], more: { readonly takesPartial?: boolean } = {}) {
  const updates: [atMs: number, job: string, addresses: string][] = [];
  const lacks = new Map<string, string[]>();
  let asked = 0;
  const outage = { isOn: false };
  const http = fakeHttp(() => {
    if (outage.isOn) return new Error('ECONNREFUSED');
    asked += 1;
    return json(JSON.stringify([{ targets: [`found:${asked}`] }]));
  });
  const world = createWorld({ http });
  const { clock, metrics } = world;
  const startMs = clock.nowMs();
  const manager = new DiscoveryManager({
    world,
    baseDirectory: '/',
    jobs,
    callLimits: new CallLimits(clock, metrics),
    ...more,
    onLacking: (job, list) =>
      void lacks.set(
        job,
        list.map(({ words }) => words),
      ),
    onUpdate: (job, groups) => updates.push([clock.nowMs() - startMs, job, addressesOf(groups)]),
  });
  return { clock, metrics, manager, updates, lacks, outage };
}

function addressesOf(groups: readonly TargetGroup[]): string {
  return groups.flatMap((group) => group.targets.map((one) => one['__address__'])).join(' ');
}

test('each job gets its first list at once', async () => {
  const { clock, manager, updates } = fixture([staticJob('a', 'x:1', 'y:1'), staticJob('b')]);
  await manager.start();
  await clock.advance(0);
  assert.deepEqual(updates, [
    [0, 'a', 'x:1 y:1'],
    [0, 'b', ''],
  ]);
  await clock.advance(60_000);
  assert.equal(updates.length, 2);
  await manager.stop(1_000);
});

test('the lists of all mechanisms of a job are merged, in the order of the configuration', async () => {
  const { clock, metrics, manager, updates } = fixture([httpJob('a', 60_000)]);
  await manager.start();
  await clock.advance(10_000);
  assert.equal(updates.at(-1)?.[2], 'fixed:1 found:1');
  assert.match(metrics.expose(), /prometheus_sd_discovered_targets\{config="a"\} 2/);
  await manager.stop(1_000);
});

test('updates of a job come at most once per five seconds', async () => {
  const { clock, manager, updates } = fixture([httpJob('a', 100)]);
  await manager.start();
  await clock.advance(20_000);
  const times = updates.map(([atMs]) => atMs);
  assert.deepEqual(times, [0, 5_000, 10_000, 15_000, 20_000]);
  await manager.stop(1_000);
});

test('a reload leaves unchanged jobs alone, restarts changed ones and ends removed ones', async () => {
  const jobs = [staticJob('same', 's:1'), staticJob('changed', 'c:1'), httpJob('gone', 1_000)];
  const { clock, metrics, manager, updates } = fixture(jobs);
  await manager.start();
  await clock.advance(0);
  updates.length = 0;
  await manager.apply([
    staticJob('same', 's:1'),
    staticJob('changed', 'c:2'),
    staticJob('new', 'n:1'),
  ]);
  await clock.advance(60_000);
  assert.deepEqual(
    updates.map(([, job, addresses]) => `${job}=${addresses}`),
    ['changed=c:2', 'new=n:1'],
  );
  assert.doesNotMatch(metrics.expose(), /config="gone"/);
  await manager.stop(1_000);
});

test('stopping ends all waits, twice or before a start as well', async () => {
  const { clock, manager, updates } = fixture([httpJob('a', 1_000)]);
  await manager.stop(1_000);
  await manager.start();
  await clock.advance(0);
  const stopped = manager.stop(1_000);
  await clock.advance(0);
  await stopped;
  await manager.stop(1_000);
  const count = updates.length;
  await clock.advance(60_000);
  assert.equal(updates.length, count);
  assert.equal(clock.sleeping, 0);
});

test('the first list of a job waits for all of its mechanisms, and what is lacking is told', async () => {
  const { clock, metrics, manager, updates, lacks, outage } = fixture([httpJob('a', 60_000)]);
  outage.isOn = true;
  await manager.start();
  await clock.advance(10_000);
  assert.equal(updates.length, 0);
  assert.match(lacks.get('a')?.[0] ?? '', /ECONNREFUSED/);
  const gauge = 'amperage_sd_lacking{config="a",mechanism="http",what="http",cause="failed"} 1';
  assert.ok(metrics.expose().includes(gauge));
  outage.isOn = false;
  await clock.advance(60_000);
  assert.deepEqual(
    updates.map(([, , addresses]) => addresses),
    ['fixed:1 found:1'],
  );
  assert.deepEqual(lacks.get('a'), []);
  assert.ok(!metrics.expose().includes('amperage_sd_lacking{'));
  await manager.stop(1_000);
});

test('who takes partial lists begins with them; what a reload replaces stays until its list is whole', async () => {
  const { clock, manager, updates, outage } = fixture([httpJob('a', 60_000)], {
    takesPartial: true,
  });
  outage.isOn = true;
  await manager.start();
  await clock.advance(0);
  assert.deepEqual(
    updates.map(([, , addresses]) => addresses),
    ['fixed:1'],
  );
  outage.isOn = false;
  await clock.advance(60_000);
  assert.equal(updates.at(-1)?.[2], 'fixed:1 found:1');
  outage.isOn = true;
  const before = updates.length;
  await manager.apply([httpJob('a', 30_000)]);
  await clock.advance(120_000);
  assert.equal(updates.length, before, 'a part would end what is scraped');
  outage.isOn = false;
  await clock.advance(60_000);
  assert.ok(updates.length > before);
  assert.match(updates.at(-1)?.[2] ?? '', /^fixed:1 found:/);
  await manager.stop(1_000);
});

test('a job that goes takes its lacks with it', async () => {
  const { clock, metrics, manager, outage } = fixture([httpJob('a', 60_000)]);
  outage.isOn = true;
  await manager.start();
  await clock.advance(1_000);
  assert.ok(metrics.expose().includes('amperage_sd_lacking{'));
  await manager.apply([]);
  await clock.advance(60_000);
  assert.ok(!metrics.expose().includes('amperage_sd_lacking{'));
  await manager.stop(1_000);
});

test('of thousands of jobs some start in each turn of the event loop, and none after a stop', async () => {
  const jobs = Array.from({ length: 1_000 }, (_, i) => staticJob(`j${i}`, 'x:1'));
  const { manager, updates } = fixture([]);
  await manager.start();
  const applied = manager.apply(jobs);
  let [most, before] = [0, 0];
  while (updates.length < 500) {
    await nextTurn();
    most = Math.max(most, updates.length - before);
    before = updates.length;
  }
  assert.ok(most <= 50, `${most} jobs in one turn`);
  await manager.stop(0);
  await applied;
  await nextTurn();
  assert.ok(updates.length < 700, `${updates.length} updates`);
});
