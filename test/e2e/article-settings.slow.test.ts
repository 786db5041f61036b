/**
 * What the published deployment of ADOT has and its scripts do not show: its second configuration,
 * for CloudWatch, in the parameter of the first, and what the extensions of both answer.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CloudWatchClient,
  GetMetricStatisticsCommand,
  ListMetricsCommand,
} from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { Task } from '@aws-sdk/client-ecs';
import { ArticleShell } from '../kit/article-shell.ts';
import { skipWithoutConformance } from '../kit/conformance.ts';
import { skipWithoutAwsCli } from '../kit/python.ts';
import { queryWorkspace } from '../kit/signed-call.ts';
import {
  addressOf,
  assertTaken,
  CLUSTER,
  DEPLOY,
  listTasks,
  openTaskAccount,
  sdkOf,
  sendTraces,
  type TaskAccount,
} from '../kit/task-account.ts';
import { until } from '../kit/waiting.ts';

const SETTINGS = { skip: skipWithoutAwsCli() || skipWithoutConformance, timeout: 900_000 };
const STEP_MS = 200_000;
const NAMESPACE = 'ECS/ContainerInsights';

const idOf = ({ taskArn = '' }: Task): string => taskArn.split('/').at(-1) ?? '';

/** The one task of the collector, other than the one before. */
async function findCollector(account: TaskAccount, before = ''): Promise<string | undefined> {
  const tasks = await listTasks(account, 'ADOTService');
  const [task] = tasks.filter(({ lastStatus }) => lastStatus === 'RUNNING');
  if (task === undefined || tasks.length !== 1) return undefined;
  return addressOf(task) === before ? undefined : addressOf(task);
}

/** As the entries below `extensions` say; no entry of health_check is its default. */
async function answerExtensions(address: string): Promise<void> {
  for (const [place, status, words] of [
    [':13133/', 200, /Server available/],
    // There are no profiles of Go here.
    [':1888/debug/pprof/', 501, /--cpu-prof/],
    [':55679/debug/servicez', 200, /amperage collect/],
    [':55679/debug/pipelinez', 200, /awsxray/],
    [':55679/debug/extensionz', 200, /health_check/],
  ] as const)
    await until(`${place} answers`, STEP_MS, async () => {
      const answer = await fetch(`http://${address}${place}`).catch(() => undefined);
      return answer?.status === status && words.test(await answer.text());
    });
}

async function countTraces({ url }: TaskAccount): Promise<number> {
  const answer = await fetch(`${url}/_emulator/xray`);
  const { traces } = (await answer.json()) as { traces: Record<string, unknown> };
  return Object.keys(traces).length;
}

/** @returns the sum of a task's requests in CloudWatch, by the dimensions of the configuration */
async function readRequests(client: CloudWatchClient, taskid: string): Promise<number> {
  const dimensions = {
    ClusterName: CLUSTER,
    SdNamespaceName: 'ecs-services',
    SdServiceName: 'WebAppService',
    SdTaskID: taskid,
  };
  const { Datapoints = [] } = await client.send(
    new GetMetricStatisticsCommand({
      Namespace: NAMESPACE,
      MetricName: 'http_requests_total',
      Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      StartTime: new Date(Date.now() - 3_600_000),
      EndTime: new Date(Date.now() + 60_000),
      Period: 60,
      Statistics: ['Sum'],
    }),
  );
  return Datapoints.reduce((sum, { Sum = 0 }) => sum + Sum, 0);
}

async function assertInCloudWatch(account: TaskAccount): Promise<void> {
  const client = new CloudWatchClient(sdkOf(account));
  const [webapp] = await listTasks(account, 'WebAppService');
  assert.ok(webapp);
  await until('CloudWatch has requests of the task', STEP_MS, async () => {
    return (await readRequests(client, idOf(webapp))) > 0;
  });
  // The filter lets one metric through, and there is one list of dimensions.
  const { Metrics = [] } = await client.send(new ListMetricsCommand({ Namespace: NAMESPACE }));
  assert.deepEqual(
    Metrics.map(({ MetricName }) => MetricName),
    ['http_requests_total'],
  );
  const logs = new CloudWatchLogsClient(sdkOf(account));
  const { logGroups = [] } = await logs.send(
    new DescribeLogGroupsCommand({ logGroupNamePrefix: '/aws/' }),
  );
  assert.deepEqual(
    logGroups.map(({ logGroupName }) => logGroupName),
    [`/aws/ecs/containerinsights/${CLUSTER}/prometheus`],
  );
}

const ADOT = ['env', 'iam', 'cloudmap', 'otel-config', 'task-definitions', 'services'];
const SECOND = 'otel-collector-config-cloudwatch.yaml';

test('deploy-adot: each configuration in the parameter, its extensions and its receivers', SETTINGS, async (context) => {
  const account = await openTaskAccount(context, []);
  const shell = new ArticleShell(context, account, 'deploy-adot');
  shell.edit('webappTaskDefinition.json.template', sendTraces);
  for (const line of [DEPLOY, ...ADOT.map((name) => `source ${name}.sh`)])
    assertTaken(await shell.run(line));
  let first = '';
  await until('the collector runs', STEP_MS, async () => {
    first = (await findCollector(account)) ?? '';
    return first !== '';
  });
  await answerExtensions(first);
  const workspace = await shell.valueOf('WORKSPACE_ID');
  await until('the workspace has samples', STEP_MS, async () => {
    return (await queryWorkspace(account, workspace, 'http_requests_total')).length > 0;
  });

  // As the article tells: the same parameter, and the service is restarted.
  await shell.run(`sed -e s/REGION/$AWS_REGION/g <${SECOND}.template >${SECOND}`);
  assertTaken(
    await shell.run(
      `aws ssm put-parameter --overwrite --type String --name otel-collector-config --value file://${SECOND}
      aws ecs update-service --cluster $CLUSTER_NAME --service ADOTService --force-new-deployment`,
    ),
  );
  let second = '';
  await until('another collector runs', STEP_MS, async () => {
    second = (await findCollector(account, first)) ?? '';
    return second !== '';
  });
  await answerExtensions(second);
  const before = await countTraces(account);
  await assertInCloudWatch(account);
  await until('more traces are in X-Ray', STEP_MS, async () => {
    return (await countTraces(account)) > before;
  });
}); // prettier-ignore
