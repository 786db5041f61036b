import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { conformancePath, skipWithoutConformance } from '../../test/conformance.ts';
import {
  createTaskMetadataClient,
  metadataUri,
  type TaskMetadata,
  type TaskMetadataClient,
} from '../aws/task-metadata.ts';
import { systemClock } from '../kernel/clock.ts';
import { ConfigError } from '../kernel/errors.ts';
import { createHttpClient } from '../kernel/http-client.ts';
import { HttpServer } from '../kernel/http-server.ts';
import { silentLogger } from '../kernel/logger.ts';
import { Registry } from '../kernel/metrics.ts';
import { writeExposition } from '../wire/exposition-writer.ts';
import { collectFamilies } from './collector.ts';
import { createExporter } from './server.ts';

const http = createHttpClient();
after(() => http.close());
const world = { clock: systemClock, log: silentLogger, metrics: new Registry(), http };
const signal = new AbortController().signal;

async function get(url: string): Promise<string> {
  return (
    await http.send({ method: 'GET', url, timeoutMs: 10_000, bodyMaxBytes: 1e7, signal })
  ).body.toString();
}

/** A real client of an endpoint that answers with these texts. */
async function withEndpoint(
  answers: Record<string, string>,
  use: (client: TaskMetadataClient) => Promise<void>,
): Promise<void> {
  const server = new HttpServer({
    name: 'metadata',
    listen: '127.0.0.1:0',
    log: silentLogger,
    routes: [
      {
        method: 'GET',
        path: '/*',
        handle: ({ path }) =>
          answers[path] === undefined ? { status: 500 } : { status: 200, body: answers[path] },
      },
    ],
  });
  await server.start();
  await use(createTaskMetadataClient(server.url, http));
  await server.stop(100);
}

for (const kind of ['ec2', 'fargate']) {
  test(
    `the ${kind} task gives exactly its golden page`,
    { skip: skipWithoutConformance },
    async () => {
      const read = (what: string): string =>
        readFileSync(
          conformancePath('task-metadata', 'fixtures', `${kind}_task_${what}.json`),
          'utf8',
        );
      await withEndpoint(
        { '/task': read('metadata'), '/task/stats': read('stats') },
        async (client) => {
          const page = writeExposition(
            collectFamilies({ task: await client.task(signal), stats: await client.stats(signal) }),
          );
          const golden = join(import.meta.dirname, '../../test/golden/exporter', `${kind}.txt`);
          if (process.env['UPDATE_GOLDEN'] !== undefined) writeFileSync(golden, page);
          assert.equal(page, readFileSync(golden, 'utf8'));
        },
      );
    },
  );
}

