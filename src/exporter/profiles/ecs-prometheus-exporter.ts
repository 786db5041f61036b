/**
 * The profile `ecs_prometheus_exporter`: the names of the older sidecar. All metrics are gauges, in
 * nanoseconds and bytes as the endpoint gives them.
 * Source: the README of aws-samples' ecs_prometheus_exporter (2021)
 */
import type {
  ContainerNetwork,
  ContainerStats,
  TaskMetadata,
  TaskStats,
} from '../../aws/task-metadata-schema.ts';
import { gauge, type FamilyList, type SampleLabels } from '../family-list.ts';
import { readLimit, listOwnContainers, shortenArn } from '../reading.ts';

type Read = (stats: ContainerStats) => number | undefined;

const CONTAINER: readonly (readonly [name: string, help: string, read: Read])[] = [
  [
    'cpu_kernel',
    'Total CPU usage by kernel space.',
    (stats) => stats.cpu_stats?.cpu_usage?.usage_in_kernelmode,
  ],
  ['cpu_num_online', 'Number of online CPUs.', (stats) => stats.cpu_stats?.online_cpus],
  ['cpu_system', 'Total system CPU usage.', (stats) => stats.cpu_stats?.system_cpu_usage],
  ['cpu_total', 'Total CPU usage.', (stats) => stats.cpu_stats?.cpu_usage?.total_usage],
  [
    'cpu_user',
    'Total CPU usage by user space.',
    (stats) => stats.cpu_stats?.cpu_usage?.usage_in_usermode,
  ],
  ['mem_limit', 'Memory limit.', (stats) => readLimit(stats.memory_stats?.limit)],
  ['mem_total', 'Total memory usage.', (stats) => stats.memory_stats?.usage],
  ['mem_usage', 'Maximum memory usage.', (stats) => stats.memory_stats?.max_usage],
  [
    'network_rx_rate',
    'Network received rate per second.',
    (stats) => stats.network_rate_stats?.rx_bytes_per_sec,
  ],
  [
    'network_tx_rate',
    'Network transmitted rate per second.',
    (stats) => stats.network_rate_stats?.tx_bytes_per_sec,
  ],
  ['num_procs', 'Number of processors on Windows; 0 elsewhere.', (stats) => stats.num_procs],
];

const NETWORK: readonly (readonly [name: string, help: string, key: keyof ContainerNetwork])[] = [
  ['rx_bytes', 'Network received in bytes.', 'rx_bytes'],
  ['rx_dropped', 'Network packets dropped in receiving.', 'rx_dropped'],
  ['rx_errors', 'Network errors in receiving.', 'rx_errors'],
  ['rx_packets', 'Network packets received.', 'rx_packets'],
  ['tx_bytes', 'Network transmitted in bytes.', 'tx_bytes'],
  ['tx_dropped', 'Network packets dropped in transmit.', 'tx_dropped'],
  ['tx_errors', 'Network errors in transmit.', 'tx_errors'],
  ['tx_packets', 'Network packets transmitted.', 'tx_packets'],
];

export function putEcsPrometheusExporter(
  families: FamilyList,
  task: TaskMetadata,
  all: TaskStats | undefined,
  shared: SampleLabels,
): void {
  const identity = {
    task_az: task.AvailabilityZone ?? '',
    task_family: task.Family ?? '',
    task_family_revision: task.Revision ?? '',
  };
  for (const { container, stats } of listOwnContainers(task, all)) {
    if (stats === null) continue;
    const labels = {
      ...shared,
      cluster: shortenArn(task.Cluster),
      container: container.Name,
      ...identity,
    };
    for (const [name, help, read] of CONTAINER)
      families.put(gauge(`ecs_${name}`, help), labels, read(stats));
    for (const [network_interface, network] of Object.entries(stats.networks)) {
      for (const [name, help, key] of NETWORK)
        families.put(
          gauge(`ecs_network_${name}`, help),
          { ...labels, network_interface },
          network[key],
        );
    }
  }
}
