/**
 * Services of the emulated ECS whose containers are real processes: they are registered in Cloud
 * Map and scraped at their own addresses by a collector that is a task itself, with the rights of
 * its role and the configuration of a parameter; they are scaled, replaced, killed and interrupted,
 * and nothing is left of them when the emulator has ended, however it ended.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import * as ecsModel from '@aws-sdk/client-ecs';
import * as mapModel from '@aws-sdk/client-servicediscovery';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { onEnd } from '../kit/ending.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { freePort, query, type Running, startAmperage } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';

const KEYS = { AWS_ACCESS_KEY_ID: 'AKIATASKS', AWS_SECRET_ACCESS_KEY: 'secret-of-tasks' };
const CLUSTER = 'tasks';
const STEP_MS = 60_000;
const ROLE = 'arn:aws:iam::000000000000:role/';
const awsvpcConfiguration = { subnets: ['subnet-0123456789abcdef0'] };

interface Place {
  readonly emulator: Running;
  readonly ecs: ecsModel.ECSClient;
  readonly map: mapModel.ServiceDiscoveryClient;
  readonly ssm: SSMClient;
  readonly logs: CloudWatchLogsClient;
}

async function openPlace(context: TestContext): Promise<Place> {
  const emulator = await startAmperage(context, 'emulate', ['--run-tasks'], {
    EMULATE_ACCESS_KEY: KEYS.AWS_ACCESS_KEY_ID,
    EMULATE_SECRET_KEY: KEYS.AWS_SECRET_ACCESS_KEY,
  });
  const credentials = {
    accessKeyId: KEYS.AWS_ACCESS_KEY_ID,
    secretAccessKey: KEYS.AWS_SECRET_ACCESS_KEY,
  };
  const settings = { endpoint: emulator.url, region: 'us-east-1', credentials };
  const place = {
    emulator,
    ecs: new ecsModel.ECSClient(settings),
    map: new mapModel.ServiceDiscoveryClient({ ...settings, disableHostPrefix: true }),
    ssm: new SSMClient(settings),
    logs: new CloudWatchLogsClient(settings),
  };
  onEnd(context, async () => {
    for (const client of [place.ecs, place.map, place.ssm, place.logs]) client.destroy();
    await Promise.resolve();
  });
  await place.ecs.send(new ecsModel.CreateClusterCommand({ clusterName: CLUSTER }));
  return place;
}

async function createRegistry({ map }: Place): Promise<string> {
  const { OperationId } = await map.send(
    new mapModel.CreatePrivateDnsNamespaceCommand({ Name: 'ecs-services', Vpc: 'vpc-1' }),
  );
  const { Operation } = await map.send(new mapModel.GetOperationCommand({ OperationId }));
  const { Service } = await map.send(
    new mapModel.CreateServiceCommand({
      Name: 'webapp-svc',
      NamespaceId: Operation?.Targets?.NAMESPACE,
      DnsConfig: { DnsRecords: [{ Type: 'A', TTL: 10 }] },
      Tags: Object.entries({
        METRICS_PATH: '/metrics',
        METRICS_PORT: '3000',
        ECS_METRICS_PATH: '/metrics',
        ECS_METRICS_PORT: '9779',
      }).map(([Key, Value]) => ({ Key, Value })),
    }),
  );
  return Service?.Arn ?? '';
}

async function found({ map }: Place): Promise<string[]> {
  const asked = { NamespaceName: 'ecs-services', ServiceName: 'webapp-svc' };
  const { Instances = [] } = await map.send(new mapModel.DiscoverInstancesCommand(asked));
  return Instances.map(({ InstanceId = '' }) => InstanceId);
}

const logConfiguration = {
  logDriver: 'awslogs' as const,
  options: {
    'awslogs-group': '/ecs/tasks',
    'awslogs-create-group': 'true',
    'awslogs-region': 'us-east-1',
    'awslogs-stream-prefix': 'tasks',
  },
};

async function register(
  { ecs }: Place,
  family: string,
  containerDefinitions: ecsModel.ContainerDefinition[],
  more: object = {},
): Promise<void> {
  await ecs.send(
    new ecsModel.RegisterTaskDefinitionCommand({
      family,
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      cpu: '256',
      memory: '512',
      taskRoleArn: `${ROLE}task`,
      executionRoleArn: `${ROLE}execution`,
      containerDefinitions: containerDefinitions.map((one) => ({ logConfiguration, ...one })),
      ...more,
    }),
  );
}

const WEBAPP: ecsModel.ContainerDefinition[] = [
  { name: 'webapp', image: 'public.ecr.aws/awsvijisarathy/generic-webapp:6.0' },
  { name: 'ecs-exporter', image: 'public.ecr.aws/awsvijisarathy/ecs-exporter:1.2' },
];

async function createService(
  { ecs }: Place,
  serviceName: string,
  more: Partial<ecsModel.CreateServiceCommandInput> = {},
): Promise<void> {
  await ecs.send(
    new ecsModel.CreateServiceCommand({
      cluster: CLUSTER,
      serviceName,
      taskDefinition: serviceName,
      desiredCount: 1,
      launchType: 'FARGATE',
      networkConfiguration: { awsvpcConfiguration },
      ...more,
    }),
  );
}

async function update({ ecs }: Place, more: object): Promise<void> {
  const named = { cluster: CLUSTER, service: 'webapp' };
  await ecs.send(new ecsModel.UpdateServiceCommand({ ...named, ...more }));
}

async function tasksOf({ ecs }: Place, serviceName: string): Promise<ecsModel.Task[]> {
  const named = { cluster: CLUSTER, serviceName };
  const { taskArns = [] } = await ecs.send(new ecsModel.ListTasksCommand(named));
  if (taskArns.length === 0) return [];
  const asked = { cluster: CLUSTER, tasks: taskArns };
  return (await ecs.send(new ecsModel.DescribeTasksCommand(asked))).tasks ?? [];
}

const idOf = ({ taskArn = '' }: ecsModel.Task): string => taskArn.split('/').at(-1) ?? '';

async function describeTask({ ecs }: Place, task: string): Promise<ecsModel.Task> {
  const asked = { cluster: CLUSTER, tasks: [task] };
  return (await ecs.send(new ecsModel.DescribeTasksCommand(asked))).tasks![0]!;
}

/** The processes whose environment names this emulator. */
function listProcesses({ url }: Running): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const text = readFileSync(`/proc/${pid}/environ`, 'utf8');
        return text.includes('AMPERAGE_CONTAINER=') && text.includes(url);
      } catch {
        return false;
      }
    })
    .map(Number);
}

