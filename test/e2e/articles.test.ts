/**
 * What five published articles about metrics of ECS show: each command line, task definition,
 * configuration, policy and query is read from its article, and runs with our commands until its
 * result is seen. Changed are only the names that a reader puts in, and the folders of volumes.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { parse, stringify } from 'yaml';
import { listArtefacts, readDockerRun, skipWithoutArticles } from '../kit/articles.ts';
import { onEnd } from '../kit/ending.ts';
import { TURNS_MAX_MS } from '../kit/fixed-ports.ts';
import { MAIN, query, type Series } from '../kit/processes.ts';
import {
  type ContainerDefinition,
  EXPORTER_TAGS,
  isHealthy,
  openPublishedPlace,
  type PublishedPlace,
  readContainers,
  readPublished,
  registerServices,
  tellAgent,
  untilWritten,
  WEBAPP_TAGS,
} from '../kit/published-tasks.ts';
import { until } from '../kit/waiting.ts';

const BY_TURNS = { skip: skipWithoutArticles, timeout: TURNS_MAX_MS };
const AMP = 'https://aps-workspaces.us-east-1.amazonaws.com/workspaces/ws-1/';

/** Each artefact, by article and heading, with what it is: the tests below take all that run. */
const ARTEFACTS: Readonly<Record<string, string>> = {
  '1: ECS Task Definitions': 'two containers',
  '1: ECS Task IAM Policy': 'policy',
  '1: Prometheus Config': 'configuration',
  '2: 2)': 'not ours: policy of Grafana',
  '2: 3)': 'not ours: Grafana',
  '2: 4)': 'policy',
  '2: 4) (2)': 'command line of the proxy',
  '2: 4) (3)': 'command line of the application',
  '2: 4) (4)': 'scrape by hand',
  '2: 5)': 'configuration',
  '2: 5) (2)': 'command line of Prometheus',
  '3: Example output': 'page of an exporter',
  '4: 1.': 'secret of a container',
  '4: 2.': 'configuration',
  '4: 3.': 'container',
  '4: 4.': 'container',
  '4: 4. (2)': 'list of targets',
  '4: variable AWS_XRAY_DAEMON_ADDRESS': 'variable',
  '4: query': 'query',
  '4: query (2)': 'query',
  '4: query (3)': 'query',
  '4: query (4)': 'query',
  '5: Deploy': 'not ours: script',
  '5: Deploy (2)': 'not ours: script',
  '5: Deploy (3)': 'not ours: script',
  '5: Deploy (4)': 'not ours: script',
  '5: Deploy (5)': 'not ours: script',
  '5: Deploy (6)': 'not ours: script',
  '5: Deploy (7)': 'not ours: script',
  '5: Cleanup': 'not ours: script',
  '5: query': 'query',
  '5: query (2)': 'query',
  '5: query (3)': 'query',
};

const taken = new Set<string>();

/** The text of an artefact; the start of its name is enough where it is one's alone. */
function take(start: string): string {
  const all = Object.entries(listArtefacts());
  const [[name, text] = ['', ''], ...more] = all.some(([one]) => one === start)
    ? all.filter(([one]) => one === start)
    : all.filter(([one]) => one.startsWith(start));
  assert.deepEqual([name === '', more], [false, []], start);
  taken.add(name);
  return text;
}

const fromDocker = (text: string): ContainerDefinition => readDockerRun(text.replaceAll('$ ', ''));

/** The actions, such as `ecs:List*`, that a policy allows, as a pattern. */
function readPolicy(text: string): RegExp {
  const { Statement } = JSON.parse(text) as { Statement: { Action: string[] }[] };
  const actions = Statement.flatMap(({ Action }) => Action);
  return new RegExp(`^(?:${actions.join('|').replaceAll('*', '.*')})$`);
}

/** What the permissions of the calls of S3 are called. */
const CALLS_OF_S3: Readonly<Record<string, string>> = { 'S3 GET': 's3:GetObject' };

