import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { conformancePath, skipWithoutConformance } from '../../test/kit/conformance.ts';
import { createTaskMetadataClient, type MetadataScope } from '../aws/task-metadata.ts';
import { VirtualClock } from '../kernel/clock.ts';
import { createPlainHttpClient } from '../kernel/http-client-plain.ts';
import { HttpServer } from '../kernel/http-server.ts';
import { silentLogger } from '../kernel/logger.ts';
import { checkExposition } from '../wire/exposition/check.ts';
import { checkOpenMetrics } from '../wire/exposition/openmetrics-check.ts';
import { writeExposition } from '../wire/exposition/writer.ts';
import { collectFamilies, PROFILE_NAMES, type ExpositionOptions } from './profiles.ts';
import { MetadataReader } from './reader.ts';
import type { TaskReading } from './reading.ts';
import { formatTop } from './top.ts';
import { createWorld } from '../../test/kit/world.ts';

const GOLDEN = join(import.meta.dirname, '../../test/golden/exporter');
const SHAPES = join(GOLDEN, 'shapes');
/** Ten seconds behind the statistics of the shapes written by hand. */
const NOW_MS = Date.parse('2026-05-15T10:00:20Z');

const http = createPlainHttpClient();
after(() => http.close());

/** What a real client reads of a server that answers so. */
async function readingOf(
  answers: { metadata: unknown; stats: unknown },
  scope: MetadataScope = 'task',
): Promise<TaskReading> {
  const paths: Record<string, unknown> = {
    '/task': answers.metadata,
    '/task/stats': answers.stats,
    '/tasks': answers.metadata,
    '/tasks/stats': answers.stats,
  };
  const server = new HttpServer({
    name: 'metadata',
    listen: '127.0.0.1:0',
    log: silentLogger,
    routes: [
      {
        method: 'GET',
        path: '/*',
        handle: ({ path }) =>
          paths[path] === undefined
            ? { status: 500 }
            : { status: 200, body: JSON.stringify(paths[path]) },
      },
    ],
  });
  await server.start();
  try {
    const clock = new VirtualClock(NOW_MS);
    const world = createWorld({ clock });
    const client = createTaskMetadataClient(server.url, http, scope);
    return await new MetadataReader({ client, hasTags: false }, world).read(60_000);
  } finally {
    await server.stop(100);
  }
}

const ALL: ExpositionOptions = { profiles: ['ecs_exporter'], isBasic: false, isInstance: false };

function pageOf(reading: TaskReading, options: Partial<ExpositionOptions> = {}): string {
  return writeExposition(collectFamilies(reading, { ...ALL, ...options }));
}

function checkGolden(name: string, page: string): void {
  const file = join(GOLDEN, `${name}.txt`);
  if (process.env['UPDATE_GOLDEN'] !== undefined) writeFileSync(file, page);
  assert.equal(page, readFileSync(file, 'utf8'));
}

/** The page, which our own rules for writers accept in both formats. */
function checkedPage(reading: TaskReading, options: Partial<ExpositionOptions> = {}): string {
  const families = collectFamilies(reading, { ...ALL, ...options });
  checkOpenMetrics(Buffer.from(writeExposition(families, 'openmetrics')));
  const page = writeExposition(families);
  checkExposition(Buffer.from(page));
  return page;
}

function published(kind: string): { metadata: unknown; stats: unknown } {
  const read = (what: string): unknown =>
    JSON.parse(
      readFileSync(
        conformancePath('task-metadata', 'fixtures', `${kind}_task_${what}.json`),
        'utf8',
      ),
    );
  return { metadata: read('metadata'), stats: read('stats') };
}

for (const kind of ['ec2', 'fargate']) {
  test(
    `the ${kind} task gives its golden page in every profile`,
    {
      skip: skipWithoutConformance,
    },
    async () => {
      const reading = await readingOf(published(kind));
      const tMs = Date.parse('2025-02-27T05:23:00Z');
      for (const name of PROFILE_NAMES)
        checkGolden(`${kind}.${name}`, checkedPage({ ...reading, tMs }, { profiles: [name] }));
      checkGolden(`${kind}.basic`, checkedPage({ ...reading, tMs }, { isBasic: true }));
    },
  );
}

