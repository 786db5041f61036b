/**
 * The scripts of the published articles, as they are, by the real AWS CLI against the emulator:
 * from an empty account to graphs, followed when a service is scaled, and back to an empty account,
 * with our commands in the place of the articles' images.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  DescribeServicesCommand,
  ECSClient,
  ListTaskDefinitionsCommand,
  ListTasksCommand,
} from '@aws-sdk/client-ecs';
import {
  DiscoverInstancesCommand,
  ListInstancesCommand,
  ListServicesCommand,
  ServiceDiscoveryClient,
} from '@aws-sdk/client-servicediscovery';
import { GetServiceGraphCommand, XRayClient } from '@aws-sdk/client-xray';
import { listAccount } from '../kit/account-contents.ts';
import { ArticleShell } from '../kit/article-shell.ts';
import { skipWithoutConformance } from '../kit/conformance.ts';
import { peer } from '../kit/peers.ts';
import { freePort, startProgram } from '../kit/processes.ts';
import { skipWithoutAwsCli } from '../kit/python.ts';
import { queryWorkspace } from '../kit/signed-call.ts';
import {
  ACCOUNT_KEYS,
  addressOf,
  assertTaken,
  CLUSTER,
  DEPLOY,
  listTasks,
  openTaskAccount,
  sdkOf,
  sendTraces,
  STACK,
  type TaskAccount,
} from '../kit/task-account.ts';
import { until } from '../kit/waiting.ts';

interface Article {
  readonly folder: string;
  /** What the README tells to source, and to do by hand, until all runs. */
  readonly create: readonly string[];
  /** The service that scrapes. */
  readonly collector: string;
  readonly tasks: number;
  /** By the health check of its definition; ADOT's has none. */
  readonly health: 'HEALTHY' | 'UNKNOWN';
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
  health: 'UNKNOWN',
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
  health: 'HEALTHY',
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

const scaleTo = (tasks: number): string =>
  `aws ecs update-service --cluster $CLUSTER_NAME --service WebAppService --desired-count ${tasks}`;
const STEP_MS = 200_000;
const skip = skipWithoutAwsCli() || skipWithoutConformance;

for (const article of [ADOT, PROMETHEUS])
  test(
    `${article.folder}: from an empty account to graphs to an empty account`,
    { skip, timeout: 1_200_000 },
    (context) => play(context, article),
  );

const skipMoto =
  skip || (spawnSync('moto_server', ['--help']).status !== 0 && 'there is no moto_server');

for (const article of [ADOT, PROMETHEUS])
  test(
    `${article.folder} against moto: the calls are taken, and nothing runs`,
    { skip: skipMoto, timeout: 600_000 },
    (context) => playOnMoto(context, article),
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
  await until('its health is told', STEP_MS, async () => {
    const [task] = await listTasks(account, article.collector);
    return task?.healthStatus === article.health;
  });
  for (const query of article.queries)
    await until(`points of ${query}`, STEP_MS, async () => (await count(query)) > 0);
  if (article.hasTraces) await until('traces', STEP_MS, async () => hasTraces(account));

  for (const tasks of [5, 2]) {
    assertTaken(await shell.run(scaleTo(tasks)));
    await scaled(context, { account, article, count }, tasks);
  }

  for (const line of article.cleanUp) assertTaken(await shell.run(line));
  assertTaken(await shell.run(`aws cloudformation delete-stack ${STACK}`));
  const left = { ...before, ...article.kept, logGroups: article.logGroups.length };
  await until(
    'the stack is gone',
    STEP_MS,
    async () => (await listAccount(account))['vpcs'] === before['vpcs'],
  );
  assert.deepEqual(await listAccount(account), left);
  await assertRemains(account, article);
}

/** The node exporter is a program of others. */
function openAccount(context: TestContext, exporter: string): Promise<TaskAccount> {
  const rule = { image: 'quay.io/prometheus/node-exporter*', program: [exporter] };
  return openTaskAccount(context, [rule]);
}

interface Followed {
  readonly account: TaskAccount;
  readonly article: Article;
  readonly count: (expression: string) => Promise<number>;
}

