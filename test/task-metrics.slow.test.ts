/**
 * A running collector that reads the metrics of its own task, from the metadata endpoint to the
 * receiver. Sockets on the loopback and time are real.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Collector } from '../src/commands/collect/collector.ts';
import { createApiRoutes } from '../src/commands/collect/api.ts';
import { createStatusRoute } from '../src/commands/collect/status-page.ts';
import { renderCheck } from '../src/commands/check.ts';
import { checkConfigText, loadConfigText } from '../src/config/load.ts';
import type { CollectorPlan } from '../src/config/plan.ts';
import { CallLimits } from '../src/discovery/call-limits.ts';
import { systemClock } from '../src/kernel/clock.ts';
import type { HttpRequest, Route } from '../src/kernel/http-server.ts';
import { temporaryFolder } from './kit/folder.ts';
import { serve } from './kit/listen.ts';
import { startReceiver } from './kit/receiver.ts';
import { until as waitUntil } from './kit/waiting.ts';
import { createWorld, openHttp } from './kit/world.ts';

const TASK = {
  TaskARN: 'arn:aws:ecs:eu-west-1:123456789012:task/c/t1',
  Limits: { CPU: 0.5, Memory: 512 },
  Containers: [{ DockerId: 'd', Name: 'app', KnownStatus: 'RUNNING' }],
};
const STATS = { d: { id: 'd', read: '2026-01-01T00:00:00Z', memory_stats: { usage: 7 } } };

const until = (what: string, holds: () => boolean) => waitUntil(what, 10_000, holds, 10);

function textOf(receivers: string, url: string): string {
  return `
receivers:
${receivers}
exporters:
  prometheusremotewrite: { endpoint: '${url}' }
service:
  pipelines:
    metrics: { receivers: [${/^ {2}(\w+)/m.exec(receivers)?.[1]}], exporters: [prometheusremotewrite] }
`;
}

const OWN = '  awsecscontainermetrics: { collection_interval: 1s }';
const SCRAPED = '  prometheus: { config: { scrape_configs: [{ job_name: j }] } }';

async function planOf(receivers: string, url: string): Promise<CollectorPlan> {
  return (await loadConfigText(textOf(receivers, url), 'c.yml', { env: {} })).plan;
}

async function start(t: TestContext, env: Record<string, string>, plan: CollectorPlan) {
  const world = createWorld({ clock: systemClock, http: openHttp(t) });
  const collector = new Collector({
    plan, world, env, configFile: 'c.yml', storagePath: temporaryFolder(t),
    callLimits: new CallLimits(systemClock, world.metrics),
  }); // prettier-ignore
  t.after(() => collector.stop(1_000));
  await collector.start();
  return { world, collector };
}

test('metrics of the task arrive, are shown, and end when a reload removes them', async (t) => {
  const receiver = await startReceiver(t);
  let isBroken = false;
  const { url } = await serve(t, (request, response) => {
    response.statusCode = isBroken ? 500 : 200;
    response.end(JSON.stringify(request.url === '/v4/d/task' ? TASK : STATS));
  });
  const plan = await planOf(OWN, receiver.url);
  const env = { ECS_CONTAINER_METADATA_URI_V4: `${url}/v4/d` };
  const { world, collector } = await start(t, env, plan);
  const last = (name: string) =>
    receiver.kept.findLast(({ series }) => new RegExp(`__name__=${name}(,|$)`).test(series))?.value;
  const memory = 'container_memory_usage_Bytes';
  await until('the first reading has arrived', () => last(memory) === 7);
  assert.equal(last('ecs_task_cpu_reserved_None'), 512);

  const [status] = collector.tasks.statuses;
  assert.deepEqual([status?.health, status?.lastSamples], ['up', 54]);
  const page = await ask([createStatusRoute(collector, () => systemClock.elapsedMs())], '/');
  assert.match(page, /task metrics<\/h2>.*class="up">up.*<td>awsecscontainermetrics/s);
  const api = createApiRoutes({
    world, scrape: collector.scrape, tasks: collector.tasks, receivers: () => [], configs: () => [], flags: {},
    configText: () => Promise.resolve(''), reloadedAtMs: () => 0, isReloadGood: () => true,
  }); // prettier-ignore
  const { activeTargets } = JSON.parse(await ask(api, '/api/v1/targets')).data;
  assert.deepEqual(
    [activeTargets[0].scrapePool, activeTargets[0].health, activeTargets[0].scrapeUrl],
    ['awsecscontainermetrics', 'up', `${url}/v4/d`],
  );

  isBroken = true;
  await until('a failure ends the series', () => Number.isNaN(last(memory)));
  assert.equal(world.lines.filter((line) => line.includes('metrics of the task end')).length, 1);
  isBroken = false;
  await until('they come back', () => last(memory) === 7);

  await collector.apply(plan);
  assert.equal(world.metric('amperage_task_source_failures_total') > 0, true, 'it runs on');
  await collector.apply(await planOf(SCRAPED, receiver.url));
  await until('the reload ends the series', () => Number.isNaN(last(memory)));
  assert.deepEqual(collector.tasks.statuses, []);
});

test('what is detected later is on the series from then on', async (t) => {
  const receiver = await startReceiver(t);
  let isBroken = true;
  const { url } = await serve(t, (request, response) => {
    // The task's metrics are read from /task and /task/stats, the container of the detector not.
    response.statusCode = isBroken && request.url === '/v4/d' ? 500 : 200;
    const [container] = TASK.Containers;
    const answers: Record<string, unknown> = { '/v4/d/task': TASK, '/v4/d': container };
    response.end(JSON.stringify(answers[request.url ?? ''] ?? STATS));
  });
  const text = `
receivers:
${OWN}
processors:
  resourcedetection: { detectors: [ecs, env], timeout: 100ms }
exporters:
  prometheusremotewrite: { endpoint: '${receiver.url}' }
service:
  pipelines:
    metrics:
      receivers: [awsecscontainermetrics]
      processors: [resourcedetection]
      exporters: [prometheusremotewrite]
`;
  const { plan } = await loadConfigText(text, 'c.yml', { env: {} });
  const env = {
    ECS_CONTAINER_METADATA_URI_V4: `${url}/v4/d`,
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=shop',
  };
  const { world } = await start(t, env, plan);
  await until('series have what is known', () =>
    receiver.kept.some(({ series }) => series.includes('job=shop')),
  );
  const lateSays = () => world.lines.some((line) => line.includes('that was lacking is known'));
  assert.equal(lateSays(), false);
  isBroken = false;
  await until('the detector that failed is asked again', lateSays);
});

test('outside of ECS the start fails at the line of the receiver, and a check does not', async (t) => {
  const plan = await planOf(OWN, 'http://127.0.0.1:1');
  await assert.rejects(start(t, {}, plan), {
    code: 'METADATA_ENDPOINT',
    message: /^c\.yml:3:3: receiver "awsecscontainermetrics" reads the task that it runs in; /,
  });
  const checked = await checkConfigText(textOf(OWN, 'http://one/w'), 'c.yml', { env: {} });
  assert.match(renderCheck('c.yml', checked), /task metrics "awsecscontainermetrics": every 1s/);
});

async function ask(routes: readonly Route[], path: string): Promise<string> {
  const request = { method: 'GET', path, query: '', headers: {} } as unknown as HttpRequest;
  const answer = await routes.find((route) => route.path === path)!.handle(request);
  return String(answer.body);
}
