/**
 * Presets of emf_write: the events that CloudWatch's own dashboards are made for. A preset fills in
 * the keys that an entry leaves out. Pure.
 * Source: aws-otel-collector 0.49's config/ecs/container-insights/otel-task-metrics-config.yaml;
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html,
 * ContainerInsights-Prometheus-metrics.html, ContainerInsights-Prometheus-Setup-nginx-ecs.html,
 * ContainerInsights-Prometheus-Setup-nginx-plus-ecs.html, and the agent's configuration in
 * cwagent-ecs-prometheus-metric-for-bridge-host.yaml
 */
import type { RenamedMetric } from './config.ts';
import type { DeclarationInput } from './declarations.ts';

export const PRESETS = ['container_insights', 'prometheus'] as const;
export type PresetName = (typeof PRESETS)[number];

export interface Preset {
  readonly namespace: string;
  readonly logGroup: string;
  readonly logStream: string;
  readonly declarations: readonly DeclarationInput[];
  /** Names that dashboards want, by those of attributes and labels. */
  readonly renamedLabels: ReadonlyMap<string, string>;
  readonly renamedMetrics: ReadonlyMap<string, RenamedMetric>;
}

/** As ADOT's configuration for Container Insights renames them. */
const TASK_LABELS: ReadonlyMap<string, string> = new Map([
  ['aws.ecs.cluster.name', 'ClusterName'],
  ['aws.ecs.service.name', 'ServiceName'],
  ['aws.ecs.task.id', 'TaskId'],
  ['aws.ecs.task.family', 'TaskDefinitionFamily'],
  ['aws.ecs.task.arn', 'TaskARN'],
  ['aws.ecs.docker.name', 'DockerName'],
  ['aws.ecs.task.version', 'TaskDefinitionRevision'],
  ['aws.ecs.task.pull_started_at', 'PullStartedAt'],
  ['aws.ecs.task.pull_stopped_at', 'PullStoppedAt'],
  ['cloud.availability_zone', 'AvailabilityZone'],
  ['aws.ecs.task.launch_type', 'LaunchType'],
  ['cloud.region', 'Region'],
  ['cloud.account.id', 'AccountId'],
  ['container.id', 'DockerId'],
  ['container.name', 'ContainerName'],
  ['container.image.name', 'Image'],
  ['aws.ecs.container.image.id', 'ImageId'],
  ['aws.ecs.container.exit_code', 'ExitCode'],
  ['aws.ecs.container.created_at', 'CreatedAt'],
  ['aws.ecs.container.started_at', 'StartedAt'],
  ['aws.ecs.container.finished_at', 'FinishedAt'],
  ['container.image.tag', 'ImageTag'],
]);

/** With the units of Container Insights. */
const TASK_METRICS: ReadonlyMap<string, RenamedMetric> = new Map([
  ['ecs.task.memory.utilized', { name: 'MemoryUtilized', unit: 'Megabytes' }],
  ['ecs.task.memory.reserved', { name: 'MemoryReserved', unit: 'Megabytes' }],
  ['ecs.task.cpu.utilized', { name: 'CpuUtilized', unit: 'None' }],
  ['ecs.task.cpu.reserved', { name: 'CpuReserved', unit: 'None' }],
  ['ecs.task.network.rate.rx', { name: 'NetworkRxBytes', unit: 'Bytes/Second' }],
  ['ecs.task.network.rate.tx', { name: 'NetworkTxBytes', unit: 'Bytes/Second' }],
  ['ecs.task.storage.read_bytes', { name: 'StorageReadBytes', unit: 'Bytes' }],
  ['ecs.task.storage.write_bytes', { name: 'StorageWriteBytes', unit: 'Bytes' }],
]);

const containerInsights: Preset = {
  namespace: 'ECS/ContainerInsights',
  logGroup: '/aws/ecs/containerinsights/{ClusterName}/performance',
  logStream: '{TaskId}',
  declarations: [
    {
      dimensions: [
        ['ClusterName'],
        ['ClusterName', 'TaskDefinitionFamily'],
        ['ClusterName', 'ServiceName'],
      ],
      metric_name_selectors: [...TASK_METRICS.values()].map(({ name }) => `^${name}$`),
    },
  ],
  renamedLabels: TASK_LABELS,
  renamedMetrics: TASK_METRICS,
};

const FAMILY = ['ClusterName', 'TaskDefinitionFamily'];
const SERVICE = [...FAMILY, 'ServiceName'];

function declare(
  label: string | undefined,
  regex: string,
  dimensions: readonly string[],
  names: readonly string[],
): DeclarationInput {
  return {
    dimensions: [[...dimensions]],
    metric_name_selectors: [...names],
    label_matchers: label === undefined ? [] : [{ label_names: [label], separator: ';', regex }],
  };
}

