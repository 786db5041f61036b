/**
 * Every query of the dashboards, asked of a workspace that real commands have filled: an
 * application under load, the exporter beside it, and a collector that discovers both, scrapes
 * itself too, and suffers what its panels show: targets that are down, refusals and losses.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { AwsError } from '../../src/emulator/service.ts';
import { PROFILE_NAMES } from '../../src/exporter/profiles.ts';
import { type AskedWorkspace, findUnanswered, listQueries } from '../kit/dashboard-answers.ts';
import { type EmulatedAws, startEmulatedAws } from '../kit/emulated-aws.ts';
import { onEnd } from '../kit/ending.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { serve } from '../kit/listen.ts';
import { peer } from '../kit/peers.ts';
import { freePort, query, type Running, startAmperage, startProgram } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';

const SHAPE = path.resolve(import.meta.dirname, '../golden/exporter/shapes/everything.json');
/** On EC2 alone there is one; a query of its metrics is asked where it is installed. */
const NODE_EXPORTER = peer('prometheus-node-exporter');
const ANSWERED_MAX_MS = 120_000;
/** Targets are scraped each second. */
const BUILT_IN = { __rate_interval: '15s', __range: '60s' };

/** The statistics of a task, whose counters have grown by each figure's worth since. */
function grow(value: unknown, times: number, key = ''): unknown {
  if (Array.isArray(value)) return value.map((one) => grow(one, times, key));
  if (typeof value === 'number') return COUNTERS.test(key) ? value * times : value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, grow(one, times, name)]),
  );
}
const COUNTERS =
  /^(?:value|total_usage|usage_in_\w+|percpu_usage|system_cpu_usage|\w*periods|throttled_time|[rt]x_(?:bytes|packets|errors|dropped)|pg\w*fault)$/;

interface Shape {
  readonly metadata: { readonly Containers: readonly object[] };
  readonly stats: Readonly<Record<string, object | null>>;
}

/** Answers as an agent does for a task of Fargate with all figures, which grow. */
async function serveTask(context: TestContext): Promise<string> {
  const text = readFileSync(SHAPE, 'utf8').replace('"Name": "app"', '"Name": "webapp"');
  const { metadata, stats } = JSON.parse(text) as Shape;
  let times = 1;
  const { url } = await serve(context, (request, response) => {
    times += 0.1;
    const [read, preread] = [Date.now(), Date.now() - 10_000].map((ms) =>
      new Date(ms).toISOString(),
    );
    const grown = Object.entries(stats).map(([id, one]) => [
      id,
      one === null ? null : { ...(grow(one, times) as object), read, preread },
    ]);
    const isStats = request.url?.endsWith('/stats') === true;
    response.end(JSON.stringify(isStats ? Object.fromEntries(grown) : metadata));
  });
  return url;
}

/** A cluster with a task of the application and its exporter, and one that cannot be reached. */
function runTasks({ account }: EmulatedAws, app: Running, exporter: Running, dead: number): void {
  const labelled = (name: string, port: string): object => ({
    name,
    image: `${name}:1`,
    dockerLabels: { PROMETHEUS_EXPORTER_PORT: port },
  });
  const { ecs } = account;
  const cluster = ecs.createCluster('prod');
  const portOf = ({ url }: Running): string => new URL(url).port;
  const web = [labelled('webapp', portOf(app)), labelled('exporter', portOf(exporter))];
  ecs.register('web', web as Parameters<typeof ecs.register>[1]);
  ecs.register('dead', [labelled('dead', String(dead))] as Parameters<typeof ecs.register>[1]);
  for (const name of ['web', 'dead'])
    ecs.run(cluster, { taskDefinition: name, address: '127.0.0.1', group: `service:${name}` });
}

/** Some calls fail: one denied for good, one failed or throttled each few times. */
function troubleCalls({ cloud }: EmulatedAws): void {
  let listed = 0;
  cloud.trouble.strike = (action) => {
    if (action === 'DescribeServices') throw new AwsError('AccessDeniedException', 'denied', 400);
    if (action === 'AssumeRole') throw new AwsError('AccessDenied', 'denied', 403);
    if (action === 'PutLogEvents') throw new AwsError('InvalidParameterException', 'no', 400);
    if (action === 'ListTasks' && ++listed % 4 === 3)
      throw new AwsError('ServerException', 'no', 500);
    if (action === 'ListTasks' && listed % 4 === 2)
      throw new AwsError('ThrottlingException', 'Rate exceeded', 400);
    return undefined;
  };
}