test('1: discovery into a file, configuration from S3, signed by the server itself', BY_TURNS, async (context) => {
  const place = await openPublishedPlace(context);
  const { aws } = place.map;
  const asked = new Set<string>();
  place.map.onCall((action) => void asked.add(CALLS_OF_S3[action] ?? `ecs:${action}`));
  const { ecs } = aws.account;
  const dockerLabels = { PROMETHEUS_EXPORTER_PORT: '3000' };
  ecs.register('web', [{ name: 'app', image: 'app:1', dockerLabels }]);
  ecs.run(ecs.createCluster('prod'), { taskDefinition: 'web', address: '127.0.0.1' });
  const task = take('1: ECS Task Definitions')
    .replace('<cluster-name>', 'prod')
    .replace('<s3-bucket>', 'config');
  const [discovery, server] = readContainers(place.fill(task));
  assert.ok(discovery && server);
  const printed = place
    .fill(take('1: Prometheus Config'))
    .replace('<amp-endpoint>', AMP)
    .replace('<aws-region>', 'us-east-1');
  // The page of the article shows dashes of typography.
  place.write('/etc/config/printed.yml', printed);
  const check = [MAIN, 'check', 'config', `${place.folder}/etc/config/printed.yml`];
  const { status, stdout } = spawnSync(process.execPath, check, { encoding: 'utf8' });
  assert.equal(status, 2);
  assert.equal(stdout.split('[CONFIG_EN_DASH]').length, 1 + printed.split('–').length - 1);
  const { url: endpoint, credentials } = aws;
  const s3 = new S3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true });
  onEnd(context, () => Promise.resolve(s3.destroy()));
  await s3.send(new CreateBucketCommand({ Bucket: 'config' }));
  const Body = printed.replaceAll('–', '-');
  await s3.send(new PutObjectCommand({ Bucket: 'config', Key: 'prometheus.yml', Body }));
  asked.clear();
  place.start({ name: 'app', image: 'webapp' });
  place.start(discovery);
  await untilWritten(place, 'output/ecs_file_sd.yml');
  place.start(server);
  await place.arrived('http_requests_total{job="ecs"}');
  const policy = readPolicy(take('1: ECS Task IAM Policy'));
  for (const action of ['ecs:ListTasks', 's3:GetObject']) assert.ok(asked.has(action), action);
  const denied = [...asked].filter((action) => !policy.test(action));
  assert.deepEqual(denied, []);
}); // prettier-ignore

test('2: proxy at a port of its own, the server beside it, and its application', BY_TURNS, async (context) => {
  const place = await openPublishedPlace(context);
  const fourth = '2: 4)';
  const policy = readPolicy(take(fourth));
  for (const action of ['RemoteWrite', 'QueryMetrics']) assert.match(`aps:${action}`, policy);
  place.start(fromDocker(take(`${fourth} (2)`)));
  const app = take(`${fourth} (3)`);
  place.start(fromDocker(app.slice(app.indexOf('docker run'))));
  const page = /http:\S+/.exec(take(`${fourth} (4)`))?.[0];
  assert.equal(page, 'http://localhost/metrics');
  await until('the application is scraped by hand', 30_000, () =>
    isHealthy('http://localhost:3000/metrics'),
  );
  const config = take('2: 5)')
    .replace('172.31.21.133:80\'', "localhost:3000'")
    .replace('172.31.21.133:8005', 'localhost:8005')
    .replace(/ws-[X-]+/, 'ws-1');
  place.write('/etc/prometheus/prometheus.yml', config);
  place.start(fromDocker(take('2: 5) (2)')));
  await place.arrived('http_requests_total{job="prometheus", monitor="monitor"}');
  await place.arrived('up{instance="localhost:9090"} == 1');
  // As a dashboard asks, by the workspace's path.
  const proxied = await query('http://localhost:8005/workspaces/ws-1', 'count(up == 1)');
  assert.equal(proxied[0]?.value?.[1], '2');
}); // prettier-ignore

const byName = (a: string, b: string): number => a.localeCompare(b);