const ENVOY_METRICS = [
  '^envoy_http_downstream_rq_(total|xx)$',
  '^envoy_cluster_upstream_cx_(r|t)x_bytes_total$',
  '^envoy_cluster_membership_(healthy|total)$',
  '^envoy_server_memory_(allocated|heap_size)$',
  '^envoy_cluster_upstream_cx_(connect_timeout|destroy_local_with_active_rq)$',
  '^envoy_cluster_upstream_rq_(pending_failure_eject|pending_overflow|timeout|per_try_timeout)$',
  '^envoy_cluster_upstream_rq_(rx_reset|maintenance_mode)$',
  '^envoy_http_downstream_cx_destroy_remote_active_rq$',
  '^envoy_cluster_upstream_flow_control_(paused_reading|resumed_reading)_total$',
  '^envoy_cluster_upstream_flow_control_(backed_up|drained)_total$',
  '^envoy_cluster_upstream_rq_retry(_success|_overflow)?$',
  '^envoy_server_(version|uptime|live)$',
];

const JAVA_METRICS = [
  '^jvm_threads_(current|daemon)$',
  '^jvm_classes_loaded$',
  '^java_lang_operatingsystem_(free|total)(physicalmemory|swapspace)size$',
  '^java_lang_operatingsystem_(system|process)cpuload$',
  '^java_lang_operatingsystem_(availableprocessors|openfiledescriptorcount)$',
  '^catalina_manager_(rejectedsessions|activesessions)$',
  '^jvm_gc_collection_seconds_(count|sum)$',
  '^catalina_globalrequestprocessor_(bytesreceived|bytessent|requestcount)$',
  '^catalina_globalrequestprocessor_(errorcount|processingtime)$',
];

const NGINX_PLUS_METRICS = [
  '^nginxplus_connections_(accepted|active|dropped|idle)$',
  '^nginxplus_http_requests_total$',
  '^nginxplus_ssl_handshakes(_failed)?$',
  '^nginxplus_up$',
  '^nginxplus_upstream_server_health_checks_fails$',
];

const HAPROXY_METRICS = [
  '^haproxy_backend_(up|status|current_sessions)$',
  '^haproxy_(back|front)end_bytes_(in|out)_total$',
  '^haproxy_(back|front)end_connections_total$',
  '^haproxy_backend_connection_errors_total$',
  '^haproxy_frontend_(http_requests|request_errors|requests_denied)_total$',
  '^haproxy_frontend_current_sessions$',
];

const prometheus: Preset = {
  namespace: 'ECS/ContainerInsights/Prometheus',
  logGroup: '/aws/ecs/containerinsights/{ClusterName}/prometheus',
  logStream: '{JobName}',
  declarations: [
    declare('container_name', '^envoy$', FAMILY, ENVOY_METRICS),
    declare(
      'container_name',
      '^envoy$',
      [...FAMILY, 'envoy_http_conn_manager_prefix', 'envoy_response_code_class'],
      ['^envoy_http_downstream_rq_xx$'],
    ),
    declare('Java_EMF_Metrics', '^true$', FAMILY, JAVA_METRICS),
    declare('Java_EMF_Metrics', '^true$', [...FAMILY, 'area'], ['^jvm_memory_bytes_used$']),
    declare('Java_EMF_Metrics', '^true$', [...FAMILY, 'pool'], ['^jvm_memory_pool_bytes_used$']),
    declare('job', '.*nginx.*', SERVICE, ['^nginx_.*$']),
    declare('job', '^nginx-plus.*', SERVICE, NGINX_PLUS_METRICS),
    declare(
      'job',
      '^nginx-plus.*',
      [...SERVICE, 'upstream'],
      ['^nginxplus_upstream_server_response_time$'],
    ),
    declare(
      'job',
      '^nginx-plus.*',
      [...SERVICE, 'code'],
      ['^nginxplus_upstream_server_responses$', '^nginxplus_server_zone_responses$'],
    ),
    // AWS has these for Kubernetes alone, by namespace and service: on ECS it is the family.
    declare(undefined, '', FAMILY, HAPROXY_METRICS),
    declare(
      undefined,
      '',
      [...FAMILY, 'backend', 'code'],
      ['^haproxy_backend_http_responses_total$'],
    ),
    declare(
      undefined,
      '',
      [...FAMILY, 'frontend', 'code'],
      ['^haproxy_frontend_http_responses_total$'],
    ),
  ],
  renamedLabels: new Map([
    ['aws.ecs.cluster.name', 'ClusterName'],
    ['aws.ecs.service.name', 'ServiceName'],
    ['aws.ecs.task.family', 'TaskDefinitionFamily'],
    ['aws.ecs.task.id', 'TaskId'],
    ['container.name', 'container_name'],
    ['service.name', 'job'],
    ['service.instance.id', 'instance'],
  ]),
  renamedMetrics: new Map(),
};

export const presets: Readonly<Record<PresetName, Preset>> = {
  container_insights: containerInsights,
  prometheus,
};
