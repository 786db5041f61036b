/**
 * Two clusters in an emulated account, with tasks on Fargate and on instances, enough for several
 * pages and batches.
 */
import type { EmulatedCloud } from '../../../src/emulator/cloud.ts';
import type { EmulatedRegion } from '../../../src/emulator/region.ts';
import type { ContainerDefinition, Task } from '../../../src/emulator/ecs/shapes.ts';
import { startEmulatedAws } from '../../kit/emulated-aws.ts';
import { type Fault, makeTrouble } from './faults.ts';
import type { Member, SourceWorld } from './world.ts';

/** Page sizes that split each list in two pages. */
const pageSizes = { ListTasks: 3, ListClusters: 1 };
const LISTED = ['ListTasks', 'DescribeTasks'];

/**
 * @param port         the port of the targets of the mechanism
 * @param definitions  whether a target needs its task definition
 */
export async function openEcsWorld(
  config: object,
  { port, definitions }: { readonly port: number; readonly definitions: boolean },
): Promise<SourceWorld & { readonly cloud: EmulatedCloud; readonly account: EmulatedRegion }> {
  const aws = await startEmulatedAws();
  const { account, cloud } = aws;
  const { ecs, ecsServices } = account;
  const { trouble } = cloud;
  const app: ContainerDefinition = {
    name: 'app',
    image: 'web:1',
    portMappings: [{ containerPort: 9779, hostPort: 9779 }],
    dockerLabels: { PROMETHEUS_EXPORTER_PORT: '9779' },
  };
  const [one, two] = [
    ecs.createCluster('one', [{ key: 'team', value: 'a' }]),
    ecs.createCluster('two', [{ key: 'team', value: 'b' }]),
  ];
  ecs.register('web', [app]);
  ecs.register('batch', [app]);
  ecs.register('node', [app], 'host');
  ecsServices.create(one, {
    serviceName: 'front',
    taskDefinition: 'web',
    desiredCount: 0,
    tags: [{ key: 'env', value: 'prod' }],
  });
  const members = new Map<Task, Member>();
  let next = 1;
  const run = (
    cluster: typeof one,
    taskDefinition: string,
    needs: readonly string[] = LISTED,
    more: object = {},
  ): Task => {
    const address = `10.0.0.${next++}`;
    const publicAddress = `198.51.100.${next}`;
    const task = ecs.run(cluster, { taskDefinition, address, publicAddress, ...more });
    members.set(task, { address: `${address}:${port}`, needs });
    return task;
  };
  const instanceNeeds = ['DescribeContainerInstances', 'DescribeInstances'];
  const runOnInstance = (taskDefinition: string, id: string, isNew = true): void => {
    const address = `10.1.0.${next++}`;
    if (isNew) account.addInstance(one, id, address, { Name: id });
    const given = { taskDefinition, launchType: 'EC2', containerInstance: id };
    const needs = [...LISTED, ...instanceNeeds];
    members.set(ecs.run(one, given), { address: `${address}:${port}`, needs });
  };
  const definitionNeeds = definitions ? ['DescribeTaskDefinition'] : [];
  const leaving = run(one, 'web', [...LISTED, ...definitionNeeds]);
  run(one, 'batch', [...LISTED, ...definitionNeeds], { group: 'service:front' });
  for (const id of ['i-0000000000000000a', 'i-0000000000000000b', 'i-0000000000000000c'])
    runOnInstance('node', id);
  run(two, 'web', [...LISTED, ...definitionNeeds]);
  trouble.set({ pageSizes });
  return {
    cloud,
    account,
    config: {
      region: 'us-east-1',
      endpoint: aws.url,
      refresh_interval: '5m',
      call_budget: 1,
      ...config,
    },
    refreshMs: 300_000,
    members: () => [...members.values()],
    async turnOver() {
      ecs.stop(leaving);
      members.delete(leaving);
      ecs.register('fresh', [app]);
      ecsServices.create(two, { serviceName: 'new', taskDefinition: 'web', desiredCount: 0 });
      run(one, 'web');
      run(one, 'fresh', [...LISTED, ...definitionNeeds], { group: 'service:front' });
      run(two, 'web', LISTED, { group: 'service:new' });
      runOnInstance('node', 'i-0000000000000000e');
    },
    takeCalls() {
      const calls = new Map<string, number>();
      for (const action of Object.keys(cloud.takeCalls()))
        calls.set(action, trouble.pagesSeen.get(action) ?? 1);
      return calls;
    },
    async strike(...faults: readonly Fault[]) {
      trouble.set({ pageSizes, faults: faults.map(makeTrouble) });
    },
    repair: async () => void trouble.set({ pageSizes }),
    hanging: () => trouble.hanging,
    close: () => aws.close(),
  };
}
