import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { CollectorPlan, ServerPlan } from '../../config/plan.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { Group } from '../../kernel/component.ts';
import { createHttpClient } from '../../kernel/http-client.ts';
import { silentLogger } from '../../kernel/logger.ts';
import { Registry } from '../../kernel/metrics.ts';
import { PlannedServers } from './planned-servers.ts';

const health = (path = '/', texts?: { healthy: string; unhealthy: string }): ServerPlan => ({
  id: 'health_check',
  listen: '127.0.0.1:0',
  content: { is: 'health', path, texts },
  headers: {},
});

function make(context: TestContext, servers: readonly ServerPlan[]) {
  const clock = new VirtualClock();
  const metrics = new Registry();
  const world = { clock, metrics, log: silentLogger, http: createHttpClient() };
  const plan: CollectorPlan = {
    sources: [],
    taskSources: [],
    traceReceivers: [],
    otlpReceivers: [],
    statsdReceivers: [],
    forwarders: [],
    spanTransforms: [],
    transforms: [],
    sinks: [],
    routes: [{ id: 'metrics/<b>', signal: 'metrics', sources: ['a'], transforms: [], sinks: ['s'] }],
    servers,
    log: {},
  };
  const planned = new PlannedServers({ world, servers, plan: () => plan });
  context.after(() => planned.stop(0));
  context.after(() => world.http.close());
  const get = async (id: string, path: string, method = 'GET') => {
    const answer = await fetch(`${planned.urlOf(id) ?? ''}${path}`, { method });
    return { status: answer.status, headers: answer.headers, body: await answer.text() };
  };
  return { planned, clock, metrics, get };
} // prettier-ignore

test('a health check is unavailable until all has started, and again while it stops', async (context) => {
  const { planned, clock, get } = make(context, [health()]);
  const between = { name: 'collector', start: async () => seen.push(await get('health_check', '/')), stop: async () => seen.push(await get('health_check', '/')) };
  const seen: Awaited<ReturnType<typeof get>>[] = [];
  const group = new Group('all', [planned, between as never, planned.readiness]);
  await group.start();
  await clock.advance(61_500);
  const ready = await get('health_check', '/any/path');
  assert.equal(ready.status, 200);
  assert.equal(ready.headers.get('content-type'), 'application/json');
  const upSince = new Date(clock.nowMs() - 61_500).toISOString();
  assert.deepEqual(JSON.parse(ready.body), { status: 'Server available', upSince, uptime: '1m1.5s' });
  assert.equal((await get('health_check', '/', 'POST')).status, 200);
  await group.stop(1_000);
  assert.deepEqual(seen.map(({ status, body }) => [status, JSON.parse(body)]), [
    [503, { status: 'Server not available', upSince: '0001-01-01T00:00:00Z', uptime: '' }],
    [503, { status: 'Server not available', upSince: '0001-01-01T00:00:00Z', uptime: '' }],
  ]);
}); // prettier-ignore

test('a path of its own is served alone, and texts of its own replace the JSON', async (context) => {
  const texts = { healthy: 'good', unhealthy: 'bad' };
  const { planned, get } = make(context, [health('/health', texts)]);
  await planned.start();
  assert.deepEqual([(await get('health_check', '/health')).body], ['bad']);
  await planned.readiness.start();
  const good = await get('health_check', '/health');
  assert.deepEqual([good.status, good.body], [200, 'good']);
  for (const path of ['/', '/health/x', '/-/healthy', '/metrics'])
    assert.equal((await get('health_check', path)).status, 404, path);
});

test('metrics, pages and the way to profile are served at their own addresses', async (context) => {
  const plan = (id: string, is: 'metrics' | 'pages' | 'profiles'): ServerPlan => ({
    id,
    listen: '127.0.0.1:0',
    content: { is },
    headers: { 'x-a': 'b' },
  });
  const servers = [plan('m', 'metrics'), plan('z', 'pages'), plan('p', 'profiles')];
  const { planned, metrics, get } = make(context, servers);
  metrics.counter('things_total', 'Things.').inc();
  await planned.start();
  const own = await get('m', '/metrics');
  assert.match(own.body, /things_total 1/);
  assert.equal(own.headers.get('x-a'), 'b');
  const page = await get('z', '/debug/pipelinez');
  assert.match(page.body, /metrics\/&#60;b&#62;<td>metrics<td>a<td><td>s/);
  assert.equal((await get('z', '/debug/unknownz')).status, 404);
  assert.equal((await get('z', '/debug/pipelinez', 'POST')).status, 405);
  const profile = await get('p', '/debug/pprof/profile');
  assert.deepEqual([profile.status, /--cpu-prof/.test(profile.body)], [501, true]);
});

test('a change opens what is new, swaps what an open address serves, and closes what is gone', async (context) => {
  const { planned, get } = make(context, [health()]);
  await planned.start();
  await planned.readiness.start();
  const url = planned.urlOf('health_check');
  const fixed = { ...health(), listen: new URL(url ?? '').host };
  await planned.change([fixed, { ...fixed, listen: '127.0.0.1:0', id: 'm', content: { is: 'metrics' } }], () => Promise.resolve()).catch((error: unknown) => assert.match(String(error), /is in use/));
  // Port 0 is another address than the one it gave, which is taken: nothing has changed.
  assert.equal(planned.urlOf('health_check'), url);
  assert.equal(planned.urlOf('m'), undefined);
  await planned.change([health('/other')], () => Promise.resolve());
  assert.equal(planned.urlOf('health_check'), url);
  assert.equal((await get('health_check', '/')).status, 404);
  assert.equal((await get('health_check', '/other')).status, 200);
  await planned.change([], () => Promise.resolve());
  await assert.rejects(fetch(url ?? ''));
}); // prettier-ignore

test('when the rest of a change fails, new addresses are closed and the old ones serve on', async (context) => {
  const { planned, get } = make(context, [health()]);
  await planned.start();
  const added: ServerPlan = { ...health(), id: 'm', content: { is: 'metrics' }, headers: { a: 'b' } };
  let during: string | undefined;
  await assert.rejects(
    planned.change([added], () => Promise.reject(new Error('no'))),
    /no/,
  );
  during = planned.urlOf('m');
  assert.equal(during, undefined);
  assert.equal((await get('health_check', '/')).status, 503);
}); // prettier-ignore
