/**
 * `amperage discover` as a process against the emulator, in place of the programs whose flags and
 * variables it accepts: files and HTTP, shards, explanations. A real Prometheus reads its targets
 * in both ways and scrapes them.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { type EmulatedAws, startEmulatedAws } from '../kit/emulated-aws.ts';
import { skipUnlessPeer } from '../kit/peers.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { until } from '../kit/waiting.ts';
import { freePort, query, startAmperage, startProgram } from '../kit/processes.ts';

const MAIN = path.resolve(import.meta.dirname, '../../src/main.ts');
const run = promisify(execFile);
let aws: EmulatedAws;
before(async () => {
  aws = await startEmulatedAws();
});
after(() => aws.close());

function environment(): Record<string, string> {
  return {
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: aws.url,
    AWS_ACCESS_KEY_ID: aws.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: aws.credentials.secretAccessKey,
  };
}

/** Makes a cluster with one labelled task at this port of the loopback. */
function makeCluster(name: string, port: number): void {
  const { ecs } = aws.account;
  const dockerLabels = {
    PROMETHEUS_EXPORTER_PORT: String(port),
    PROMETHEUS_EXPORTER_JOB_NAME: 'app',
  };
  ecs.register(name, [
    { name: 'app', image: 'app:1', dockerLabels },
    { name: 'helper', image: 'helper:1' },
  ]);
  ecs.run(ecs.createCluster(name), { taskDefinition: name, address: '127.0.0.1' });
}

test('the command line of prometheus-ecs-discovery writes its file and ends when told', async (context) => {
  makeCluster('once', 3000);
  const file = path.join(temporaryFolder(context), 'sub', 'ecs_file_sd.yml');
  const port = await freePort();
  const flags = ['-config.cluster', 'once', '-config.write-to', file, '-config.scrape-times=1'];
  await run(
    process.execPath,
    [
      MAIN,
      'discover',
      '--web.listen-address',
      `127.0.0.1:${port}`,
      ...flags,
      '-config.scrape-interval',
      '1m0s',
    ],
    { env: { ...process.env, ...environment() }, timeout: 30_000 },
  );
  const [entry] = JSON.parse(readFileSync(file, 'utf8')) as {
    targets: string[];
    labels: Record<string, string>;
  }[];
  assert.deepEqual(entry?.targets, ['127.0.0.1:3000']);
  assert.deepEqual(Object.keys(entry.labels).toSorted(), [
    'cluster_arn',
    'container_arn',
    'container_name',
    'docker_image',
    'job',
    'task_arn',
    'task_group',
    'task_name',
    'task_revision',
  ]);
});

test('explain tells about every container', async () => {
  makeCluster('why', 3000);
  const { stdout } = await run(
    process.execPath,
    [MAIN, 'discover', 'explain', '--clusters', 'why', 'family:why'],
    { env: { ...process.env, ...environment() }, timeout: 30_000 },
  );
  assert.match(
    stdout,
    /\(family:why\)\n {2}app: target 127\.0\.0\.1:3000, by docker label PROMETHEUS/,
  );
  assert.match(stdout, /helper: no target, no_rule: no service/);
  assert.match(stdout, /1 targets, 1 that are none/);
});

test('explain ends at once for a cluster that does not exist, or a task that none matches', async () => {
  makeCluster('why-not', 3000);
  for (const [given, words] of [
    [['--clusters', 'nope'], /^amperage: there is no cluster nope in .*\[DISCOVERY_INCOMPLETE\]/m],
    [['--clusters', 'why-not', 'zzz'], /no task matches "zzz" \[TASK_UNKNOWN\]/],
  ] as const) {
    const ended = await run(process.execPath, [MAIN, 'discover', 'explain', ...given], {
      env: { ...process.env, ...environment() },
      timeout: 30_000,
    }).then(
      () => assert.fail('it ended well'),
      (error: unknown) => error as { readonly code: number; readonly stderr: string },
    );
    assert.match(ended.stderr, words);
    assert.equal(ended.code, 2);
  }
});

