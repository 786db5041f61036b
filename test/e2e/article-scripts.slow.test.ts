/**
 * The scripts of the published articles, as they are, by the real AWS CLI against the emulator: from
 * an empty account to graphs, followed when a service is scaled, and back to an empty account, with
 * our commands in the place of the articles' images.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  DescribeTasksCommand,
  ECSClient,
  ListTaskDefinitionsCommand,
  ListTasksCommand,
} from '@aws-sdk/client-ecs';
import { DiscoverInstancesCommand, ServiceDiscoveryClient } from '@aws-sdk/client-servicediscovery';
import { GetServiceGraphCommand, XRayClient } from '@aws-sdk/client-xray';
import { listAccount } from '../kit/account-contents.ts';
import { ArticleShell, type CliCall } from '../kit/article-shell.ts';
import { skipWithoutConformance } from '../kit/conformance.ts';
import type { EmulatedAws } from '../kit/emulated-aws.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { peer } from '../kit/peers.ts';
import { startAmperage } from '../kit/processes.ts';
import { skipWithoutAwsCli } from '../kit/python.ts';
import { queryWorkspace } from '../kit/signed-call.ts';
import { until } from '../kit/waiting.ts';

type Account = Pick<EmulatedAws, 'url' | 'credentials'>;

interface Article {
  readonly folder: string;
  /** What the README tells to source, and to do by hand, until all runs. */
  readonly create: readonly string[];
  /** The service that scrapes. */
  readonly collector: string;
  readonly tasks: number;
  /** Targets that are up for each task of the web application, and others. */
  readonly targets: { readonly aTask: number; readonly others: number };
  readonly hasTraces: boolean;
  readonly queries: readonly string[];
  readonly cleanUp: readonly string[];
  /** What the README's clean-up leaves of what it can take away. */
  readonly kept: Readonly<Record<string, number>>;
  readonly logGroups: readonly string[];
  readonly definitions: readonly string[];
}

const put = 'aws ssm put-parameter --type String';
const BASE = ['source env.sh', 'source iam.sh', 'source cloudmap.sh'];
const RUN = ['source task-definitions.sh', 'source services.sh'];
const CLEAN_UP = ['source cleanup-ecs.sh', 'source cleanup-cloudmap.sh', 'source cleanup-iam.sh'];
const RATE = 'sum(rate(http_requests_total[5m]))';

const ADOT: Article = {
  folder: 'deploy-adot',
  create: [...BASE, 'source otel-config.sh', ...RUN],
  collector: 'ADOTService',
  tasks: 1,
  targets: { aTask: 2, others: 0 },
  hasTraces: true,
  queries: [
    RATE,
    '(sum(rate(request_duration_milliseconds_sum[5m])) by (path,taskid))/' +
      '(sum(rate(request_duration_milliseconds_count[5m])) by (path,taskid))',
    ...['500', '1000', '2500', '5000'].map(
      (threshold) =>
        `sum(rate(request_duration_milliseconds_bucket{le="${threshold}"}[5m])) / ` +
        'sum(rate(request_duration_milliseconds_count[5m])) * 100',
    ),
    'ecs_cpu_percent{container="webapp"}',
  ],
  cleanUp: [...CLEAN_UP, 'source cleanup-ssm.sh'],
  kept: {},
  logGroups: ['/ecs/ADOT', '/ecs/ecs-exporter', '/ecs/webapp'],
  definitions: ['AdotTask:1', 'WebAppTask:1'],
};

const PROMETHEUS: Article = {
  folder: 'deploy-prometheus',
  create: [
    ...BASE,
    'source amp.sh',
    `${put} --name ECS-Prometheus-Configuration --value file://prometheus.yaml`,
    `${put} --name ECS-ServiceDiscovery-Namespaces --value ecs-services`,
    ...RUN,
  ],
  collector: 'PrometheusService',
  tasks: 2,
  targets: { aTask: 1, others: 2 },
  hasTraces: false,
  queries: [
    RATE,
    'sum(rate(request_duration_milliseconds_sum[5m])) / ' +
      'sum(rate(request_duration_milliseconds_count[5m]))',
    '100 - (avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[1m])) * 100)',
  ],
  cleanUp: CLEAN_UP,
  // Its README makes them, and says nothing of their end.
  kept: { workspaces: 1, parameters: 2 },
  logGroups: ['/ecs/Prometheus', '/ecs/Webapp'],
  definitions: ['NodeExporterTask:1', 'PrometheusTask:1', 'WebAppTask:1'],
};

const STACK = '--stack-name ecs-stack';
const DEPLOY = `aws cloudformation deploy ${STACK} --template-file ecs-cluster.yaml --capabilities CAPABILITY_IAM`;
const STEP_MS = 200_000;
const credentials = { accessKeyId: 'AKIAARTICLES', secretAccessKey: 'secret-of-articles' };
const skip = skipWithoutAwsCli() || skipWithoutConformance;

for (const article of [ADOT, PROMETHEUS])
  test(
    `${article.folder}: from an empty account to graphs to an empty account`,
    { skip, timeout: 1_200_000 },
    (context) => play(context, article),
  );

