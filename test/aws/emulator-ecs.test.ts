/**
 * The emulated services of ECS by the official SDK: deployments, registries in Cloud Map, capacity
 * providers, and what is refused, in ECS's words.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as ecsModel from '@aws-sdk/client-ecs';
import {
  CreatePrivateDnsNamespaceCommand,
  CreateServiceCommand as CreateMapServiceCommand,
  DiscoverInstancesCommand,
  GetOperationCommand,
  type HttpInstanceSummary,
  ServiceDiscoveryClient,
} from '@aws-sdk/client-servicediscovery';
import { VirtualClock } from '../../src/kernel/clock.ts';
import { EcsServices } from '../../src/emulator/ecs/services.ts';
import type { Task } from '../../src/emulator/ecs/shapes.ts';
import { EcsState } from '../../src/emulator/ecs/state.ts';
import { type EmulatedAws, startEmulatedAws } from '../kit/emulated-aws.ts';

let aws: EmulatedAws;
let ecs: ecsModel.ECSClient;
let map: ServiceDiscoveryClient;
before(async () => {
  aws = await startEmulatedAws();
  const { url: endpoint, credentials } = aws;
  const settings = { endpoint, region: 'us-east-1', credentials, maxAttempts: 1 };
  ecs = new ecsModel.ECSClient(settings);
  map = new ServiceDiscoveryClient({ ...settings, disableHostPrefix: true });
});
after(async () => {
  ecs.destroy();
  map.destroy();
  await aws.close();
});

const awsvpcConfiguration = { subnets: ['subnet-0123456789abcdef0'] };
const app = { name: 'app', image: 'web:1', portMappings: [{ containerPort: 3000 }] };

async function createCluster(clusterName: string): Promise<void> {
  await ecs.send(new ecsModel.CreateClusterCommand({ clusterName }));
}

/** Registers a definition that Fargate takes. */
async function register(
  family: string,
  more: Partial<ecsModel.RegisterTaskDefinitionCommandInput> = {},
): Promise<string> {
  const { taskDefinition } = await ecs.send(
    new ecsModel.RegisterTaskDefinitionCommand({
      family,
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      cpu: '256',
      memory: '512',
      containerDefinitions: [app],
      ...more,
    }),
  );
  return taskDefinition?.taskDefinitionArn ?? '';
}

async function describe(cluster: string, service: string): Promise<ecsModel.Service> {
  const { services } = await ecs.send(
    new ecsModel.DescribeServicesCommand({ cluster, services: [service] }),
  );
  return services![0]!;
}

let namespaces = 0;
/** Creates a namespace with a service in it. @returns names, and the ARN of the registry */
async function createRegistry(
  more: object = {},
): Promise<{ registryArn: string; found: () => Promise<HttpInstanceSummary[]> }> {
  const NamespaceName = `local-${++namespaces}`;
  const { OperationId } = await map.send(
    new CreatePrivateDnsNamespaceCommand({ Name: NamespaceName, Vpc: 'vpc-1' }),
  );
  const { Operation } = await map.send(new GetOperationCommand({ OperationId }));
  const NamespaceId = Operation?.Targets?.NAMESPACE;
  const { Service } = await map.send(
    new CreateMapServiceCommand({
      Name: 'web',
      NamespaceId,
      DnsConfig: { DnsRecords: [{ Type: 'A', TTL: 10 }] },
      ...more,
    }),
  );
  return {
    registryArn: Service!.Arn!,
    found: async () => {
      const asked = { NamespaceName, ServiceName: 'web', HealthStatus: 'ALL' as const };
      return (await map.send(new DiscoverInstancesCommand(asked))).Instances ?? [];
    },
  };
}

