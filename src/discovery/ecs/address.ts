/**
 * Where a container's port is reached, by network mode and launch type, or why it is not reachable.
 * Pure.
 *
 *   awsvpc   the task's own interface, the container's port
 *   bridge   the instance, the host port that is bound to the container's
 *   host     the instance, the container's port
 *
 * ECS does not report the address of an external instance (ECS Anywhere); it is read from an
 * attribute of the container instance.
 */
import type { NetworkBinding } from '@aws-sdk/client-ecs';
import { joinHostPort } from '../labels.ts';
import { findRunningContainer, type TaskFacts } from './facts.ts';

/** Why a container is not a target: a bounded set of values for metrics. */
export type NoTarget =
  | 'no_rule'
  | 'bad_label'
  | 'port_not_mapped'
  | 'port_not_bound'
  | 'no_address'
  | 'no_network'
  | 'not_running'
  | 'stopping'
  | 'unhealthy'
  | 'no_definition'
  | 'same_as_other';

export type ContainerAddress =
  | { readonly address: string; readonly host: string; readonly how: string }
  | { readonly reason: NoTarget; readonly words: string };

/**
 * The custom attribute of a container instance that holds its address, where ECS does not know it.
 */
export const ADDRESS_ATTRIBUTE = 'prometheus.address';

/**
 * @param containerPort  the port inside the container
 * @param host           replaces the address of the task or the instance
 */
export function findAddress(
  facts: TaskFacts,
  containerName: string,
  containerPort: number,
  host?: string,
): ContainerAddress {
  const { task, definition } = facts;
  const mode = definition?.networkMode ?? 'bridge';
  if (mode === 'none')
    return { reason: 'no_network', words: 'network mode none: the container has no ports' };
  if (mode === 'awsvpc') {
    const own = host ?? findTaskAddress(facts, containerName);
    return own === undefined
      ? { reason: 'no_address', words: 'the task has no network interface yet' }
      : makeAddress(own, containerPort, `awsvpc: the address of the task, port ${containerPort}`);
  }
  const instance = host ?? findInstanceAddress(facts);
  if (instance === undefined) return explainNoInstance(facts);
  const bindings = findRunningContainer(task, containerName)?.networkBindings ?? [];
  const binding = findHostPort(bindings, containerPort);
  if (binding !== undefined)
    return makeAddress(
      instance,
      binding,
      `${mode}: the address of the instance, host port ${binding} is bound to ${containerPort}`,
    );
  if (mode === 'host')
    return makeAddress(
      instance,
      containerPort,
      `host: the address of the instance, port ${containerPort}`,
    );
  const behind = bindings.find(({ hostPort }) => hostPort === containerPort)?.containerPort;
  return {
    reason: bindings.length > 0 ? 'port_not_bound' : 'port_not_mapped',
    words:
      behind === undefined
        ? `bridge: no host port is bound to port ${containerPort}; map it in the task definition`
        : `bridge: ${containerPort} is the host port that is bound to port ${behind} of the ` +
          `container; give ${behind}`,
  };
}

function makeAddress(host: string, port: number, how: string): ContainerAddress {
  return { address: joinHostPort(host, port), host, how };
}

/** Finds the host port, which is the same for IPv4 and IPv6. UDP ports cannot be scraped. */
function findHostPort(
  bindings: readonly NetworkBinding[],
  containerPort: number,
): number | undefined {
  return bindings.find(
    ({ containerPort: port, hostPort, protocol }) =>
      port === containerPort && hostPort !== undefined && hostPort > 0 && protocol !== 'udp',
  )?.hostPort;
}

/** Finds the address of a task, IPv4 before IPv6. */
export function findTaskAddress(
  { task }: Pick<TaskFacts, 'task'>,
  containerName?: string,
): string | undefined {
  const container =
    containerName === undefined ? task.containers?.[0] : findRunningContainer(task, containerName);
  const own = container?.networkInterfaces?.[0];
  if (own?.privateIpv4Address !== undefined) return own.privateIpv4Address;
  const interfaces = task.attachments?.find(({ type }) => type === 'ElasticNetworkInterface');
  const detail = (name: string): string | undefined =>
    interfaces?.details?.find((entry) => entry.name === name)?.value;
  return detail('privateIPv4Address') ?? own?.ipv6Address ?? detail('privateIPv6Address');
}

export function findInstanceAddress({ ec2, containerInstance }: TaskFacts): string | undefined {
  const given = containerInstance?.attributes?.find(({ name }) => name === ADDRESS_ATTRIBUTE);
  return given?.value ?? ec2?.PrivateIpAddress ?? ec2?.Ipv6Address ?? findIpv6(ec2);
}

function findIpv6(ec2: TaskFacts['ec2']): string | undefined {
  return ec2?.NetworkInterfaces?.[0]?.Ipv6Addresses?.[0]?.Ipv6Address;
}

function explainNoInstance({ containerInstance }: TaskFacts): ContainerAddress {
  const id = containerInstance?.ec2InstanceId ?? '';
  return {
    reason: 'no_address',
    words: id.startsWith('mi-')
      ? `ECS does not tell the address of ${id}; set the attribute ${ADDRESS_ATTRIBUTE} of the ` +
        'container instance'
      : 'the address of the instance is not known (ecs:DescribeContainerInstances, ' +
        'ec2:DescribeInstances)',
  };
}