async function gone({ emulator }: Place): Promise<void> {
  await until('no process is left', STEP_MS, () => listProcesses(emulator).length === 0);
}

test('a service of processes is found, scraped, scaled, replaced and ended', { timeout: 600_000 }, async (context) => {
  const place = await openPlace(context);
  const port = await freePort();
  const workspace = await startAmperage(
    context,
    'workspace',
    [
      `--storage.path=${temporaryFolder(context)}`,
      '--workspace-id=ws-1',
      `--trust-emulator=${place.emulator.url}`,
      // Localhost is the task itself, for a task.
      `--web.listen-address=0.0.0.0:${port}`,
    ],
    {
      WORKSPACE_ACCESS_KEY: KEYS.AWS_ACCESS_KEY_ID,
      WORKSPACE_SECRET_KEY: KEYS.AWS_SECRET_ACCESS_KEY,
    },
    port,
  );
  const registryArn = await createRegistry(place);
  await register(place, 'webapp', WEBAPP);
  await createService(place, 'webapp', { serviceRegistries: [{ registryArn }] });
  const config = JSON.stringify({
    global: { scrape_interval: '1s' },
    scrape_configs: [
      {
        job_name: 'ecs',
        cloudmap_sd_configs: [{ namespaces: ['ecs-services'], refresh_interval: '2s' }],
      },
    ],
    remote_write: [
      {
        url: `http://127.0.0.2:${port}/workspaces/ws-1/api/v1/remote_write`,
        sigv4: { region: 'us-east-1' },
      },
    ],
  });
  await place.ssm.send(
    new PutParameterCommand({ Name: '/collector', Type: 'String', Value: config }),
  );
  await register(
    place,
    'collector',
    [
      {
        name: 'collector',
        image: 'amperage:latest',
        command: ['collect', '--config.file', 'env:CONFIG', '--storage.path', '/queue'],
        secrets: [{ name: 'CONFIG', valueFrom: '/collector' }],
        mountPoints: [{ sourceVolume: 'queue', containerPath: '/queue' }],
        healthCheck: {
          command: ['CMD', 'amperage', 'check', 'healthcheck', 'http://127.0.0.1:9090/-/healthy'],
          interval: 5,
        },
      },
    ],
    { volumes: [{ name: 'queue' }] },
  );
  await createService(place, 'collector');
  await until('the task is registered', STEP_MS, async () => (await found(place)).length === 1);
  const [first] = await tasksOf(place, 'webapp');
  assert.equal(first?.lastStatus, 'RUNNING');
  const address = first.containers?.[0]?.networkInterfaces?.[0]?.privateIpv4Address ?? '';
  assert.match(address, /^127\./);
  const answers = async (port: number, words: RegExp): Promise<boolean> => {
    const answer = await fetch(`http://${address}:${port}/metrics`).catch(() => undefined);
    return words.test((await answer?.text()) ?? '');
  };
  await until('the application answers', STEP_MS, () => answers(3000, /http_requests_total/));
  await until('the exporter answers', STEP_MS, () => answers(9779, /container_name="webapp"/));
  await until('the collector is healthy', STEP_MS, async () => {
    const [task] = await tasksOf(place, 'collector');
    return task?.healthStatus === 'HEALTHY';
  });
  const series = async (): Promise<number> =>
    (await query(workspace.url, 'count(http_requests_total{job="ecs"}) by (instance)')).length;
  await until('samples arrive', STEP_MS, async () => (await series()) === 1);
  for (const desiredCount of [5, 2]) {
    await update(place, { desiredCount });
    await until(`${desiredCount} are scraped`, STEP_MS, async () => {
      const up = await query(workspace.url, 'up{job="ecs"} == 1');
      return (await found(place)).length === desiredCount && up.length === 2 * desiredCount;
    });
  }
  await register(place, 'webapp', WEBAPP);
  const before = new Set((await tasksOf(place, 'webapp')).map(idOf));
  await update(place, { taskDefinition: 'webapp' });
  let least = Infinity;
  await until('all tasks are replaced', STEP_MS, async () => {
    const ids = await found(place);
    least = Math.min(least, ids.length);
    return ids.length === 2 && !ids.some((id) => before.has(id));
  });
  assert.ok(least >= 2, `${least} tasks were there`);
  const { events } = await place.logs.send(
    new FilterLogEventsCommand({ logGroupName: '/ecs/tasks', limit: 10 }),
  );
  assert.ok((events?.length ?? 0) > 0);
  place.emulator.child.kill('SIGTERM');
  await place.emulator.exited;
  await gone(place);
}); // prettier-ignore