test('the tasks of a service are in its registry, and leave it before they are gone', async () => {
  await createCluster('registered');
  await register('registered');
  const { registryArn, found } = await createRegistry();
  const named = { cluster: 'registered', service: 'web' };
  await ecs.send(
    new ecsModel.CreateServiceCommand({
      cluster: 'registered',
      serviceName: 'web',
      taskDefinition: 'registered',
      desiredCount: 1,
      launchType: 'FARGATE',
      serviceRegistries: [{ registryArn }],
      networkConfiguration: { awsvpcConfiguration },
    }),
  );
  const [instance] = await found();
  const { taskArns } = await ecs.send(new ecsModel.ListTasksCommand({ cluster: 'registered' }));
  const { tasks } = await ecs.send(
    new ecsModel.DescribeTasksCommand({ cluster: 'registered', tasks: taskArns }),
  );
  const details = tasks![0]!.attachments![0]!.details!;
  assert.equal(instance?.InstanceId, taskArns![0]!.split('/').at(-1));
  assert.deepEqual(instance?.Attributes, {
    AWS_INSTANCE_IPV4: details.find(({ name }) => name === 'privateIPv4Address')?.value,
    AVAILABILITY_ZONE: 'us-east-1a',
    REGION: 'us-east-1',
    ECS_CLUSTER_NAME: 'registered',
    ECS_SERVICE_NAME: 'web',
    ECS_TASK_DEFINITION_FAMILY: 'registered',
  });
  const sizes: number[] = [];
  for (const desiredCount of [5, 2, 0]) {
    await ecs.send(new ecsModel.UpdateServiceCommand({ ...named, desiredCount }));
    sizes.push((await found()).length);
  }
  assert.deepEqual(sizes, [5, 2, 0]);
  await ecs.send(new ecsModel.DeleteServiceCommand(named));
  assert.equal((await describe('registered', 'web')).status, 'INACTIVE');
});

test('a registry with ports, and one with health that ECS tells', async () => {
  await createCluster('ports');
  const healthCheck = { command: ['CMD-SHELL', 'true'] };
  await register('ports', {
    networkMode: 'host',
    requiresCompatibilities: ['EC2'],
    containerDefinitions: [{ ...app, healthCheck }],
  });
  const { account } = aws;
  account.addInstance(account.ecs.cluster('ports'), 'i-00000000000000001', '10.3.0.1');
  const { registryArn, found } = await createRegistry({ HealthCheckCustomConfig: {} });
  const serviceRegistries = [{ registryArn, containerName: 'app', containerPort: 3000 }];
  const wanted = { cluster: 'ports', serviceName: 'web', taskDefinition: 'ports' };
  const service = { ...wanted, serviceRegistries, schedulingStrategy: 'DAEMON' as const };
  await ecs.send(new ecsModel.CreateServiceCommand(service));
  const [instance] = await found();
  assert.deepEqual(
    [instance?.Attributes?.['AWS_INSTANCE_IPV4'], instance?.Attributes?.['AWS_INSTANCE_PORT']],
    ['10.3.0.1', '3000'],
  );
  assert.equal(instance?.HealthStatus, 'HEALTHY');
  const [{ task } = { task: undefined }] = account.ecs.cluster('ports').tasks.values();
  account.ecs.change(task!, { healthStatus: 'UNHEALTHY' });
  await account.registrar.settled();
  assert.equal((await found())[0]?.HealthStatus, 'UNHEALTHY');
});

test('a new definition replaces all tasks, and is described as ECS does', async () => {
  await createCluster('rolling');
  const [first, second] = [await register('rolling'), await register('rolling')];
  const named = { cluster: 'rolling', service: 'web' };
  await ecs.send(
    new ecsModel.CreateServiceCommand({
      cluster: 'rolling',
      serviceName: 'web',
      taskDefinition: first,
      desiredCount: 3,
      launchType: 'FARGATE',
      networkConfiguration: { awsvpcConfiguration },
      deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
    }),
  );
  await ecs.send(new ecsModel.UpdateServiceCommand({ ...named, taskDefinition: second }));
  await ecsModel.waitUntilServicesStable(
    { client: ecs, minDelay: 1, maxDelay: 1, maxWaitTime: 10 },
    { cluster: 'rolling', services: ['web'] },
  );
  const service = await describe('rolling', 'web');
  assert.deepEqual(
    service.deployments?.map((one) => [one.status, one.rolloutState, one.taskDefinition]),
    [['PRIMARY', 'COMPLETED', second]],
  );
  assert.deepEqual([service.runningCount, service.pendingCount, service.desiredCount], [3, 0, 3]);
  assert.match(service.events![0]!.message!, /has reached a steady state/);
  const stopped = await ecs.send(
    new ecsModel.ListTasksCommand({ cluster: 'rolling', desiredStatus: 'STOPPED' }),
  );
  const { tasks } = await ecs.send(
    new ecsModel.DescribeTasksCommand({ cluster: 'rolling', tasks: stopped.taskArns }),
  );
  assert.deepEqual(
    tasks!.map(({ stopCode, taskDefinitionArn }) => [stopCode, taskDefinitionArn]),
    Array.from({ length: 3 }, () => ['ServiceSchedulerInitiated', first]),
  );
});