/** Waits until so many tasks are in Cloud Map, the collector's targets and the workspace. */
async function scaled(
  context: TestContext,
  { account, article, count }: Followed,
  tasks: number,
): Promise<void> {
  const start = performance.now();
  const tell = (what: string): void =>
    context.diagnostic(`${tasks} tasks in ${what}: ${Math.round(performance.now() - start)} ms`);
  const client = new ServiceDiscoveryClient({ ...sdkOf(account), disableHostPrefix: true });
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
async function listTargets(account: TaskAccount, service: string): Promise<readonly string[]> {
  const tasks = await listTasks(account, service);
  if (tasks.length !== 1) return [];
  const address = addressOf(tasks[0]!);
  const answer = await fetch(`http://${address}:9090/api/v1/targets`).catch(() => undefined);
  if (answer === undefined) return [];
  const told = (await answer.json()) as { data: { activeTargets: { health: string }[] } };
  return told.data.activeTargets.map(({ health }) => health);
}

async function hasTraces(account: TaskAccount): Promise<boolean> {
  const client = new XRayClient(sdkOf(account));
  const now = Date.now();
  const range = { StartTime: new Date(now - 600_000), EndTime: new Date(now) };
  const { Services = [] } = await client.send(new GetServiceGraphCommand(range));
  return Services.length > 0;
}

/** What AWS, too, keeps after it all. */
async function assertRemains(account: TaskAccount, article: Article): Promise<void> {
  const logs = new CloudWatchLogsClient(sdkOf(account));
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({}));
  assert.deepEqual(
    new Set(logGroups.map(({ logGroupName }) => logGroupName)),
    new Set(article.logGroups),
  );
  const ecs = new ECSClient(sdkOf(account));
  const inactive = new ListTaskDefinitionsCommand({ status: 'INACTIVE' });
  const { taskDefinitionArns = [] } = await ecs.send(inactive);
  assert.deepEqual(
    new Set(taskDefinitionArns.map((arn) => arn.split('/').at(-1))),
    new Set(article.definitions),
  );
}

/** What the stack makes, as far as the scripts need it. */
const GROUND = `export AWS_REGION=us-east-1 ACCOUNT_ID=123456789012 CLUSTER_NAME=${CLUSTER}
aws ecs create-cluster --cluster-name $CLUSTER_NAME
VPC_ID=$(aws ec2 create-vpc --cidr-block 10.10.0.0/16 --query Vpc.VpcId --output text)
PRIVATE_SUBNET_IDS=$(aws ec2 create-subnet --vpc-id $VPC_ID --cidr-block 10.10.100.0/24 --query '[Subnet.SubnetId]')
SECURITY_GROUP_ID=$(aws ec2 create-security-group --vpc-id $VPC_ID --group-name tasks --description tasks --query GroupId --output text)`;

interface MotoPlace {
  readonly account: TaskAccount;
  readonly shell: ArticleShell;
}

/** What differs of moto, by the rows of the table in docs/articles.md. */
const OF_MOTO: Readonly<Record<string, (place: MotoPlace) => Promise<void>>> = {
  'the tasks of a service': async ({ account, shell }) => {
    assertTaken(await shell.run(scaleTo(5)));
    const ecs = new ECSClient(sdkOf(account));
    const asked = new DescribeServicesCommand({ cluster: CLUSTER, services: ['WebAppService'] });
    const [service] = (await ecs.send(asked)).services ?? [];
    assert.equal(service?.runningCount, 5);
    assert.deepEqual((await ecs.send(new ListTasksCommand({ cluster: CLUSTER }))).taskArns, []);
  },
  'the instances of a registry': async ({ account }) => {
    const map = new ServiceDiscoveryClient(sdkOf(account));
    const { Services = [] } = await map.send(new ListServicesCommand({}));
    assert.equal(Services.length, 2);
    for (const { Id: ServiceId } of Services)
      assert.deepEqual((await map.send(new ListInstancesCommand({ ServiceId }))).Instances, []);
  },
  'the samples of a workspace': async ({ account, shell }) => {
    const workspace = await shell.valueOf('WORKSPACE_ID');
    await assert.rejects(queryWorkspace(account, workspace, 'up'), /: 404 /);
  },
};
const STACK_OF_MOTO = '`ecs-cluster.yaml`';

async function playOnMoto(context: TestContext, article: Article): Promise<void> {
  const port = await freePort();
  const given = ['-H', '127.0.0.1', '-p', String(port)];
  const { url } = await startProgram(context, 'moto_server', given, port, '/moto-api/data.json', {
    MOTO_IAM_LOAD_MANAGED_POLICIES: 'true',
  });
  const account = { url, credentials: ACCOUNT_KEYS };
  const shell = new ArticleShell(context, account, article.folder);
  const [deploy] = await shell.run(DEPLOY);
  assert.equal(deploy?.status, 255);
  assert.match(deploy.told, /InvalidParameterValue.*availabilityZone/);
  const withoutStack = article.create.filter((line) => line !== 'source env.sh');
  for (const line of [GROUND, ...withoutStack]) assertTaken(await shell.run(line));
  for (const differs of Object.values(OF_MOTO)) await differs({ account, shell });
  for (const line of article.cleanUp) assertTaken(await shell.run(line));
}

test('the table of docs/articles.md has what differs of moto', () => {
  const page = readFileSync(path.join(import.meta.dirname, '../../docs/articles.md'), 'utf8');
  const table = page.slice(page.indexOf('| | emulator | moto |'));
  const rows = [...table.matchAll(/^\| (.+?) \| .+ \| .+ \|$/gm)].map(([, cell]) => cell);
  assert.deepEqual(rows, [STACK_OF_MOTO, ...Object.keys(OF_MOTO)]);
});