/** The name, type and label names of each metric of a page whose name begins with `ecs_`. */
function readShape(page: string): Map<string, string> {
  const shape = new Map<string, string>();
  const types = new Map(
    [...page.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(([, name = '', type = '']) => [name, type]),
  );
  for (const [, name = '', labels = ''] of page.matchAll(/^(ecs_\w+)\{(.*)\} /gm)) {
    const names = [...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label).toSorted(byName);
    shape.set(name, `${types.get(name) ?? ''} ${names.join()}`);
  }
  return shape;
}

test('3: the exporter of tasks serves each metric of the page that is shown', BY_TURNS, async (context) => {
  const place = await openPublishedPlace(context);
  const app = place.start({ name: 'webapp', image: 'webapp' });
  const task = { taskId: '3'.repeat(32), service: '', cluster: 'prod', family: 'web' };
  const agent = await tellAgent(place, task, app);
  const command = ['--profile', 'ecs_prometheus_exporter'];
  place.start({ name: 'exporter', image: 'ecs-exporter', command }, agent);
  const shown = readShape(take('3: Example output'));
  assert.ok(shown.size > 15, String(shown.size));
  // The page is of a task without a limit; the endpoint's figure for that is not served.
  assert.ok(shown.delete('ecs_mem_limit'));
  let served = new Map<string, string>();
  await until('all metrics are served', 30_000, async () => {
    const answer = await fetch('http://localhost:9779/metrics').catch(() => undefined);
    served = readShape((await answer?.text()) ?? '');
    return served.has('ecs_network_rx_rate');
  });
  assert.deepEqual(new Map([...served].filter(([name]) => shown.has(name))), shown);
}); // prettier-ignore

/** Asks a query of an article, whose quotes are typography and which leaves a bucket open. */
function ask({ workspace }: PublishedPlace, expression: string): Promise<Series[]> {
  const written = expression.replaceAll(/[“”]/g, '"').replace('BUCKET_VALUE', '500');
  return query(workspace.url, written);
}

test('4: targets over HTTP, the collector from a parameter, traces, and the queries', BY_TURNS, async (context) => {
  const place = await openPublishedPlace(context);
  type Group = { targets: string[]; labels: Record<string, string> };
  const shown = JSON.parse(take('4: 4. (2)').replaceAll('10.10.101.12', '127.0.0.1')) as Group[];
  const { taskid = '', cluster = '', service = '', taskdefinition = '' } = shown[0]?.labels ?? {};
  const task = { taskId: taskid, service, cluster, family: taskdefinition };
  await registerServices(place, { 'webapp-svc': { ...WEBAPP_TAGS, ...EXPORTER_TAGS } }, task);
  await place.putParameter('ECS-Namespaces', 'ecs-services');
  const config = parse(place.fill(readPublished('deploy-adot', 'otel-collector-config.yaml.template'))) as {
    receivers: { prometheus: { config: unknown } };
  };
  config.receivers.prometheus.config = parse(take('4: 2.'));
  await place.putParameter('otel-collector-config', stringify(config));
  const [, address = ''] = take('4: variable AWS_XRAY_DAEMON_ADDRESS').split('=');
  const app = { name: 'webapp', image: 'webapp' };
  const webapp = place.start(app, { AWS_XRAY_DAEMON_ADDRESS: address });
  const agent = await tellAgent(place, task, webapp);
  place.start(JSON.parse(take('4: 3.')) as ContainerDefinition, agent);
  place.start(JSON.parse(take('4: 4.')) as ContainerDefinition);
  const targets = 'http://localhost:9001/prometheus-targets';
  await until('the targets are served', 30_000, () => isHealthy(targets));
  const served = (await (await fetch(targets)).json()) as Group[];
  // Two targets at one address have two names here (decision 5).
  const exporter = shown.find(({ targets: [target] }) => target?.endsWith(':9779') === true);
  assert.ok(exporter);
  exporter.labels['instance'] = '127.0.0.1:9779';
  const byTarget = (a: Group, b: Group): number => byName(a.targets[0]!, b.targets[0]!);
  assert.deepEqual(served.toSorted(byTarget), shown.toSorted(byTarget));
  const { secrets } = JSON.parse(take('4: 1.')) as ContainerDefinition;
  assert.ok(secrets);
  place.start({ name: 'collector', image: 'aws-otel-collector', secrets });
  await until('a trace is in X-Ray', 60_000, async () => (await place.traces()) > 0);
  const charts = ['4: query', '4: query (2)', '4: query (3)', '5: query'].map(take);
  for (const chart of charts)
    await until(chart, 100_000, async () => (await ask(place, chart)).length > 0);
  await place.arrived('ecs_container_cpu_usage_seconds_total{container_name="webapp"}');
  // It is of another profile of the exporter; and nothing here runs on a node, or has that name.
  for (const chart of ['4: query (4)', '5: query (2)', '5: query (3)'].map(take))
    assert.deepEqual(await ask(place, chart), [], chart);
}); // prettier-ignore

test('no artefact of the articles is left out', { skip: skipWithoutArticles }, () => {
  const found = listArtefacts();
  assert.deepEqual(Object.keys(found).toSorted(), Object.keys(ARTEFACTS).toSorted());
  for (const [name, kind] of Object.entries(ARTEFACTS)) {
    assert.equal(taken.has(name), !kind.startsWith('not ours'), name);
    const line = /^(?:source \S+\.sh|aws cloudformation .*|\w+=\S+)$/;
    const lines = (found[name] ?? '').split('\n').filter((one) => one.trim() !== '');
    if (kind === 'not ours: script')
      for (const one of lines) assert.match(one.trim(), line, name);
  }
}); // prettier-ignore
