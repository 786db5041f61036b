/**
 * The whole road with the real commands as processes: exact counts at the other end, even when the
 * collector is killed in between; and beside a real Prometheus with the same configuration.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { PANELS } from '../../src/page/panels.ts';
import { skipUnlessPeer } from '../kit/peers.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { until } from '../kit/waiting.ts';
import { freePort, query, type Running, startAmperage, startProgram } from '../kit/processes.ts';

const KEYS = { WORKSPACE_ACCESS_KEY: 'AKIATESTONLY', WORKSPACE_SECRET_KEY: 'only-for-tests' };

function configuration(jobs: Record<string, string>, workspaceUrl: string): string {
  const scrapes = Object.entries(jobs).map(
    ([job, url]) =>
      `  - job_name: ${job}\n    static_configs: [{ targets: ['${new URL(url).host}'] }]\n`,
  );
  return `global: { scrape_interval: 1s, scrape_timeout: 900ms }
scrape_configs:
${scrapes.join('')}remote_write:
  - url: ${workspaceUrl}/workspaces/ws-local/api/v1/remote_write
    sigv4: { region: us-east-1, access_key: ${KEYS.WORKSPACE_ACCESS_KEY}, secret_key: ${KEYS.WORKSPACE_SECRET_KEY} }
    queue_config: { batch_send_deadline: 500ms }
`;
}

function startCollector(context: TestContext, folder: string): Promise<Running> {
  return startAmperage(context, 'collect', [
    '--config.file',
    path.join(folder, 'prometheus.yml'),
    '--storage.path',
    path.join(folder, 'queue'),
  ]);
}

async function served(app: Running): Promise<number> {
  return ((await (await fetch(`${app.url}/served`)).json()) as { requests: number }).requests;
}

/**
 * Two scrapers meet a process at different moments, and its CPU time comes in bursts; over ten
 * seconds the two agree only this far.
 */
const SPREAD = 0.3;

test('every request served is counted at the other end, even if the collector is killed in between', async (context) => {
  const folder = temporaryFolder(context);
  const app = await startAmperage(context, 'sample-app', [
    '--rate',
    '40',
    '--latency',
    'uniform:min=1,max=20',
    '--cpu-ms',
    '0',
  ]);
  const workspace = await startAmperage(
    context,
    'workspace',
    ['--storage.path', path.join(folder, 'data')],
    KEYS,
  );
  writeFileSync(
    path.join(folder, 'prometheus.yml'),
    configuration({ app: app.url }, workspace.url),
  );
  const counted = async (): Promise<number> =>
    Number((await query(workspace.url, 'http_requests_total'))[0]?.value?.[1] ?? NaN);

  const first = await startCollector(context, folder);
  await until('some samples have arrived', 15_000, async () => (await counted()) > 20);
  const killedAt = Date.now() / 1_000;
  first.child.kill('SIGKILL');
  await first.exited;
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await startCollector(context, folder);
  const backAt = Date.now() / 1_000;
  await new Promise((resolve) => setTimeout(resolve, 6_000));

  const before = await served(app);
  let after = 0;
  await until('the counter in the workspace has what was served', 15_000, async () => {
    after = await counted();
    return after >= before;
  });
  assert.ok(after <= (await served(app)), 'never more than was served');

  const [up] = await query(workspace.url, 'up{job="app"}[10m]');
  const times = (up?.values ?? []).map(([time]) => time);
  assert.ok(times.length >= 6, String(times.length));
  assert.equal(new Set(times).size, times.length, 'no scrape is stored twice');
  for (let i = 1; i < times.length; i++) {
    const gap = times[i]! - times[i - 1]!;
    const isTheKill = times[i - 1]! <= killedAt + 1 && times[i]! >= backAt - 1;
    assert.ok(
      gap < 1.9 || isTheKill,
      `a hole of ${gap} s that is not the time the collector was down`,
    );
  }
});

test('the count is exact when the load has ended', async (context) => {
  const folder = temporaryFolder(context);
  const app = await startAmperage(context, 'sample-app', [
    '--rate',
    '0',
    '--latency',
    'constant:ms=1',
    '--cpu-ms',
    '0',
  ]);
  const workspace = await startAmperage(
    context,
    'workspace',
    ['--storage.path', path.join(folder, 'data')],
    KEYS,
  );
  writeFileSync(
    path.join(folder, 'prometheus.yml'),
    configuration({ app: app.url }, workspace.url),
  );
  await startCollector(context, folder);
  await until(
    'the counter stands at 0',
    15_000,
    async () => (await query(workspace.url, 'http_requests_total'))[0]?.value?.[1] === '0',
  );
  for (let i = 0; i < 137; i++) await fetch(`${app.url}/work`);
  const increase =
    'max_over_time(http_requests_total[10m]) - min_over_time(http_requests_total[10m])';
  await until(
    'the increase is 137',
    15_000,
    async () => (await query(workspace.url, increase))[0]?.value?.[1] === '137',
  );
  assert.equal(await served(app), 137);
  const buckets = await query(workspace.url, 'request_duration_milliseconds_bucket');
  assert.deepEqual(
    buckets.map(({ metric }) => metric['le']).toSorted((a = '', b = '') => a.localeCompare(b)),
    ['+Inf', '1000.0', '2500.0', '500.0', '5000.0'],
  );
});