test('providers of capacity: the strategy of a service divides its tasks', async () => {
  await createCluster('providers');
  await register('providers');
  const cluster = 'providers';
  const strategy = [
    { capacityProvider: 'FARGATE', base: 1, weight: 0 },
    { capacityProvider: 'FARGATE_SPOT', weight: 1 },
  ];
  const service = {
    cluster,
    serviceName: 'web',
    taskDefinition: 'providers',
    desiredCount: 4,
    capacityProviderStrategy: strategy,
    networkConfiguration: { awsvpcConfiguration },
  };
  await assert.rejects(
    ecs.send(new ecsModel.CreateServiceCommand(service)),
    /'FARGATE' is not associated with the cluster/,
  );
  const capacityProviders = ['FARGATE', 'FARGATE_SPOT'];
  await ecs.send(
    new ecsModel.PutClusterCapacityProvidersCommand({
      cluster,
      capacityProviders,
      defaultCapacityProviderStrategy: [],
    }),
  );
  await ecs.send(new ecsModel.CreateServiceCommand(service));
  const tasks = [...aws.account.ecs.cluster(cluster).tasks.values()];
  const names = tasks
    .map(({ task }) => task.capacityProviderName ?? '')
    .sort((a, b) => a.localeCompare(b));
  assert.deepEqual(names, ['FARGATE', 'FARGATE_SPOT', 'FARGATE_SPOT', 'FARGATE_SPOT']);
  const none = { cluster, capacityProviders: [], defaultCapacityProviderStrategy: [] };
  await assert.rejects(ecs.send(new ecsModel.PutClusterCapacityProvidersCommand(none)), {
    name: 'ResourceInUseException',
  });
});

test('a DAEMON has a task on each instance, and one that drains loses it', async () => {
  await createCluster('nodes');
  await register('nodes', { networkMode: 'host', requiresCompatibilities: ['EC2'] });
  const { account } = aws;
  const cluster = account.ecs.cluster('nodes');
  await ecs.send(
    new ecsModel.CreateServiceCommand({
      cluster: 'nodes',
      serviceName: 'node',
      taskDefinition: 'nodes',
      schedulingStrategy: 'DAEMON',
    }),
  );
  const counts = async (): Promise<unknown> => {
    const { desiredCount, runningCount } = await describe('nodes', 'node');
    return [desiredCount, runningCount];
  };
  assert.deepEqual(await counts(), [0, 0]);
  for (const number of [1, 2, 3])
    account.addInstance(cluster, `i-0000000000000010${number}`, `10.4.0.${number}`);
  assert.deepEqual(await counts(), [3, 3]);
  const [containerInstance] = cluster.instances.keys();
  await ecs.send(
    new ecsModel.UpdateContainerInstancesStateCommand({
      cluster: 'nodes',
      containerInstances: [containerInstance!],
      status: 'DRAINING',
    }),
  );
  assert.deepEqual(await counts(), [2, 2]);
  const deleted = { cluster: 'nodes' };
  await assert.rejects(ecs.send(new ecsModel.DeleteClusterCommand(deleted)), {
    name: 'ClusterContainsServicesException',
  });
  await ecs.send(new ecsModel.DeleteServiceCommand({ cluster: 'nodes', service: 'node' }));
  await assert.rejects(ecs.send(new ecsModel.DeleteClusterCommand(deleted)), {
    name: 'ClusterContainsContainerInstancesException',
  });
  for (const arn of cluster.instances.keys())
    await ecs.send(
      new ecsModel.DeregisterContainerInstanceCommand({
        cluster: 'nodes',
        containerInstance: arn,
      }),
    );
  await ecs.send(new ecsModel.DeleteClusterCommand(deleted));
});