test(
  "our figures are the peer's but for the listed differences",
  { skip: skipWithoutConformance },
  () => {
    const series = (text: string): Map<string, number> =>
      new Map(
        text
          .split('\n')
          .filter((line) => line !== '' && !line.startsWith('#'))
          .map((line) => [
            line.slice(0, line.lastIndexOf(' ')),
            Number(line.slice(line.lastIndexOf(' '))),
          ]),
      );
    const differences = (kind: string): string[] => {
      const ours = series(
        readFileSync(
          join(import.meta.dirname, '../../test/golden/exporter', `${kind}.txt`),
          'utf8',
        ),
      );
      const theirs = series(
        readFileSync(conformancePath('task-metadata', 'snapshots', `${kind}_metrics.txt`), 'utf8'),
      );
      return [...new Set([...ours.keys(), ...theirs.keys()])]
        .filter(
          (key) =>
            Math.abs((ours.get(key) ?? NaN) / (theirs.get(key) ?? NaN) - 1) > 1e-9 ||
            !ours.has(key) ||
            !theirs.has(key),
        )
        .map((key) => key.replace(/\{.*/, ''));
    };
    assert.deepEqual(differences('fargate'), ['ecs_up']);
    assert.deepEqual(
      new Set(differences('ec2').map((name) => name.replace(/^ecs_network_.*/, 'ecs_network_*'))),
      new Set(['ecs_up', 'ecs_container_memory_page_cache_size_bytes', 'ecs_network_*']),
    );
  },
);

test('a limit of 0 is none, the pause container is left out, shared interfaces count once', () => {
  const awsvpc = [{ NetworkMode: 'awsvpc' }];
  const task = {
    Limits: { CPU: undefined, Memory: 256 },
    Containers: [
      { DockerId: 'p', Name: '~internal~ecs~pause', Type: 'CNI_PAUSE', Networks: awsvpc },
      {
        DockerId: 'a',
        Name: 'app',
        Type: 'NORMAL',
        Limits: { CPU: 0, Memory: 0 },
        Networks: awsvpc,
        RestartCount: 0,
      },
      { DockerId: 's', Name: 'stopped', Type: 'NORMAL' },
    ],
  } as unknown as TaskMetadata;
  const running = { memory_stats: { usage: 5 }, networks: { eth0: { rx_bytes: 7 } } };
  const page = writeExposition(
    collectFamilies({ task, stats: { p: running, a: running, s: null } }),
  );
  assert.match(page, /ecs_container_memory_limit_bytes\{container_name="app"} 268435456\n/);
  assert.match(page, /ecs_container_restarts_total\{container_name="app"} 0\n/);
  assert.match(page, /ecs_network_receive_bytes_total\{interface="eth0"} 7\n/);
  assert.doesNotMatch(page, /pause|stopped/);
});

test('a container or an interface of another shape costs only itself', async () => {
  const task = {
    Limits: 'none',
    Containers: [
      { Name: 'without an id' },
      null,
      { DockerId: 'a', Name: 'app', Limits: [], Networks: [{ NetworkMode: 7 }] },
    ],
  };
  const stats = {
    a: { memory_stats: { usage: 5 }, networks: { eth0: 'none', eth1: { rx_bytes: 7 } } },
    b: 'none',
  };
  const answers = { '/task': JSON.stringify(task), '/task/stats': JSON.stringify(stats) };
  await withEndpoint(answers, async (client) => {
    const page = writeExposition(
      collectFamilies({ task: await client.task(signal), stats: await client.stats(signal) }),
    );
    assert.match(page, /ecs_up 1\n/);
    assert.match(page, /ecs_container_memory_usage_bytes\{container_name="app"} 5\n/);
    assert.match(page, /ecs_network_receive_bytes_total\{interface="eth1"} 7\n/);
    assert.doesNotMatch(page, /without an id|eth0|NaN|undefined/);
  });
});

test('without statistics the limits are still known', () => {
  const task: TaskMetadata = {
    Limits: { CPU: undefined, Memory: 256 },
    Containers: [{ DockerId: 'a', Name: 'app', Limits: { CPU: undefined, Memory: 128 } }],
  };
  const page = writeExposition(collectFamilies({ task, stats: undefined }));
  assert.match(page, /ecs_up 0\n/);
  assert.match(page, /ecs_task_memory_limit_bytes 268435456\n/);
  assert.match(page, /ecs_container_memory_limit_bytes\{container_name="app"} 134217728\n/);
  assert.doesNotMatch(page, /ecs_network|usage/);
});

test('a failing endpoint gives ecs_up 0 and what is still known, never an empty success', async () => {
  await withEndpoint({ '/task': '{"Family":"f","Containers":[]}' }, async (client) => {
    const exporter = createExporter({
      world,
      client,
      listen: '127.0.0.1:0',
      path: '/metrics',
      hasOwnMetrics: false,
    });
    await exporter.start();
    const page = await get(`${exporter.url}/metrics`);
    assert.match(page, /^ecs_up 0$/m);
    assert.match(page, /family="f"/);
    assert.equal(await get(`${exporter.url}/health`), 'ok\n');
    assert.match(await get(`${exporter.url}/`), /href="\/metrics"/);
    await exporter.stop(100);
  });
  await withEndpoint({ '/task': 'not json', '/task/stats': '[1]' }, async (client) => {
    await assert.rejects(client.task(signal), /not what version 4 says/);
    await assert.rejects(client.stats(signal), /METADATA_SHAPE|version 4/);
  });
});

test('scrapes at the same time share one pair of requests', async () => {
  let calls = 0;
  const client: TaskMetadataClient = {
    task: async () => {
      calls += 1;
      await systemClock.sleep(50);
      return { Containers: [] };
    },
    stats: () => Promise.resolve({}),
  };
  const exporter = createExporter({
    world,
    client,
    listen: '127.0.0.1:0',
    path: '/metrics',
    hasOwnMetrics: true,
  });
  await exporter.start();
  const pages = await Promise.all(Array.from({ length: 20 }, () => get(`${exporter.url}/metrics`)));
  assert.ok(pages.every((page) => page.includes('ecs_up 1')));
  assert.ok(calls < 5, String(calls));
  await exporter.stop(100);
});

test('outside ECS the start says what to do', () => {
  assert.throws(
    () => metadataUri({}),
    (error) => error instanceof ConfigError && /sidecar/.test(error.message),
  );
  assert.throws(
    () => metadataUri({ ECS_CONTAINER_METADATA_URI_V4: 'nonsense' }),
    (error) => error instanceof ConfigError && /"nonsense" is not a URL/.test(error.message),
  );
  assert.equal(
    metadataUri({ ECS_CONTAINER_METADATA_URI_V4: 'http://169.254.170.2/v4/x/' }),
    'http://169.254.170.2/v4/x',
  );
});