const configure = (own: number, node: number, workspace: string): string => `global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:
  - job_name: ecs
    amperage_ecs_sd_configs:
      - region: us-east-1
        clusters: [prod]
        refresh_interval: 1s
        service_details: true
        docker_labels:
          - port_label: PROMETHEUS_EXPORTER_PORT
    relabel_configs:
      - { source_labels: [__meta_ecs_cluster_name], target_label: cluster }
      - { source_labels: [__meta_ecs_service_name], target_label: service }
      - { source_labels: [__meta_ecs_task_id], target_label: taskid }
  - job_name: itself
    static_configs: [{ targets: ['127.0.0.1:${own}'] }]
  - job_name: node
    static_configs: [{ targets: ['127.0.0.1:${node}'] }]
remote_write:
  - url: ${workspace}/workspaces/ws-local/api/v1/remote_write
    sigv4: { region: us-east-1 }
    queue_config: { batch_send_deadline: 1s }
  - url: ${workspace}/workspaces/ws-local/api/v1/remote_write
    name: without-credentials
    sigv4: { region: us-east-1, role_arn: 'arn:aws:iam::000000000000:role/denied' }
emf_write:
  - namespace: tried
    region: us-east-1
    log_group_name: /tried
    metric_declarations:
      - { dimensions: [[job]], metric_name_selectors: ['^http_requests_total$'] }
    queue_config: { batch_send_deadline: 1s }
`;

async function setFaults(workspace: Running, faults: readonly unknown[]): Promise<void> {
  const body = JSON.stringify(faults);
  const answer = await fetch(`${workspace.url}/_workspace/faults`, { method: 'PUT', body });
  assert.equal(answer.status, 200);
}

async function fillWorkspace(context: TestContext): Promise<Running> {
  const folder = temporaryFolder(context);
  const aws = await startEmulatedAws();
  onEnd(context, () => aws.close());
  const { accessKeyId, secretAccessKey } = aws.credentials;
  const workspace = await startAmperage(
    context,
    'workspace',
    ['--storage.path', path.join(folder, 'workspace'), '--workspace-id', 'ws-local'],
    { WORKSPACE_ACCESS_KEY: accessKeyId, WORKSPACE_SECRET_KEY: secretAccessKey },
  );
  const app = await startAmperage(context, 'sample-app', ['--rate', '20']);
  const profiles = PROFILE_NAMES.filter((name) => !name.startsWith('ecs_exporter_v'));
  const exporter = await startAmperage(context, 'exporter', ['--profile', ...profiles], {
    ECS_CONTAINER_METADATA_URI_V4: await serveTask(context),
  });
  const node = await freePort();
  if (NODE_EXPORTER !== undefined) {
    const given = [`--web.listen-address=127.0.0.1:${node}`];
    await startProgram(context, NODE_EXPORTER, given, node, '/metrics');
  }
  runTasks(aws, app, exporter, await freePort());
  troubleCalls(aws);
  const own = await freePort();
  const file = path.join(folder, 'prometheus.yml');
  writeFileSync(file, configure(own, node, workspace.url));
  const flags = ['--config.file', file, '--storage.path', path.join(folder, 'queue')];
  await startAmperage(
    context,
    'collect',
    flags,
    {
      AWS_ENDPOINT_URL: aws.url,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
    own,
  );
  await until('samples arrive', ANSWERED_MAX_MS, async () => {
    const found = await query(workspace.url, 'ecs_up == 1 and on () up{job="itself"} == 1');
    return found.length > 0;
  });
  // A request that is refused for good is lost, and counted.
  await setFaults(workspace, [{ kind: 'status', status: 400, share: 1 }]);
  await until('samples are lost', ANSWERED_MAX_MS, async () => {
    const answer = await fetch(`http://127.0.0.1:${own}/metrics`);
    return (await answer.text()).includes('prometheus_remote_storage_samples_dropped_total{');
  });
  await setFaults(workspace, []);
  return workspace;
}

test('each query of the dashboards is answered by what real commands have written', async (context) => {
  assert.ok(NODE_EXPORTER ?? process.env['CI'] === undefined, 'node-exporter is not installed');
  const workspace = await fillWorkspace(context);
  const asked: AskedWorkspace = {
    query: (expression) => query(workspace.url, expression),
    labelValues: async (label, selector) => {
      const parameters = new URLSearchParams({ 'match[]': selector });
      const url = `${workspace.url}/api/v1/label/${label}/values?${parameters.toString()}`;
      return ((await (await fetch(url)).json()) as { data: readonly string[] }).data;
    },
  };
  let all: Awaited<ReturnType<typeof listQueries>> = [];
  await until('each variable has a value', ANSWERED_MAX_MS, async () => {
    all = await listQueries(asked, BUILT_IN).catch(() => []);
    return all.length > 0;
  });
  const queries = all.filter(
    ({ expression }) => NODE_EXPORTER !== undefined || !expression.includes('node_'),
  );
  let faults: ReadonlyMap<string, string> = new Map();
  const isAll = async (): Promise<boolean> => {
    faults = await findUnanswered(asked, queries);
    return faults.size === 0;
  };
  await until('each query is answered', ANSWERED_MAX_MS, isAll).catch(() => undefined);
  assert.deepEqual([...faults], []);
  context.diagnostic(`${queries.length} queries were asked`);
});