test('explain ends at once where no source gives credentials, and says what is to be set', async (context) => {
  const env = Object.fromEntries(
    Object.entries(environment()).filter(([name]) => !name.startsWith('AWS_ACCESS_KEY')),
  );
  const home = temporaryFolder(context);
  const given = ['discover', 'explain', '--clusters', 'why', '--region', 'us-east-1'];
  const ended = await run(process.execPath, [MAIN, ...given], {
    env: { ...env, PATH: process.env['PATH'], HOME: home, AWS_EC2_METADATA_DISABLED: 'true' },
    timeout: 30_000,
  }).then(
    () => assert.fail('it ended well'),
    (error: unknown) => error as { readonly code: number; readonly stderr: string },
  );
  assert.match(ended.stderr, /remedy="none are set: give the task definition a task role /);
  assert.match(ended.stderr, /^amperage: ecs:\w+: no AWS credentials .*\[DISCOVERY_INCOMPLETE\]/m);
  assert.equal(ended.code, 2);
});

test('shards divide the targets, and every target falls to one shard', async (context) => {
  const { ecs } = aws.account;
  makeCluster('many', 3000);
  for (let i = 0; i < 30; i++)
    ecs.run(ecs.cluster('many'), { taskDefinition: 'many', address: `10.5.0.${i}` });
  const discover = await startAmperage(context, 'discover', ['--clusters', 'many'], environment());
  const addresses = async (search: string): Promise<string[]> => {
    const answer = await fetch(`${discover.url}/prometheus-targets${search}`);
    assert.equal(answer.status, 200);
    return ((await answer.json()) as { targets: string[] }[]).flatMap((one) => one.targets);
  };
  const all = await addresses('');
  assert.equal(all.length, 31);
  const shards = await Promise.all([0, 1, 2].map((i) => addresses(`?shard=${i}/3`)));
  assert.deepEqual(shards.flat().toSorted(), all.toSorted());
  assert.ok(shards.every((shard) => shard.length > 3));
  assert.equal((await fetch(`${discover.url}/prometheus-targets?shard=3/3`)).status, 400);
  assert.match(
    await (await fetch(`${discover.url}/explain`)).text(),
    /31 targets, 31 that are none/,
  );
});

test('while a list is not whole, requests are refused with what it lacks, and no file is written', async (context) => {
  makeCluster('partly', 3000);
  const { trouble } = aws.cloud;
  const file = path.join(temporaryFolder(context), 'targets.json');
  context.after(() => void trouble.set({}));
  const [needed, optional] = ['DescribeTaskDefinition', 'DescribeClusters'].map((action) => ({
    action,
    code: 'AccessDeniedException',
  }));
  trouble.set({ faults: [needed, optional] });
  const port = await freePort();
  const listen = ['--web.listen-address', `127.0.0.1:${port}`, '--write-to', file];
  const flags = ['discover', '--clusters', 'partly', '--refresh-interval', '1s', ...listen];
  const discover = await startProgram(
    context,
    process.execPath,
    [MAIN, ...flags],
    port,
    '/-/healthy',
    environment(),
  );
  const url = `${discover.url}/prometheus-targets`;
  const needs =
    /job "ecs" \(partly\): ecs:DescribeTaskDefinition: .*needs ecs:DescribeTaskDefinition/;
  await until('the reason', 10_000, async () => needs.test(await (await fetch(url)).text()));
  assert.equal((await fetch(url)).status, 503);
  assert.equal((await fetch(`${url}?job=nobody`)).status, 404);
  assert.match(
    await (await fetch(`${discover.url}/explain`)).text(),
    /no target, no_definition.*\nnot known, failed: ecs:DescribeTaskDefinition/s,
  );
  const metrics = await (await fetch(`${discover.url}/metrics`)).text();
  assert.match(
    metrics,
    /^amperage_sd_lacking\{config="ecs",mechanism="amperage_ecs",what="ecs:DescribeTaskDefinition",cause="failed"\} 1$/m,
  );
  assert.equal(existsSync(file), false);
  trouble.set({ faults: [optional] });
  await until('the list', 10_000, async () => (await fetch(url)).status === 200);
  await until('the file', 5_000, () => existsSync(file));
  assert.match(discover.output(), /ecs:DescribeClusters is denied to the role in use; without it/);
});

test('in file mode a reloader finds its files, and a failed start ends no target', async (context) => {
  const folder = temporaryFolder(context);
  const { deployment } = aws;
  const { deploy } = await import('../../src/commands/demo/deployment.ts');
  await deploy(deployment);
  const discover = await startAmperage(context, 'discover', [], {
    ...environment(),
    SERVICE_DISCOVERY_MODE: 'FILE_BASED',
    CONFIG_FILE_DIR: folder,
    CONFIG_RELOAD_FREQUENCY: '1',
    DISCOVERY_NAMESPACES_PARAMETER_NAME: deployment.namespacesParameter,
    PROMETHEUS_CONFIG_PARAMETER_NAME: deployment.namespacesParameter,
  });
  const file = path.join(folder, 'ecs-services.json');
  // It is ready when targets are known; the file is written a moment later.
  await until('the file', 5_000, () => existsSync(file));
  const text = readFileSync(file, 'utf8');
  const entries = JSON.parse(text) as { targets: string[]; labels: Record<string, string> }[];
  assert.deepEqual(Object.keys(entries[0]!.labels), [
    '__metrics_path__',
    'instance',
    'cluster',
    'service',
    'namespace',
    'taskdefinition',
    'taskid',
  ]);
  assert.match(readFileSync(path.join(folder, 'prometheus.yaml'), 'utf8'), /ecs-services/);
  aws.cloud.trouble.set({ faults: [{ code: 'AccessDeniedException' }] });
  context.after(() => void aws.cloud.trouble.set({}));
  await until('failures', 15_000, async () => {
    const metrics = await (await fetch(`${discover.url}/metrics`)).text();
    return /refresh_failures_total\{.*\} [2-9]/.test(metrics);
  });
  assert.equal(readFileSync(file, 'utf8'), text);
});

test('Prometheus, fed by our file_sd and by our http_sd, scrapes the tasks', async (context) => {
  const peers = skipUnlessPeer(context, 'prometheus');
  if (peers === undefined) return;
  const folder = temporaryFolder(context);
  const app = await startAmperage(context, 'sample-app', ['--rate', '5']);
  makeCluster('fed', Number(new URL(app.url).port));
  const targets = path.join(folder, 'ecs_file_sd.yml');
  const discover = await startAmperage(
    context,
    'discover',
    ['-config.cluster', 'fed', '-config.write-to', targets],
    environment(),
  );
  const config = path.join(folder, 'prometheus.yml');
  writeFileSync(
    config,
    `global: { scrape_interval: 1s }
scrape_configs:
  - job_name: by-file
    file_sd_configs: [{ files: ['${targets}'] }]
    relabel_configs: [{ target_label: by, replacement: file }]
  - job_name: by-http
    http_sd_configs: [{ url: '${discover.url}/prometheus-targets', refresh_interval: 1s }]
    relabel_configs: [{ target_label: by, replacement: http }]
`,
  );
  const port = await freePort();
  const prometheus = await startProgram(
    context,
    peers.prometheus,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    port,
    '/-/ready',
  );
  for (const by of ['file', 'http'])
    await until(`up by ${by}`, 20_000, async () => {
      const [one] = await query(prometheus.url, `up{job="app",by="${by}",container_name="app"}`);
      return one?.value?.[1] === '1';
    });
});