test('what ECS refuses is refused in its words', async () => {
  await createCluster('refused');
  await register('refused');
  const service = {
    cluster: 'refused',
    serviceName: 'web',
    taskDefinition: 'refused',
    desiredCount: 1,
    launchType: 'FARGATE' as const,
    networkConfiguration: { awsvpcConfiguration },
  };
  const registryArn = 'arn:aws:servicediscovery:us-east-1:000000000000:service/srv-0000000000000';
  const create = (more: object) =>
    ecs.send(new ecsModel.CreateServiceCommand({ ...service, ...more }));
  await assert.rejects(
    create({ networkConfiguration: undefined }),
    /Network Configuration must be/,
  );
  await assert.rejects(create({ serviceRegistries: [{ registryArn }] }), /registry not found/);
  const blocked = { maximumPercent: 100, minimumHealthyPercent: 100 };
  await assert.rejects(create({ deploymentConfiguration: blocked }), /cannot be 100/);
  await create({});
  const named = { cluster: 'refused', service: 'web' };
  await assert.rejects(ecs.send(new ecsModel.DeleteServiceCommand(named)), /scaled above 0/);
  await ecs.send(new ecsModel.DeleteServiceCommand({ ...named, force: true }));
  await assert.rejects(ecs.send(new ecsModel.UpdateServiceCommand(named)), {
    name: 'ServiceNotFoundException',
  });
  const refusals: [object, RegExp][] = [
    [{ memory: '1536' }, /No Fargate configuration exists/],
    [{ networkMode: 'bridge' }, /only supports network mode/],
    [{ containerDefinitions: [{ ...app, essential: false }] }, /at least one essential/],
    [{ containerDefinitions: [app, app] }, /not unique/],
    [{ containerDefinitions: [{ ...app, secrets: [{ name: 'A', valueFrom: 'a' }] }] }, /executionRoleArn/],
    [{ containerDefinitions: [{ ...app, mountPoints: [{ sourceVolume: 'v', containerPath: '/v' }] }] }, /Unknown volume 'v'/],
    [{ containerDefinitions: [{ ...app, dependsOn: [{ containerName: 'b', condition: 'START' }] }] }, /'b' is not in/],
  ]; // prettier-ignore
  for (const [more, words] of refusals) await assert.rejects(register('refused', more), words);
  const arn = await register('refused');
  const deleted = await ecs.send(
    new ecsModel.DeleteTaskDefinitionsCommand({ taskDefinitions: [arn] }),
  );
  assert.match(deleted.failures![0]!.reason!, /still in ACTIVE status/);
});

test('a task that does not start is tried again later, and a circuit breaker goes back', async () => {
  const clock = new VirtualClock();
  const state = new EcsState({ region: 'us-east-1', accountId: '000000000000' }, clock);
  const services = new EcsServices(state, new AbortController().signal);
  const instant = state.runner;
  const bad = state.register('web', [app]);
  const good = state.register('web', [app]);
  const fail = (task: Task): void => {
    state.change(task, {
      lastStatus: 'STOPPED',
      desiredStatus: 'STOPPED',
      stopCode: 'TaskFailedToStart',
      stoppedReason: 'CannotPullContainerError',
    });
  };
  state.runner = {
    ...instant,
    start: (task, definition) =>
      definition === bad ? fail(task) : instant.start(task, definition),
  };
  const cluster = state.createCluster('one');
  const service = services.create(cluster, {
    serviceName: 'web',
    taskDefinition: good.taskDefinitionArn,
    desiredCount: 2,
    deploymentConfiguration: {
      maximumPercent: 200,
      minimumHealthyPercent: 100,
      deploymentCircuitBreaker: { enable: true, rollback: true },
    },
  });
  services.deploy(service, bad.taskDefinitionArn);
  services.settle(cluster, service);
  const [failing] = service.deployments;
  assert.equal(failing?.failedTasks, 1);
  await clock.advance(1_000);
  assert.equal(failing.failedTasks, 2);
  await clock.advance(1_000);
  assert.equal(failing.failedTasks, 2, 'the second wait is longer');
  await clock.advance(1_000);
  assert.equal(failing.failedTasks, 3);
  assert.equal(failing.rolloutState, 'FAILED');
  assert.deepEqual(
    service.deployments.map(({ taskDefinition, rolloutState }) => [taskDefinition, rolloutState]),
    [[good.taskDefinitionArn, 'COMPLETED']],
  );
  assert.equal(services.tasksOf(cluster, service).length, 2);
  const said = service.events.map(({ message }) => message).join('\n');
  assert.match(said, /deployment failed: tasks failed to start/);
  assert.match(said, /rolling back to deployment/);
});
