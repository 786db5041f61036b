/**
 * What a new task has of its definition and network: containers with the bindings of a host's
 * ports, or a network interface of the task's own (`awsvpc`).
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking.html
 */
import { randomBytes } from 'node:crypto';
import type { ContainerDefinition, NetworkBinding, Task, TaskDefinition } from './shapes.ts';

/** A task's own network interface, as EC2 describes it. */
export interface TaskInterface {
  readonly networkInterfaceId: string;
  readonly privateAddress: string;
  readonly subnetId: string;
  readonly availabilityZone: string;
  publicAddress: string | undefined;
}

export interface NewTaskPlace {
  readonly definition: TaskDefinition;
  readonly address: string;
  readonly subnetId: string;
  /** The number of the task, of which ports that the host chooses are made. */
  readonly order: number;
}

const FIRST_DYNAMIC_PORT = 32_768;

/** Adds the containers of the definition to the task. @returns its interface, where it has one */
export function attachNetwork(task: Task, place: NewTaskPlace): TaskInterface | undefined {
  const { definition, address } = place;
  const isVpc = definition.networkMode === 'awsvpc';
  const attachmentId = makeHex(8);
  const own = isVpc ? attachInterface(task, attachmentId, place) : undefined;
  const containerPath = task.taskArn.replace(':task/', ':container/');
  const networkInterfaces = isVpc
    ? [
        {
          attachmentId,
          ...(address.includes(':') ? { ipv6Address: address } : { privateIpv4Address: address }),
        },
      ]
    : [];
  for (const container of definition.containerDefinitions)
    task.containers.push({
      containerArn: `${containerPath}/${makeHex(16)}`,
      taskArn: task.taskArn,
      name: container.name,
      image: container.image,
      lastStatus: 'PENDING',
      healthStatus: 'UNKNOWN',
      networkBindings: bindPorts(container, place),
      networkInterfaces,
    });
  return own;
}

function attachInterface(
  task: Task,
  id: string,
  { address, subnetId }: NewTaskPlace,
): TaskInterface {
  const networkInterfaceId = `eni-${makeHex(8)}`;
  const kind = address.includes(':') ? 'privateIPv6Address' : 'privateIPv4Address';
  task.attachments.push({
    id,
    type: 'ElasticNetworkInterface',
    status: 'ATTACHED',
    details: [
      { name: 'subnetId', value: subnetId },
      { name: 'networkInterfaceId', value: networkInterfaceId },
      { name: kind, value: address },
    ],
  });
  const { availabilityZone } = task;
  return {
    networkInterfaceId,
    privateAddress: address,
    subnetId,
    availabilityZone,
    publicAddress: undefined,
  };
}

function bindPorts(
  { portMappings = [] }: ContainerDefinition,
  { definition: { networkMode }, order }: NewTaskPlace,
): NetworkBinding[] {
  if (networkMode !== 'bridge' && networkMode !== 'host') return [];
  return portMappings.flatMap(({ containerPort, hostPort = 0, protocol = 'tcp' }, index) => {
    const dynamic = FIRST_DYNAMIC_PORT + ((order * 16 + index) % 28_000);
    const bound = networkMode === 'host' ? containerPort : hostPort || dynamic;
    const binding = { containerPort, hostPort: bound, protocol };
    return [
      { bindIP: '0.0.0.0', ...binding },
      { bindIP: '::', ...binding },
    ];
  });
}

/** Ports of the machine that each task of a definition takes, as `tcp:9100`. */
export function listHostPorts({ networkMode, containerDefinitions }: TaskDefinition): string[] {
  if (networkMode !== 'bridge' && networkMode !== 'host') return [];
  return containerDefinitions.flatMap(({ portMappings = [] }) =>
    portMappings.flatMap(({ containerPort, hostPort = 0, protocol = 'tcp' }) => {
      const port = networkMode === 'host' ? containerPort : hostPort;
      return port === 0 ? [] : [`${protocol}:${port}`];
    }),
  );
}

/** The address of the task's own interface. */
export function addressOfTask({ attachments }: Task): string | undefined {
  return attachments
    .flatMap(({ details }) => details)
    .find(({ name }) => name === 'privateIPv4Address' || name === 'privateIPv6Address')?.value;
}

export function makeHex(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}
