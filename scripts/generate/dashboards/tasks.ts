/** Tasks and containers, as the exporter beside them tells them: cluster → service → task. */
import { assembleDashboard } from './assembling.ts';
import { figure, graph } from './panels.ts';
import { labelVariable } from './variables.ts';

const RATE = '[$__rate_interval]';
/** The labels that discovery sets, of what is chosen. */
const WHERE = 'cluster=~"$cluster",service=~"$service",taskid=~"$taskid"';
const BY_TASK = 'by (service, taskid)';
const BY_CONTAINER = 'by (service, taskid, container_name)';
const BY_LINK = 'by (service, taskid, interface)';
const TASK = '{{service}} {{taskid}}';
const LINK = `${TASK} {{interface}}`;
const CONTAINER = '{{service}} {{taskid}} {{container_name}}';

const of = (metric: string): string => `${metric}{${WHERE}}`;
const rateOf = (metric: string): string => `rate(${of(metric)}${RATE})`;

const glance = {
  title: 'At a glance',
  panels: [
    figure(
      {
        title: 'Tasks',
        unit: 'none',
        remedy: 'Fewer than wanted: the events of the service tell why tasks stop or do not start.',
      },
      `count(${of('ecs_task_metadata_info')})`,
    ),
    figure(
      {
        title: 'Containers that run',
        unit: 'none',
        remedy:
          'Compare with the task definition; "Containers that do not run" names those missing.',
      },
      `sum(${of('ecs_task_containers_running')})`,
    ),
    figure(
      {
        title: 'Exporters without answers',
        unit: 'none',
        remedy:
          'Their task metadata endpoint fails: figures are absent, not 0. Look at the log of the ' +
          'exporter, and on EC2 at the agent.',
        bad: 1,
      },
      `sum(1 - ${of('ecs_up')})`,
    ),
    figure(
      {
        title: 'CPU in use',
        unit: 'short',
        remedy: 'vCPUs, of all tasks that are chosen; compare with the sum of their limits.',
      },
      `sum(${of('ecs_task_cpu_in_use_vcpus')})`,
    ),
    figure(
      {
        title: 'Memory in use',
        unit: 'bytes',
        remedy: 'Page cache included, which the kernel takes back before it kills.',
      },
      `sum(${of('ecs_task_memory_usage_bytes')})`,
    ),
    figure(
      {
        title: 'Oldest statistics',
        unit: 's',
        remedy:
          'Agents sample every 20 s at least. Older: the agent is stuck; restart it, or the task.',
        bad: 60,
      },
      `max(${of('ecs_container_stats_age_seconds')})`,
    ),
  ],
};

const cpu = {
  title: 'CPU',
  panels: [
    graph(
      {
        title: 'CPU of tasks, by their limit',
        unit: 'percentunit',
        remedy: 'Near 100 % for long: give the task more CPU, or the service more tasks.',
      },
      [TASK, `sum ${BY_TASK} (${of('ecs_task_cpu_utilization_ratio')})`],
    ),
    graph(
      {
        title: 'CPU of containers',
        unit: 'short',
        remedy:
          'In vCPUs. A sidecar that takes what the application needs gets a limit of its own.',
      },
      [CONTAINER, `sum ${BY_CONTAINER} (${rateOf('ecs_container_cpu_usage_seconds_total')})`],
    ),
    graph(
      {
        title: 'Share of periods throttled',
        unit: 'percentunit',
        remedy:
          'A container wanted more CPU than its quota. Latency suffers first: raise the limit, ' +
          'or use fewer threads.',
      },
      [
        CONTAINER,
        `sum ${BY_CONTAINER} (${rateOf('ecs_container_cpu_cfs_throttled_periods_total')}) / ` +
          `sum ${BY_CONTAINER} (${rateOf('ecs_container_cpu_cfs_periods_total')})`,
      ],
    ),
    graph(
      {
        title: 'Time throttled',
        unit: 'percentunit',
        remedy: 'Seconds that threads waited, for each second. Above 100 % several waited at once.',
      },
      [
        CONTAINER,
        `sum ${BY_CONTAINER} (${rateOf('ecs_container_cpu_cfs_throttled_seconds_total')})`,
      ],
    ),
    graph(
      {
        title: 'CPU by mode',
        unit: 'short',
        remedy: 'Much time in the kernel is I/O, small requests, or garbage of memory mappings.',
      },
      [
        'user {{container_name}}',
        `sum by (container_name) (${rateOf('ecs_container_cpu_user_seconds_total')})`,
      ],
      [
        'kernel {{container_name}}',
        `sum by (container_name) (${rateOf('ecs_container_cpu_kernel_seconds_total')})`,
      ],
    ),
    graph(
      {
        title: 'CPU limits',
        unit: 'short',
        remedy:
          'vCPUs of tasks, and what containers reserve of them. No limit of a task: EC2 alone.',
      },
      [`limit ${TASK}`, `sum ${BY_TASK} (${of('ecs_task_cpu_limit_vcpus')})`],
      [`reserved ${CONTAINER}`, `sum ${BY_CONTAINER} (${of('ecs_container_cpu_reserved_vcpus')})`],
    ),
  ],
};

