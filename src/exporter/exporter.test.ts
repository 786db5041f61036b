import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { conformancePath, skipWithoutConformance } from '../../test/conformance.ts';
import { createTaskMetadataClient, type MetadataScope } from '../aws/task-metadata.ts';
import { VirtualClock } from '../kernel/clock.ts';
import { createPlainHttpClient } from '../kernel/http-client-plain.ts';
import { HttpServer } from '../kernel/http-server.ts';
import { silentLogger } from '../kernel/logger.ts';
import { Registry } from '../kernel/metrics.ts';
import { checkExposition } from '../wire/exposition-check.ts';
import { checkOpenMetrics } from '../wire/openmetrics-check.ts';
import { writeExposition } from '../wire/exposition-writer.ts';
import { collectFamilies, PROFILE_NAMES, type PageOptions } from './profiles.ts';
import { MetadataReader } from './reader.ts';
import type { Reading } from './reading.ts';
import { formatTop } from './top.ts';

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
): Promise<Reading> {
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
    const world = { clock, log: silentLogger, metrics: new Registry(), http };
    const client = createTaskMetadataClient(server.url, http, scope);
    return await new MetadataReader({ client, hasTags: false }, world).read(60_000);
  } finally {
    await server.stop(100);
  }
}

const ALL: PageOptions = { profiles: ['ecs_exporter'], isBasic: false, isInstance: false };

function pageOf(reading: Reading, options: Partial<PageOptions> = {}): string {
  return writeExposition(collectFamilies(reading, { ...ALL, ...options }));
}

function checkGolden(name: string, page: string): void {
  const file = join(GOLDEN, `${name}.txt`);
  if (process.env['UPDATE_GOLDEN'] !== undefined) writeFileSync(file, page);
  assert.equal(page, readFileSync(file, 'utf8'));
}

/** The page, which our own rules for writers accept in both formats. */
function checkedPage(reading: Reading, options: Partial<PageOptions> = {}): string {
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

test(
  "the basic page is the peer's but for the listed differences",
  {
    skip: skipWithoutConformance,
  },
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
      const ours = series(readFileSync(join(GOLDEN, `${kind}.basic.txt`), 'utf8'));
      const theirs = series(
        readFileSync(conformancePath('task-metadata', 'snapshots', `${kind}_metrics.txt`), 'utf8'),
      );
      return [...new Set([...ours.keys(), ...theirs.keys()])]
        .filter((key) => !(Math.abs((ours.get(key) ?? NaN) / (theirs.get(key) ?? NaN) - 1) <= 1e-9))
        .filter((key) => !(ours.get(key) === 0 && theirs.get(key) === 0))
        .map((key) => key.replace(/\{.*/, ''));
    };
    assert.deepEqual(differences('fargate'), ['ecs_up']);
    assert.deepEqual(
      new Set(differences('ec2').map((name) => name.replace(/^ecs_network_.*/, 'ecs_network_*'))),
      new Set(['ecs_up', 'ecs_container_memory_page_cache_size_bytes', 'ecs_network_*']),
    );
  },
);

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
