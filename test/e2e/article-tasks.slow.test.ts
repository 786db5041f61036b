/**
 * Two articles whose containers no script deploys, on an emulated account: a task definition as ECS
 * takes it, with the rights of its policy alone, and the containers of `docker run` on one machine,
 * with their ports and files.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { AmpClient, CreateWorkspaceCommand } from '@aws-sdk/client-amp';
import { CloudWatchLogsClient, CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import * as ecsModel from '@aws-sdk/client-ecs';
import * as iamModel from '@aws-sdk/client-iam';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  listArtefacts,
  readDockerPlaces,
  readDockerRun,
  skipWithoutArticles,
} from '../kit/articles.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { queryWorkspace } from '../kit/signed-call.ts';
import { ACCOUNT_ID, CLUSTER, openTaskAccount, REGION, sdkOf } from '../kit/task-account.ts';
import type { TaskAccount } from '../kit/task-account.ts';
import { until } from '../kit/waiting.ts';

const TASKS = { skip: skipWithoutArticles, timeout: 600_000 };
const STEP_MS = 200_000;
const AMP = `https://aps-workspaces.${REGION}.amazonaws.com/workspaces/`;
const TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: {
    Effect: 'Allow',
    Principal: { Service: 'ecs-tasks.amazonaws.com' },
    Action: 'sts:AssumeRole',
  },
});
const awsvpcConfiguration = { subnets: ['subnet-0123456789abcdef0'] };

/** @param own  a policy, or the name of one of AWS */
async function createRole(account: TaskAccount, RoleName: string, own: string): Promise<string> {
  const iam = new iamModel.IAMClient(sdkOf(account));
  const { Role } = await iam.send(
    new iamModel.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: TRUST }),
  );
  await (own.startsWith('{')
    ? iam.send(
        new iamModel.PutRolePolicyCommand({ RoleName, PolicyName: 'own', PolicyDocument: own }),
      )
    : iam.send(
        new iamModel.AttachRolePolicyCommand({ RoleName, PolicyArn: `arn:aws:iam::aws:policy/${own}` }),
      ));
  return Role?.Arn ?? '';
} // prettier-ignore

async function createWorkspace(account: TaskAccount): Promise<{ id: string; arn: string }> {
  const { workspaceId: id = '', arn = '' } = await new AmpClient(sdkOf(account)).send(
    new CreateWorkspaceCommand({ alias: 'articles' }),
  );
  return { id, arn };
}

async function runTask(
  account: TaskAccount,
  definition: ecsModel.RegisterTaskDefinitionCommandInput,
): Promise<void> {
  const ecs = new ecsModel.ECSClient(sdkOf(account));
  const { family = '' } = definition;
  await ecs.send(new ecsModel.RegisterTaskDefinitionCommand(definition));
  const isOwn = definition.networkMode === 'awsvpc';
  const { tasks = [] } = await ecs.send(
    new ecsModel.RunTaskCommand({
      cluster: CLUSTER,
      taskDefinition: family,
      launchType: isOwn ? 'FARGATE' : 'EC2',
      ...(isOwn && { networkConfiguration: { awsvpcConfiguration } }),
    }),
  );
  const [task] = tasks;
  assert.ok(task, family);
  await until(`${family} runs`, STEP_MS, async () => {
    const asked = { cluster: CLUSTER, tasks: [task.taskArn ?? ''] };
    const told = (await ecs.send(new ecsModel.DescribeTasksCommand(asked))).tasks?.[0];
    assert.equal(told?.stoppedReason, undefined, family);
    return told?.lastStatus === 'RUNNING';
  });
}

async function arrived(account: TaskAccount, workspace: string, expression: string): Promise<void> {
  await until(`the workspace answers ${expression}`, STEP_MS, async () => {
    return (await queryWorkspace(account, workspace, expression)).length > 0;
  });
}

/** Puts in what a reader puts in; nothing else may be left to put in. */
function fillIn(text: string, values: Readonly<Record<string, string>>): string {
  const filled = Object.entries(values).reduce(
    (told, [name, value]) => told.replaceAll(`<${name}>`, value),
    text,
  );
  assert.doesNotMatch(filled, /<[a-z]/i);
  return filled;
}

function takeArtefact(name: string): string {
  const text = listArtefacts()[name];
  assert.ok(text, name);
  return text;
}