test('what kills a task is told; what stops one tells it before; what kills the emulator kills all', { timeout: 600_000 }, async (context) => {
  const place = await openPlace(context);
  const registryArn = await createRegistry(place);
  await register(place, 'webapp', WEBAPP.slice(0, 1));
  await register(place, 'stubborn', [
    { name: 'deaf', image: 'amperage', entryPoint: ['sh', '-c'], command: ["trap '' TERM; echo deaf now; while :; do sleep 0.2; done"] },
  ]);
  await register(place, 'odd', [{ name: 'odd', image: 'postgres:16' }]);
  await createService(place, 'webapp', { serviceRegistries: [{ registryArn }] });
  await until('the task is registered', STEP_MS, async () => (await found(place)).length === 1);
  const [killed] = await tasksOf(place, 'webapp');
  const [pid] = listProcesses(place.emulator);
  process.kill(pid!, 'SIGKILL');
  await until('another is registered', STEP_MS, async () => {
    const [id] = await found(place);
    return id !== undefined && id !== idOf(killed!);
  });
  const told = await describeTask(place, killed!.taskArn!);
  assert.deepEqual(
    [told.lastStatus, told.stopCode, told.stoppedReason, told.containers?.[0]?.exitCode],
    ['STOPPED', 'EssentialContainerExited', 'Essential container in task exited', 137],
  );
  const run = async (taskDefinition: string): Promise<string> => {
    const { tasks } = await place.ecs.send(
      new ecsModel.RunTaskCommand({
        cluster: CLUSTER,
        taskDefinition,
        launchType: 'FARGATE',
        networkConfiguration: { awsvpcConfiguration },
      }),
    );
    return tasks?.[0]?.taskArn ?? '';
  };
  const isAt = (task: string, status: string) => async (): Promise<boolean> =>
    (await describeTask(place, task)).lastStatus === status;
  const odd = await run('odd');
  await until('the odd one has stopped', STEP_MS, isAt(odd, 'STOPPED'));
  const why = await describeTask(place, odd);
  assert.equal(why.stopCode, 'TaskFailedToStart');
  assert.match(why.stoppedReason!, /CannotPullContainerError: .*postgres:16.*--images/);
  // The admin side is not for tasks; what the emulator tells everybody is.
  for (const [path, exitCode] of [['/-/healthy', 0], ['/_emulator/xray', 1]] as const) {
    const command = ['check', 'healthcheck', `${place.emulator.url}${path}`];
    await register(place, 'curious', [{ name: 'curious', image: 'amperage', command }]);
    const curious = await run('curious');
    await until('the curious one has ended', STEP_MS, isAt(curious, 'STOPPED'));
    const { containers } = await describeTask(place, curious);
    assert.equal(containers?.[0]?.exitCode, exitCode, path);
  }
  const stubborn = await run('stubborn');
  await until('the stubborn one runs', STEP_MS, isAt(stubborn, 'RUNNING'));
  const logged = { logGroupName: '/ecs/tasks', filterPattern: 'deaf' };
  await until('it says so', STEP_MS, async () => {
    const { events = [] } = await place.logs.send(new FilterLogEventsCommand(logged));
    return events.length > 0;
  });
  const interrupt = JSON.stringify({ cluster: CLUSTER, task: stubborn, seconds: 1 });
  const answer = await fetch(`${place.emulator.url}/_emulator/ecs/interrupt`, {
    method: 'PUT',
    body: interrupt,
  });
  assert.equal(answer.status, 200);
  await until('the stubborn one has stopped', STEP_MS, isAt(stubborn, 'STOPPED'));
  const interrupted = await describeTask(place, stubborn);
  assert.deepEqual(
    [interrupted.stopCode, interrupted.stoppedReason, interrupted.containers?.[0]?.exitCode],
    ['SpotInterruption', 'Your Spot Task was interrupted.', 137],
  );
  assert.ok(listProcesses(place.emulator).length > 0);
  place.emulator.child.kill('SIGKILL');
  await gone(place);
}); // prettier-ignore
