import assert from 'node:assert/strict';
import { type ServerResponse } from 'node:http';
import { after, test, type TestContext } from 'node:test';
import {
  createTaskMetadataClient,
  metadataUri,
  type TaskMetadataClient,
} from '../aws/task-metadata.ts';
import { type TaskMetadata, taskSchema } from '../aws/task-metadata-schema.ts';
import { systemClock } from '../kernel/clock.ts';
import { ConfigError } from '../kernel/errors.ts';
import { createPlainHttpClient } from '../kernel/http-client-plain.ts';
import { MetadataReader } from './reader.ts';
import { createExporter } from './server.ts';
import { serve } from '../../test/kit/listen.ts';
import { createWorld, openHttp } from '../../test/kit/world.ts';

const http = createPlainHttpClient();
const scraper = openHttp({ after }, { connectionsPerHost: 64 });
after(() => http.close());
const world = createWorld({ clock: systemClock });
const signal = new AbortController().signal;
const TASK = JSON.stringify({ Family: 'f', Containers: [{ DockerId: 'a', Name: 'app' }] });
const STATS = JSON.stringify({ a: { memory_stats: { usage: 5 } } });

async function get(url: string, timeoutSeconds = 10): Promise<string> {
  const headers = { 'x-prometheus-scrape-timeout-seconds': String(timeoutSeconds) };
  const limits = { timeoutMs: 10_000, bodyMaxBytes: 1e7 };
  return (await scraper.send({ method: 'GET', url, headers, ...limits, signal })).body.toString();
}

async function withExporter(
  client: TaskMetadataClient,
  use: (url: string) => Promise<void>,
  hasTags = false,
): Promise<void> {
  const exporter = createExporter({
    world,
    reader: new MetadataReader({ client, hasTags }, world),
    listen: '127.0.0.1:0',
    path: '/metrics',
    exposition: { profiles: ['ecs_exporter'], isBasic: false, isInstance: false },
    hasOwnMetrics: false,
  });
  await exporter.start();
  try {
    await use(exporter.url);
  } finally {
    await exporter.stop(100);
  }
}

/** An endpoint on a real socket, as bad as `answer` makes it. */
async function withEndpoint(
  context: TestContext,
  answer: (path: string, response: ServerResponse) => void,
  use: (client: TaskMetadataClient) => Promise<void>,
): Promise<void> {
  const { url } = await serve(context, (request, response) => answer(request.url ?? '', response));
  await use(createTaskMetadataClient(url, http));
}

function well(path: string, response: ServerResponse): void {
  response.end(path === '/task' ? TASK : STATS);
}

test('a failing endpoint gives ecs_up 0 and what is still known, never an empty success', async (context) => {
  let isAway = false;
  await withEndpoint(
    context,
    (path, response) => {
      if (isAway || path !== '/task') response.writeHead(500).end();
      else well(path, response);
    },
    (client) =>
      withExporter(client, async (url) => {
        const page = await get(`${url}/metrics`);
        assert.match(page, /^ecs_up 0$/m);
        assert.match(page, /family="f"/);
        assert.match(page, /^ecs_scrape_errors_total\{request="metadata"} 0$/m);
        assert.match(page, /^ecs_scrape_errors_total\{request="stats"} 1$/m);
        isAway = true;
        const later = await get(`${url}/metrics`);
        assert.match(later, /^ecs_up 0$/m);
        assert.match(later, /family="f"/, 'identity is known from before');
        assert.equal(await get(`${url}/health`), 'ok\n');
        assert.match(await get(`${url}/`), /href="\/metrics"/);
      }),
  );
  await withEndpoint(
    context,
    (path, response) => void response.end(path === '/task' ? 'not json' : '[1]'),
    async (client) => {
      await assert.rejects(client.tasks(signal), /not what version 4 says/);
      await assert.rejects(client.stats(signal), /not what version 4 says/);
    },
  );
});

test('50 scrapes at once of a slow, failing, truncating endpoint: every answer whole, in time, honest', async (context) => {
  let calls = 0;
  const ways: ((path: string, response: ServerResponse) => void)[] = [
    well,
    (_path, response) => void response.writeHead(500).end('no'),
    (_path, response) => {
      response.writeHead(200, { 'content-length': '100000' });
      response.write('{"Containers":[');
      response.destroy();
    },
    (path, response) => void setTimeout(() => well(path, response), 100),
    () => undefined, // Never answers.
  ];
  await withEndpoint(
    context,
    (path, response) => {
      const way = ways[Math.floor(calls / 2) % ways.length];
      calls += 1;
      way?.(path, response);
    },
    (client) =>
      withExporter(client, async (url) => {
        for (let round = 0; round < ways.length; round++) {
          const startMs = performance.now();
          const pages = await Promise.all(
            Array.from({ length: 50 }, () => get(`${url}/metrics`, 1)),
          );
          assert.ok(performance.now() - startMs < 1_500, `round ${round} was in time`);
          for (const page of pages) {
            const isUp = /^ecs_up 1$/m.test(page);
            assert.equal(isUp, /^ecs_container_memory_usage_bytes/m.test(page));
            assert.match(page, /^ecs_up [01]$/m);
            assert.match(page, /^ecs_scrape_duration_seconds [0-9.e-]+\n$/m);
          }
          await systemClock.sleep(600); // The next round is a new reading.
        }
      }),
  );
  assert.ok(calls <= 4 * ways.length, `${calls} requests to the endpoint for 250 scrapes`);
});

test('tags are asked for once in a while, not for every scrape, and nothing waits for them', async () => {
  const asked: string[] = [];
  const answer = (TaskTags: object): TaskMetadata[] => [
    taskSchema.parse({ TaskARN: 't', TaskTags, Containers: [] }),
  ];
  const client: TaskMetadataClient = {
    scope: 'task',
    tasks: () => {
      asked.push('task');
      return Promise.resolve(answer({}));
    },
    taggedTasks: async () => {
      asked.push('tags');
      await systemClock.sleep(50);
      return answer({ 'cost center': 'x"y' });
    },
    stats: () => Promise.resolve({}),
  };
  await withExporter(
    client,
    async (url) => {
      assert.match(await get(`${url}/metrics`), /^ecs_up 1$/m);
      await systemClock.sleep(600);
      const page = await get(`${url}/metrics`);
      assert.match(page, /^ecs_task_tags_info\{tag_cost_center="x\\"y"} 1$/m);
      assert.deepEqual(asked.toSorted(), ['tags', 'task', 'task']);
    },
    true,
  );
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