test('1: the task definition with its policy, its log group and its volume', TASKS, async (context) => {
  const account = await openTaskAccount(context, []);
  const workspace = await createWorkspace(account);
  const ecs = new ecsModel.ECSClient(sdkOf(account));
  await ecs.send(new ecsModel.CreateClusterCommand({ clusterName: CLUSTER }));
  const s3 = new S3Client({ ...sdkOf(account), forcePathStyle: true });
  const config = fillIn(takeArtefact('1: Prometheus Config'), {
    'amp-endpoint': `${AMP}${workspace.id}/`,
    'aws-region': REGION,
  });
  await s3.send(new CreateBucketCommand({ Bucket: 'config' }));
  // The page shows dashes of typography.
  const object = { Bucket: 'config', Key: 'prometheus.yml', Body: config.replaceAll('–', '-') };
  await s3.send(new PutObjectCommand(object));
  const policy = fillIn(takeArtefact('1: ECS Task IAM Policy'), {
    region: REGION,
    'account-id': ACCOUNT_ID,
    'ecs-cluster-name': CLUSTER,
    's3-bucket-name': 'config',
    'AMP-resource-arn': workspace.arn,
  });
  const definition = fillIn(takeArtefact('1: ECS Task Definitions'), {
    'execution-role-arn': await createRole(account, 'execution', 'CloudWatchAgentServerPolicy'),
    'task-role-arn': await createRole(account, 'task', policy),
    'cluster-name': CLUSTER,
    's3-bucket': 'config',
  });
  const logGroupName = '/ecs/alpha/ecs-prometheus';
  await new CloudWatchLogsClient(sdkOf(account)).send(new CreateLogGroupCommand({ logGroupName }));
  await runTask(account, {
    family: 'web',
    networkMode: 'awsvpc',
    requiresCompatibilities: ['FARGATE'],
    cpu: '256',
    memory: '512',
    containerDefinitions: [
      {
        name: 'app',
        image: 'example.com/webapp:1',
        dockerLabels: { PROMETHEUS_EXPORTER_PORT: '3000' },
      },
    ],
  });
  const read = JSON.parse(definition) as Omit<ecsModel.RegisterTaskDefinitionCommandInput, 'family'>;
  await runTask(account, { family: 'alpha', ...read });
  await arrived(account, workspace.id, 'http_requests_total{job="ecs"}');
}); // prettier-ignore

async function canListen(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** The machine of the article: one instance that has joined a cluster, and its address. */
async function addMachine(account: TaskAccount): Promise<void> {
  const body = JSON.stringify({ cluster: CLUSTER, id: 'i-0123456789abcdef0', address: '172.31.21.133' });
  const answer = await fetch(`${account.url}/_emulator/ecs/instances`, { method: 'PUT', body });
  assert.equal(answer.status, 200);
} // prettier-ignore

async function addressOfMachine(account: TaskAccount): Promise<string> {
  const { Reservations = [] } = await new EC2Client(sdkOf(account)).send(
    new DescribeInstancesCommand({}),
  );
  return Reservations[0]?.Instances?.[0]?.PrivateIpAddress ?? '';
}

test('2: the command lines of docker with their ports and files, on one machine', TASKS, async (context: TestContext) => {
  if (!(await canListen(80))) return context.skip('port 80 is for root alone on this machine');
  // The application of the article listens at its own port.
  const program = ['amperage', 'sample-app', '--web.listen-address=:8080'];
  const account = await openTaskAccount(context, [{ image: 'prometheus-golang', program }]);
  const workspace = await createWorkspace(account);
  await addMachine(account);
  const folder = temporaryFolder(context);
  const taskRoleArn = await createRole(account, 'machine', takeArtefact('2: 4)'));
  const run = async (name: string, family: string): Promise<void> => {
    const line = takeArtefact(name).replaceAll('$ ', '').replaceAll('\\\n', ' ');
    const started = line.slice(line.indexOf('docker run'));
    const { portMappings, mounts } = readDockerPlaces(started);
    const { image, command = [] } = readDockerRun(started);
    await runTask(account, {
      family,
      taskRoleArn,
      networkMode: 'bridge',
      containerDefinitions: [
        {
          name: family,
          image,
          memory: 128,
          ...(command.length > 0 && { command: [...command] }),
          portMappings: [...portMappings],
          mountPoints: mounts.map(({ to }) => ({ sourceVolume: to.replaceAll(/\W/g, '_'), containerPath: to })),
        },
      ],
      volumes: mounts.map(({ from, to }) => ({
        name: to.replaceAll(/\W/g, '_'),
        host: { sourcePath: from.replace('$PWD', folder) },
      })),
    });
  };
  await run('2: 4) (2)', 'proxy');
  await run('2: 4) (3)', 'application');
  const address = await addressOfMachine(account);
  assert.match(address, /^127\./);
  await until('the application is scraped by hand', STEP_MS, async () => {
    const page = await fetch(`http://${address}/metrics`).catch(() => undefined);
    return page?.status === 200;
  });
  const config = takeArtefact('2: 5)')
    .replaceAll('172.31.21.133', address)
    .replace(/ws-[X-]+/, workspace.id);
  writeFileSync(path.join(folder, 'conf.yml'), config);
  await run('2: 5) (2)', 'prometheus');
  await arrived(account, workspace.id, `http_requests_total{instance="${address}:80",monitor="monitor"}`);
  await arrived(account, workspace.id, 'up{instance="localhost:9090",job="prometheus"} == 1');
  // As a dashboard asks, through the port of the machine.
  const query = `/workspaces/${workspace.id}/api/v1/query?query=count(up)`;
  const asked = await fetch(`http://${address}:8005${query}`);
  assert.equal(asked.status, 200);
}); // prettier-ignore