const memory = {
  title: 'Memory',
  panels: [
    graph(
      {
        title: 'Memory of tasks, by their limit',
        unit: 'percentunit',
        remedy: 'Working set. At 100 % a container is killed (exit code 137): raise the limit.',
      },
      [TASK, `sum ${BY_TASK} (${of('ecs_task_memory_utilization_ratio')})`],
    ),
    graph(
      {
        title: 'Working set of containers',
        unit: 'bytes',
        remedy: 'What cannot be given back. Steady growth under steady load is a leak.',
      },
      [CONTAINER, `sum ${BY_CONTAINER} (${of('ecs_container_memory_working_set_bytes')})`],
    ),
    graph(
      {
        title: 'Usage of containers, page cache included',
        unit: 'bytes',
        remedy: 'Above the working set by files that were read; harmless, until both grow.',
      },
      [CONTAINER, `sum ${BY_CONTAINER} (${of('ecs_container_memory_usage_bytes')})`],
      [
        `cache ${CONTAINER}`,
        `sum ${BY_CONTAINER} (${of('ecs_container_memory_page_cache_size_bytes')})`,
      ],
    ),
    graph(
      {
        title: 'Memory limits',
        unit: 'bytes',
        remedy: 'A container without a hard limit has that of its task.',
      },
      [`task ${TASK}`, `sum ${BY_TASK} (${of('ecs_task_memory_limit_bytes')})`],
      [CONTAINER, `sum ${BY_CONTAINER} (${of('ecs_container_memory_limit_bytes')})`],
    ),
  ],
};

/** What is received, and what is sent. */
const bothWays = (what: string): [string, string][] => [
  [`received ${LINK}`, `sum ${BY_LINK} (${rateOf(`ecs_network_receive_${what}_total`)})`],
  [`sent ${LINK}`, `sum ${BY_LINK} (${rateOf(`ecs_network_transmit_${what}_total`)})`],
];

const network = {
  title: 'Network',
  panels: [
    graph(
      {
        title: 'Bytes',
        unit: 'Bps',
        remedy: 'Nothing received under load: look at security groups. Bytes between zones cost.',
      },
      ...bothWays('bytes'),
    ),
    graph(
      {
        title: 'Packets',
        unit: 'pps',
        remedy: 'Many small packets cost CPU in the kernel: send more at once.',
      },
      ...bothWays('packets'),
    ),
    graph(
      {
        title: 'Packets dropped',
        unit: 'pps',
        remedy:
          'The task or its instance cannot keep up: look at CPU, and at the size of the instance.',
      },
      ...bothWays('packets_dropped'),
    ),
    graph(
      {
        title: 'Errors',
        unit: 'pps',
        remedy: 'There should be none: move the task to another host.',
      },
      ...bothWays('errors'),
    ),
  ],
};

const disk = {
  title: 'Disk',
  panels: [
    graph(
      {
        title: 'Bytes read and written',
        unit: 'Bps',
        remedy: 'Reads that do not end are a page cache that is too small: look at memory.',
      },
      [
        `{{operation}} ${CONTAINER}`,
        'sum by (service, taskid, container_name, operation) ' +
          `(${rateOf('ecs_container_block_io_bytes_total')})`,
      ],
    ),
    graph(
      {
        title: 'Ephemeral storage of Fargate',
        unit: 'bytes',
        remedy: 'Full, the task fails to write: raise ephemeralStorage, or write less.',
      },
      [`used ${TASK}`, `sum ${BY_TASK} (${of('ecs_task_ephemeral_storage_used_bytes')})`],
      [`allocated ${TASK}`, `sum ${BY_TASK} (${of('ecs_task_ephemeral_storage_allocated_bytes')})`],
    ),
  ],
};

const state = {
  title: 'State',
  panels: [
    graph(
      {
        title: 'Containers that do not run',
        unit: 'none',
        remedy:
          'Right for those that end by themselves. For others, the exit code beside tells why.',
        width: 8,
      },
      [CONTAINER, `sum ${BY_CONTAINER} (1 - ${of('ecs_container_running')})`],
    ),
    graph(
      {
        title: 'Containers that are not healthy',
        unit: 'none',
        remedy: 'Only those with a health check. Try its command in the container by ECS Exec.',
        width: 8,
      },
      [CONTAINER, `sum ${BY_CONTAINER} (1 - ${of('ecs_container_healthy')})`],
    ),
    graph(
      {
        title: 'Exit codes',
        unit: 'none',
        remedy: '137: killed, by its memory or at the end of stopTimeout. 139: a fault of memory.',
        width: 8,
      },
      [CONTAINER, `max ${BY_CONTAINER} (${of('ecs_container_exit_code')})`],
    ),
  ],
};

export const tasksDashboard = assembleDashboard({
  name: 'tasks',
  title: 'Amperage: tasks and containers',
  description:
    'CPU, memory, network and disk of tasks, of "amperage exporter" beside them, by the labels ' +
    'cluster, service and taskid of discovery.',
  source: 'prometheus',
  variables: [
    labelVariable('cluster', 'Cluster', 'ecs_task_metadata_info'),
    labelVariable('service', 'Service', 'ecs_task_metadata_info{cluster=~"$cluster"}'),
    labelVariable(
      'taskid',
      'Task',
      'ecs_task_metadata_info{cluster=~"$cluster",service=~"$service"}',
    ),
  ],
  sections: [glance, cpu, memory, network, disk, state],
});
