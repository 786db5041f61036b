/** Joins tasks that are local processes with what they need of an emulated region. */
import type { EmulatedCloud } from './cloud.ts';
import type { LocalTasks } from './ecs/processes/local-tasks.ts';
import { sessionOf } from './identities.ts';
import type { EmulatedRegion } from './region.ts';
import type { TaskRegistry } from './task-metadata.ts';

export function attachTasks(
  { place, ecs, ec2, registrar, asItself }: EmulatedRegion,
  {
    cloud,
    tasks,
    metadata,
  }: {
    readonly cloud: EmulatedCloud;
    readonly tasks: LocalTasks;
    readonly metadata: TaskRegistry;
  },
): void {
  tasks.attach({
    region: place.region,
    state: ecs,
    urlOf: () => cloud.urlOf(),
    callAs: (roleArn, ...call) => {
      const context = asItself('ecs.amazonaws.com');
      const caller = roleArn === undefined ? context.caller : sessionOf(roleArn, 'task');
      return cloud.call({ ...context, caller }, ...call);
    },
    deregistered: () => registrar.settled(),
    credentialsPath: (_taskId, roleArn) => `/v2/credentials/${roleArn.split('/').at(-1) ?? ''}`,
    describe: (taskId, task) => {
      const { containers } = metadata.put(taskId, task, cloud.urlOf(), place);
      return new Map(containers.map(({ name, metadataUri }) => [name, metadataUri]));
    },
    forget: (taskId) => void metadata.delete(taskId),
    addressOf: (id) => ec2.instances.get(id)?.privateIpAddress,
    setAddress: (id, privateIpAddress) => {
      const instance = ec2.instances.get(id);
      if (instance !== undefined) ec2.put({ ...instance, privateIpAddress });
    },
  });
}
