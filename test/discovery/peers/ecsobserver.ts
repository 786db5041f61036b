/**
 * ecsobserver's targets.
 * Source:
 * https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/e3bd2d1d648f/extension/observer/ecsobserver
 */
import { ACCOUNT } from '../task-kinds.ts';
import type { Labels, Peer } from './peer.ts';
import { rules, tasks } from './shop.ts';

/** Labels of every target of ecsobserver. */
function observed(id: string, container: string, more: Labels): Labels {
  return {
    __metrics_path__: '/metrics',
    __meta_ecs_source: `${ACCOUNT}:task/prod/${id}`,
    __meta_ecs_cluster_name: 'prod',
    __meta_ecs_task_definition_family: 'shop',
    __meta_ecs_task_definition_revision: '7',
    __meta_ecs_task_started_by: 'ecs-svc/1',
    __meta_ecs_task_launch_type: 'FARGATE',
    __meta_ecs_task_group: 'service:web',
    // The service is also named where a docker label found the target, because a rule matches it.
    __meta_ecs_service_name: 'web',
    __meta_ecs_health_status: 'HEALTHY',
    __meta_ecs_container_name: container,
    ...more,
  };
}
const OBSERVED_SIDE = {
  __meta_ecs_container_labels_ECS_PROMETHEUS_EXPORTER_PORT: '9404',
  __meta_ecs_container_labels_job: 'by-label',
};
const OBSERVED_APP = {
  __meta_ecs_container_labels_ECS_PROMETHEUS_EXPORTER_PORT: '3000',
  __meta_ecs_container_labels_ECS_PROMETHEUS_METRICS_PATH: '/stats',
  __meta_ecs_container_labels_ECS_PROMETHEUS_JOB_NAME: 'app-job',
  __meta_ecs_container_labels_com_example_team: 'a',
  __meta_ecs_container_labels_LaunchType: 'mine',
};
const OBSERVED_TWICE = {
  __meta_ecs_container_labels_ECS_PROMETHEUS_EXPORTER_PORT: '9700',
  __meta_ecs_container_labels_ECS_PROMETHEUS_METRICS_PATH: '/metrics',
};
const OBSERVED_NODE = {
  __meta_ecs_task_launch_type: 'EC2',
  __meta_ecs_ec2_instance_id: 'i-0aaa',
  __meta_ecs_ec2_instance_type: 'm7g.large',
  __meta_ecs_ec2_vpc_id: 'vpc-1',
  __meta_ecs_ec2_subnet_id: 'subnet-node',
  __meta_ecs_ec2_public_ip: '203.0.113.1',
  __meta_ecs_ec2_tags_Name: 'node-1',
  __meta_ecs_ec2_tags_aws_autoscaling_groupName: 'nodes',
};

export const ecsobserver: Peer = {
  profile: 'ecsobserver',
  rules,
  tasks,
  theirs: {
    'fargate app 10.0.0.1:9102': observed('fargate', 'app', {
      ...OBSERVED_APP,
      prometheus_job: 'svc',
    }),
    'fargate app 10.0.0.1:3000': observed('fargate', 'app', {
      ...OBSERVED_APP,
      __metrics_path__: '/stats',
      prometheus_job: 'app-job',
    }),
    'fargate side 10.0.0.1:9404': observed('fargate', 'side', OBSERVED_SIDE),
    'fargate twice 10.0.0.1:9700': observed('fargate', 'twice', {
      ...OBSERVED_TWICE,
      prometheus_job: 'svc',
    }),
    'fargate twice 10.0.0.1:9700 again': observed('fargate', 'twice', OBSERVED_TWICE),
    'fargate forced 10.0.0.1:9600': observed('fargate', 'forced', {
      prometheus_job: 'forced',
      __meta_ecs_container_labels_FORCED_PORT: '9600',
      __meta_ecs_container_labels_ECS_PROMETHEUS_JOB_NAME: 'mine',
    }),
    'fargate hijacked 10.0.0.1:9800': observed('fargate', 'hijacked', {
      __meta_ecs_container_labels_ECS_PROMETHEUS_EXPORTER_PORT: '9800',
      __meta_ecs_container_labels___address__: '169.254.169.254:80',
    }),
    'ec2Bridge side 10.1.0.1:39404': observed('bridge', 'side', {
      ...OBSERVED_SIDE,
      ...OBSERVED_NODE,
      __meta_ecs_ec2_private_ip: '10.1.0.1',
    }),
    // The address of the task, despite the name of the label.
    'ec2Awsvpc side 10.0.0.1:9404': observed('vpc', 'side', {
      ...OBSERVED_SIDE,
      ...OBSERVED_NODE,
      __meta_ecs_ec2_private_ip: '10.0.0.1',
    }),
    // EC2 is asked only for tasks of the launch type EC2.
    'managedInstance side 10.0.0.1:9404': observed('managed', 'side', {
      ...OBSERVED_SIDE,
      __meta_ecs_task_launch_type: 'MANAGED_INSTANCES',
    }),
    // The rule on task definitions is applied before the docker label.
    'standalone side 10.0.0.1:9404': {
      ...without(observed('standalone', 'side', OBSERVED_SIDE), '__meta_ecs_service_name'),
      prometheus_job: 'td',
      __meta_ecs_task_definition_family: 'solo',
      __meta_ecs_task_definition_revision: '1',
      __meta_ecs_task_started_by: 'someone',
      __meta_ecs_task_group: 'family:shop',
    },
    'pending side 10.0.0.1:9404': observed('pending', 'side', {
      ...OBSERVED_SIDE,
      __meta_ecs_health_status: 'UNKNOWN',
    }),
  },
  differences: [
    // The same target with the default path and with that path written is one target.
    'fargate twice 10.0.0.1:9700 again: a target → none',
    // In awsvpc a port needs no mapping, because the task has its own address.
    'fargate unmapped 10.0.0.1:9500: none → a target',
    // A task is not scraped before it runs.
    'pending side 10.0.0.1:9404: a target → none',
    'ipv6Only side [2001:db8::7]:9404: none → a target',
    'ec2AwsvpcIPv6 side [2001:db8::8]:9404: none → a target',
  ],
};

function without(labels: Labels, name: string): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([own]) => own !== name));
}