test('a real Prometheus with the same configuration agrees, and promtool accepts every exposition of ours', async (context) => {
  const peers = skipUnlessPeer(context, 'prometheus', 'promtool', 'prometheus-node-exporter');
  if (peers === undefined) return;
  const folder = temporaryFolder(context);
  const emulator = await startAmperage(context, 'emulate', []);
  const app = await startAmperage(context, 'sample-app', [
    '--rate',
    '30',
    '--latency',
    'uniform:min=1,max=900',
    '--cpu-ms',
    '4',
  ]);
  const task = {
    cluster: 'c',
    family: 'f',
    cpu: 1,
    memoryMiB: 512,
    containers: [{ name: 'webapp', pid: app.child.pid }],
  };
  const told = await fetch(`${emulator.url}/_emulator/tasks/${'0'.repeat(32)}`, {
    method: 'PUT',
    body: JSON.stringify(task),
  });
  const { containers } = (await told.json()) as { containers: { metadataUri: string }[] };
  const exporter = await startAmperage(context, 'exporter', [], {
    ECS_CONTAINER_METADATA_URI_V4: containers[0]!.metadataUri,
  });
  const nodePort = await freePort();
  const node = await startProgram(
    context,
    peers['prometheus-node-exporter'],
    [`--web.listen-address=127.0.0.1:${nodePort}`],
    nodePort,
    '/metrics',
  );
  const workspace = await startAmperage(
    context,
    'workspace',
    ['--storage.path', path.join(folder, 'data')],
    KEYS,
  );
  const config = path.join(folder, 'prometheus.yml');
  writeFileSync(
    config,
    configuration({ app: app.url, exporter: exporter.url, node: node.url }, workspace.url),
  );
  const collector = await startCollector(context, folder);
  // The same configuration file; Prometheus' own samples go to a workspace of their own.
  const second = await startAmperage(
    context,
    'workspace',
    ['--storage.path', path.join(folder, 'second')],
    KEYS,
  );
  const theirs = path.join(folder, 'theirs.yml');
  writeFileSync(
    theirs,
    configuration({ app: app.url, exporter: exporter.url, node: node.url }, second.url),
  );
  const port = await freePort();
  const prometheus = await startProgram(
    context,
    peers.prometheus,
    [
      `--config.file=${theirs}`,
      `--storage.tsdb.path=${path.join(folder, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    port,
    '/-/ready',
  );
  await new Promise((resolve) => setTimeout(resolve, 20_000));

  const time = Date.now() / 1_000 - 2;
  for (const panelQuery of PANELS.flatMap(({ queries }) => queries)) {
    // A window that both have filled, though they began at different times.
    const expression = panelQuery.query.replaceAll('[1m]', '[10s]');
    const ours = await query(workspace.url, expression, time);
    const reference = await query(prometheus.url, expression, time);
    assert.ok(reference.length > 0, expression);
    assert.deepEqual(
      ours.map(({ metric }) => metric),
      reference.map(({ metric }) => metric),
      expression,
    );
    ours.forEach(({ value }, i) => {
      const [a, b] = [Number(value![1]), Number(reference[i]!.value![1])];
      assert.ok(
        Math.abs(a - b) <= SPREAD * Math.abs(b) + 1e-9,
        `${expression}: ${a} here, ${b} in Prometheus`,
      );
    });
    // What Prometheus sent through the signing proxy must answer queries as what it stored itself
    // does.
    const sent = await query(second.url, expression, time);
    assert.deepEqual(
      sent.map(({ metric }) => metric),
      reference.map(({ metric }) => metric),
      expression,
    );
  }
  const [scraped] = await query(workspace.url, 'scrape_samples_scraped{job="node"}');
  const [kept] = await query(workspace.url, 'count({job="node"})');
  assert.equal(
    Number(kept!.value![1]) - 5,
    Number(scraped!.value![1]),
    'node-exporter is stored whole',
  );
  const [reference] = await query(prometheus.url, 'scrape_samples_scraped{job="node"}');
  assert.ok(Math.abs(Number(reference!.value![1]) - Number(scraped!.value![1])) <= 5);
  const refused = await (await fetch(`${second.url}/metrics`)).text();
  assert.doesNotMatch(
    refused,
    /workspace_write_requests_total\{status="[45]/,
    'no write of Prometheus was refused',
  );

  for (const { url } of [app, exporter, workspace, collector, emulator]) {
    const page: string = await (await fetch(`${url}/metrics`)).text();
    const { stderr }: { stderr: string } = spawnSync(peers.promtool, ['check', 'metrics'], {
      input: page,
      encoding: 'utf8',
    });
    // The one remark is about the name that published articles gave the histogram.
    const remarks = stderr
      .split('\n')
      .filter(
        (line) => line !== '' && !line.startsWith('request_duration_milliseconds use base unit'),
      );
    assert.deepEqual(remarks, []);
  }
});
