/**
 * `amperage collect` while it runs: reload by signal, by request and by itself; a broken
 * configuration changes nothing; and its API has the shapes of a real Prometheus.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { skipUnlessPeer } from '../kit/peers.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { until } from '../kit/waiting.ts';
import { freePort, startAmperage, startProgram } from '../kit/processes.ts';
import { startReceiver } from '../kit/receiver.ts';

const text = (address: string, sink: string, jobs: readonly string[], more = ''): string =>
  `global: { scrape_interval: 500ms, scrape_timeout: 400ms }
scrape_configs:
${jobs
  .map(
    (job) => `  - job_name: ${job}
    static_configs: [{ targets: ['${address}'] }]
    basic_auth: { username: u, password: very-secret }
`,
  )
  .join('')}remote_write:
  - url: ${sink}
    name: first
    queue_config: { batch_send_deadline: 200ms }
${more}`;

async function json(url: string): Promise<{ status: string; data: Record<string, unknown> }> {
  return (await (await fetch(url)).json()) as { status: string; data: Record<string, unknown> };
}

test('a reload touches only what changed, loses no scrape, and a broken file changes nothing', async (context) => {
  const folder = temporaryFolder(context);
  const receiver = await startReceiver(context);
  const app = await startAmperage(context, 'sample-app', ['--rate', '5']);
  const file = path.join(folder, 'prometheus.yml');
  const { host } = new URL(app.url);
  const put = (jobs: readonly string[], more = ''): void =>
    writeFileSync(file, text(host, `${receiver.server.url}/ours`, jobs, more));
  put(['stays', 'goes']);
  const collector = await startAmperage(context, 'collect', [
    '--config.file',
    file,
    '--storage.path',
    path.join(folder, 'queue'),
    '--web.enable-lifecycle',
    '--config.auto-reload-interval',
    '1s',
  ]);
  const jobs = async (): Promise<unknown> =>
    (await json(`${collector.url}/api/v1/scrape_pools`)).data['scrapePools'];
  const up = (job: string) => receiver.of('ours').get(`up{instance="${host}", job="${job}"}`) ?? [];
  await until(
    'both jobs are scraped',
    15_000,
    () => up('stays').length > 3 && up('goes').length > 3,
  );

  put(['stays', 'comes']);
  collector.child.kill('SIGHUP');
  await until('the new job is scraped', 10_000, () => up('comes').length > 2);
  await until('the old job has ended', 10_000, () => up('goes').at(-1)?.value === 'stale');
  assert.deepEqual(await jobs(), ['stays', 'comes']);

  writeFileSync(file, 'scrape_configs: [{ job_name: ');
  const refused = await fetch(`${collector.url}/-/reload`, { method: 'POST' });
  assert.equal(refused.status, 500);
  assert.match(await refused.text(), /prometheus\.yml:1:/);
  assert.deepEqual(await jobs(), ['stays', 'comes']);
  const metrics = await (await fetch(`${collector.url}/metrics`)).text();
  assert.match(metrics, /^prometheus_config_last_reload_successful 0$/m);

  put(
    ['stays'],
    `  - url: ${receiver.server.url}/second\n    queue_config: { batch_send_deadline: 200ms }\n`,
  );
  await until(
    'the second sink gets samples by itself',
    15_000,
    () => receiver.of('second').size > 3,
  );

  const times = up('stays').map(({ tMs }) => tMs);
  const gaps = times.slice(1).map((time, i) => time - times[i]!);
  // A little more than twice the interval, because the machine may be busy.
  assert.ok(Math.max(...gaps) < 1_100, `gaps: ${gaps.join()}`);
  assert.ok(!up('stays').some(({ value }) => value !== 1), 'no marker, no failure');
  assert.doesNotMatch(
    JSON.stringify(await json(`${collector.url}/api/v1/status/config`)),
    /very-secret/,
  );
  assert.doesNotMatch(collector.output(), /very-secret/);
});

/** The names of an object's fields and the types of their values; arrays by their first element. */
function describeShape(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [describeShape(value[0])];
  if (value === null || typeof value !== 'object') return typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, describeShape(one)]),
  );
}

test('the API has the shapes of a real Prometheus', async (context) => {
  const peers = skipUnlessPeer(context, 'prometheus');
  if (peers === undefined) return;
  const folder = temporaryFolder(context);
  const app = await startAmperage(context, 'sample-app', ['--rate', '5']);
  const receiver = await startReceiver(context);
  const file = path.join(folder, 'prometheus.yml');
  writeFileSync(file, text(new URL(app.url).host, `${receiver.server.url}/x`, ['job']));
  const port = await freePort();
  const storage = path.join(folder, 'theirs');
  const theirs = await startProgram(
    context,
    peers.prometheus,
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${storage}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    port,
    '/-/ready',
  );
  const own = ['--config.file', file, '--storage.path', path.join(folder, 'ours')];
  const ours = await startAmperage(context, 'collect', own);
  const isUp = async (url: string): Promise<boolean> =>
    JSON.stringify((await json(`${url}/api/v1/targets`)).data).includes('"health":"up"');
  await until('both have scraped', 15_000, async () => (await isUp(ours.url)) && isUp(theirs.url));
  for (const path of [
    'targets?state=active',
    'targets/metadata?metric=http_requests_total',
    'targets/metadata?limit=1',
    'scrape_pools',
    'metadata?metric=http_requests_total',
    'status/config',
    'status/buildinfo',
    'targets?state=dropped',
  ]) {
    const [a, b] = await Promise.all(
      [ours, theirs].map(({ url }) => json(`${url}/api/v1/${path}`)),
    );
    assert.deepEqual(describeShape(a), describeShape(b), path);
  }
  const bad = await fetch(`${ours.url}/api/v1/targets/metadata?limit=x`);
  assert.equal(bad.status, 400);
});