for (const file of readdirSync(SHAPES)) {
  const name = file.replace('.json', '');
  test(`the shape "${name}" gives its golden page`, async () => {
    const isInstance = name === 'managed-instance';
    const answers = JSON.parse(readFileSync(join(SHAPES, file), 'utf8')) as Parameters<
      typeof readingOf
    >[0];
    const reading = await readingOf(answers, isInstance ? 'instance' : 'task');
    assert.equal(reading.isUp, true);
    checkGolden(name, checkedPage(reading, { isInstance }));
    checkGolden(
      `${name}.profiles`,
      checkedPage(reading, { isInstance, profiles: PROFILE_NAMES.slice(1) }),
    );
  });
}

test('a container or an interface of another shape costs only itself', async () => {
  const metadata = {
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
  const page = pageOf(await readingOf({ metadata, stats }), { profiles: PROFILE_NAMES });
  assert.match(page, /ecs_up 1\n/);
  assert.match(page, /ecs_container_memory_usage_bytes\{container_name="app"} 5\n/);
  assert.match(page, /ecs_network_receive_bytes_total\{interface="eth1"} 7\n/);
  assert.doesNotMatch(page, /without an id|eth0|NaN|undefined/);
});

test('a container whose statistics are null keeps its limits while it runs', async () => {
  const containers = ['RUNNING', 'STOPPED', 'RUNNING'].map((KnownStatus, i) => ({
    DockerId: `${i}`,
    Name: `c${i}`,
    KnownStatus,
    Limits: { Memory: 128, CPU: 256 },
  }));
  const stats = {
    0: null,
    1: null,
    2: { read: '2026-01-01T00:00:00Z', memory_stats: { usage: 5 } },
  };
  const reading = await readingOf({ metadata: { Family: 'f', Containers: containers }, stats });
  const page = pageOf(reading, { profiles: PROFILE_NAMES });
  assert.match(page, /^ecs_container_memory_limit_bytes\{container_name="c0"} 134217728$/m);
  assert.match(page, /^ecs_container_memory_limit_bytes\{container_name="c2"} 134217728$/m);
  assert.doesNotMatch(page, /ecs_container_memory_limit_bytes\{container_name="c1"}/);
});

test('without statistics identity and limits are still known, and ecs_up is 0', async () => {
  const metadata = {
    Family: 'f',
    Limits: { Memory: 256 },
    Containers: [{ DockerId: 'a', Name: 'app', Limits: { Memory: 128 } }],
  };
  const page = pageOf(await readingOf({ metadata, stats: undefined }), { profiles: PROFILE_NAMES });
  assert.match(page, /^ecs_up 0$/m);
  assert.match(page, /^ecs_task_memory_limit_bytes 268435456$/m);
  assert.match(page, /^ecs_container_memory_limit_bytes\{container_name="app"} 134217728$/m);
  assert.doesNotMatch(page, /ecs_network|usage/);
  assert.equal(
    pageOf(await readingOf({ metadata: undefined, stats: {} })).includes('ecs_up 0'),
    true,
  );
});

test('two containers of one name give one series, not a page that is refused', async () => {
  const container = (id: string, KnownStatus: string): object => ({
    DockerId: id,
    Name: 'app',
    KnownStatus,
  });
  const metadata = { Containers: [container('new', 'RUNNING'), container('old', 'STOPPED')] };
  const stats = { new: { memory_stats: { usage: 5 } }, old: null };
  const page = pageOf(await readingOf({ metadata, stats }));
  assert.match(page, /^ecs_container_running\{container_name="app"} 1$/m);
  const series = page.split('\n').map((line) => line.slice(0, line.lastIndexOf(' ')));
  const samples = series.filter((line) => line !== '' && !line.startsWith('#'));
  assert.equal(new Set(samples).size, samples.length);
});

test('top shows the containers, and no control character of a name', async () => {
  const answers = JSON.parse(readFileSync(join(SHAPES, 'pause-container.json'), 'utf8')) as {
    metadata: { Containers: { Name: string }[] };
    stats: unknown;
  };
  answers.metadata.Containers[2]!.Name = 'si\u001b[2Jde';
  const frame = formatTop(await readingOf(answers));
  assert.equal(frame.includes('\u001b'), false);
  assert.deepEqual(frame.split('\n').slice(0, 4), [
    'web:3 · 0123456789abcdef0123456789abcdef · demo · RUNNING · 0.5 vCPU · 256 MiB',
    'CONTAINER  STATUS   HEALTH        CPU    MEMORY      LIMIT  RX/s  TX/s  PIDS',
    'app        RUNNING  UNHEALTHY  10.0 %  70.0 MiB  256.0 MiB  11 B   2 B     -',
    'si?[2Jde   RUNNING  -           0.0 %  19.0 MiB   64.0 MiB  11 B   2 B     -',
  ]);
});

test('without two samples there is no CPU in use: no average since the start under its name', async () => {
  const shape = JSON.parse(readFileSync(join(SHAPES, 'first-sample.json'), 'utf8')) as {
    metadata: unknown;
    stats: Record<string, { precpu_stats: unknown }>;
  };
  const page = pageOf(await readingOf(shape), { profiles: PROFILE_NAMES });
  assert.match(page, /^ecs_container_cpu_usage_seconds_total\{container_name="zero-time"} 0.5$/m);
  assert.doesNotMatch(page, /^ecs_cpu_percent/m);
  // The host's time alone is missing: what the container used is known, its part of the host is
  // not.
  const inUse = /^container_cpu_usage_vcpu\{.*container_name="(.*)"} (.*)$/gm;
  assert.deepEqual(
    [...page.matchAll(inUse)].map(([, name, vcpus]) => [name, vcpus]),
    [['zero-host', '0.01']],
  );
  shape.stats['b'] = {
    ...shape.stats['b'],
    precpu_stats: { cpu_usage: { total_usage: 4e8 }, system_cpu_usage: 2_010e9 },
  };
  const later = pageOf(await readingOf(shape), { profiles: PROFILE_NAMES });
  assert.match(later, /^ecs_cpu_percent\{container="zero-sample"} 1$/m);
});

test('a figure below 0 is absent, and costs nothing else', async () => {
  const metadata = {
    Limits: { CPU: -1, Memory: 256 },
    Containers: [{ DockerId: 'a', Name: 'app', ExitCode: -1, RestartCount: -2 }],
  };
  const stats = {
    a: {
      cpu_stats: { cpu_usage: { total_usage: -5, usage_in_usermode: 1e9 } },
      memory_stats: { usage: -1, stats: { cache: -3, rss: 7 } },
      networks: { eth0: { rx_bytes: -1, tx_bytes: 4 } },
      network_rate_stats: { rx_bytes_per_sec: -0.5, tx_bytes_per_sec: 0 },
    },
  };
  const page = pageOf(await readingOf({ metadata, stats }), { profiles: PROFILE_NAMES });
  const negative = page.split('\n').filter((line) => / -/.test(line) && !line.startsWith('#'));
  assert.deepEqual(negative, ['ecs_container_exit_code{container_name="app"} -1']);
  assert.match(page, /^ecs_container_memory_rss_bytes\{container_name="app"} 7$/m);
  assert.match(page, /^ecs_network_transmit_bytes_per_second 0$/m);
  assert.doesNotMatch(page, /ecs_task_cpu_limit_vcpus|restarts_total/);
});

test('on Windows CPU time comes in units of 100 ns, and num_procs are its processors', async () => {
  const shape = JSON.parse(readFileSync(join(SHAPES, 'windows.json'), 'utf8')) as Parameters<
    typeof readingOf
  >[0];
  const page = pageOf(await readingOf(shape));
  assert.match(page, /^ecs_container_cpu_usage_seconds_total\{container_name="iis"} 400$/m);
  assert.match(page, /^ecs_container_cpu_user_seconds_total\{container_name="iis"} 300$/m);
  assert.match(page, /^ecs_task_cpu_in_use_vcpus 0.2$/m);
  assert.match(page, /^ecs_container_cpus_online\{container_name="iis"} 2$/m);
  assert.match(page, /^ecs_task_cpu_utilization_ratio 0.1$/m);
  assert.doesNotMatch(page, /ecs_container_processes/);
});

test('a container whose statistics stand still is no part of a sum that would be too small without it', async () => {
  const container = (id: string): object => ({ DockerId: id, Name: id, KnownStatus: 'RUNNING' });
  const metadata = { TaskARN: 't', Containers: [container('a'), container('b')] };
  const well = { read: '2026-05-15T10:00:10Z', memory_stats: { usage: 5 } };
  // As the reader leaves one that stands still.
  const stats = { a: well, b: { read: '2026-05-15T09:00:10Z' } };
  const page = pageOf(await readingOf({ metadata, stats }), { profiles: PROFILE_NAMES });
  assert.match(page, /^ecs_container_memory_usage_bytes\{container_name="a"} 5$/m);
  assert.match(page, /^ecs_container_stats_age_seconds\{container_name="b"} 3610$/m);
  assert.doesNotMatch(page, /^ecs_task_(containers_running|memory_usage)/m);
});