async function play(context: TestContext, article: Article): Promise<void> {
  const exporter = peer('prometheus-node-exporter');
  if (article === PROMETHEUS && exporter === undefined)
    return context.skip('prometheus-node-exporter is not installed');
  const account = await openAccount(context, exporter ?? '');
  const before = await listAccount(account);
  const shell = new ArticleShell(context, account, article.folder);
  if (article.hasTraces) shell.edit('webappTaskDefinition.json.template', sendTraces);
  for (const line of [DEPLOY, ...article.create]) assertTaken(await shell.run(line));
  const workspace = await shell.valueOf('WORKSPACE_ID');
  const count = async (expression: string): Promise<number> =>
    Number((await queryWorkspace(account, workspace, `count(${expression})`))[0]?.value?.[1] ?? 0);

  await scaled(context, { account, article, count }, article.tasks);
  for (const query of article.queries)
    await until(`points of ${query}`, STEP_MS, async () => (await count(query)) > 0);
  if (article.hasTraces) await until('traces', STEP_MS, async () => hasTraces(account));

  for (const tasks of [5, 2]) {
    const update = `aws ecs update-service --cluster $CLUSTER_NAME --service WebAppService --desired-count ${tasks}`;
    assertTaken(await shell.run(update));
    await scaled(context, { account, article, count }, tasks);
  }

  for (const line of article.cleanUp) assertTaken(await shell.run(line));
  assertTaken(await shell.run(`aws cloudformation delete-stack ${STACK}`));
  const left = { ...before, ...article.kept, logGroups: article.logGroups.length };
  await until('the stack is gone', STEP_MS, async () => (await listAccount(account))['vpcs'] === before['vpcs']);
  assert.deepEqual(await listAccount(account), left);
  await assertRemains(account, article);
}

/** The only edit; the README writes the namespace, which is ecs-services, without its last letter. */
function sendTraces(template: string): string {
  const variable = { name: 'AWS_XRAY_DAEMON_ADDRESS', value: 'adot-collector-svc.ecs-services:2000' };
  return template.replace(
    '"name":"webapp",',
    `"name":"webapp", "environment":[${JSON.stringify(variable)}],`,
  );
}

async function openAccount(context: TestContext, exporter: string): Promise<Account> {
  const images = path.join(temporaryFolder(context), 'images.yml');
  const rule = { image: 'quay.io/prometheus/node-exporter*', program: [exporter] };
  writeFileSync(images, JSON.stringify({ images: [rule] }));
  const given = ['--account', '123456789012', '--run-tasks', '--images', images];
  const { url } = await startAmperage(context, 'emulate', given, {
    EMULATE_ACCESS_KEY: credentials.accessKeyId,
    EMULATE_SECRET_KEY: credentials.secretAccessKey,
  });
  return { url, credentials };
}

function assertTaken(calls: readonly CliCall[]): void {
  assert.deepEqual(
    calls.filter(({ status }) => status !== 0),
    [],
  );
  assert.notEqual(calls.length, 0);
}

interface Followed {
  readonly account: Account;
  readonly article: Article;
  readonly count: (expression: string) => Promise<number>;
}

/** Waits until so many tasks are in Cloud Map, and just their targets with the collector, and in the workspace. */
async function scaled(context: TestContext, { account, article, count }: Followed, tasks: number): Promise<void> {
  const start = performance.now();
  const tell = (what: string): void =>
    context.diagnostic(`${tasks} tasks in ${what}: ${Math.round(performance.now() - start)} ms`);
  const client = new ServiceDiscoveryClient({ ...sdk(account), disableHostPrefix: true });
  const asked = { NamespaceName: 'ecs-services', ServiceName: 'webapp-svc' };
  await until(`${tasks} in Cloud Map`, STEP_MS, async () => {
    const { Instances = [] } = await client.send(new DiscoverInstancesCommand(asked));
    return Instances.length === tasks;
  });
  tell('Cloud Map');
  const { aTask, others } = article.targets;
  await until(`${tasks} with the collector`, STEP_MS, async () => {
    const targets = await listTargets(account, article.collector);
    return targets.length === aTask * tasks + others && targets.every((one) => one === 'up');
  });
  tell('the collector');
  await until(`${tasks} in the workspace`, STEP_MS, async () => {
    const up = await count('up{job="ecs_services"} == 1');
    const ofTasks = await count('up{job="ecs_services",service="WebAppService"}');
    return up === aTask * tasks + others && ofTasks === aTask * tasks;
  });
  tell('the workspace');
}

/** The health of each target, as the collector's task tells it. */
async function listTargets(account: Account, service: string): Promise<readonly string[]> {
  const ecs = new ECSClient(sdk(account));
  const cluster = 'ecs-prometheus-cluster';
  const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster, serviceName: service }));
  if (taskArns.length !== 1) return [];
  const { tasks } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: taskArns }));
  const address = tasks?.[0]?.containers?.[0]?.networkInterfaces?.[0]?.privateIpv4Address;
  const answer = await fetch(`http://${address}:9090/api/v1/targets`).catch(() => undefined);
  if (answer === undefined) return [];
  const told = (await answer.json()) as { data: { activeTargets: { health: string }[] } };
  return told.data.activeTargets.map(({ health }) => health);
}

const sdk = ({ url }: Account): { endpoint: string; region: string; credentials: typeof credentials } => ({
  endpoint: url,
  region: 'us-east-1',
  credentials,
});

async function hasTraces(account: Account): Promise<boolean> {
  const client = new XRayClient(sdk(account));
  const now = Date.now();
  const range = { StartTime: new Date(now - 600_000), EndTime: new Date(now) };
  const { Services = [] } = await client.send(new GetServiceGraphCommand(range));
  return Services.length > 0;
}

/** What AWS, too, keeps after it all. */
async function assertRemains(account: Account, article: Article): Promise<void> {
  const logs = new CloudWatchLogsClient(sdk(account));
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({}));
  assert.deepEqual(logGroups.map(({ logGroupName }) => logGroupName).sort(), article.logGroups);
  const ecs = new ECSClient(sdk(account));
  const inactive = new ListTaskDefinitionsCommand({ status: 'INACTIVE' });
  const { taskDefinitionArns = [] } = await ecs.send(inactive);
  assert.deepEqual(
    taskDefinitionArns.map((arn) => arn.split('/').at(-1)).sort(),
    article.definitions,
  );
}
