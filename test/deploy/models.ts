/** Models of deployments, over which all forms of templates are tried. */
import { describeDeployment } from '../../src/deploy/describe.ts';
import { deploymentSchema } from '../../src/deploy/schema.ts';
import type { DeploymentTemplate } from '../../src/deploy/template.ts';

export const SMALLEST = {
  name: 'metrics',
  region: 'eu-west-1',
  image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/amperage:0.1.0',
  network: { vpc: 'vpc-0a1b2c3d', subnets: ['subnet-0a1b2c3d'] },
};
export const WEBAPP = { name: 'webapp', image: 'webapp:1', port: 3_000 };

/** No network, and a cluster that machines are registered with. */
export const ON_MACHINES = { network: {}, cluster: { name: 'machines', create: false } };

/** By what they try: models beside the smallest one. */
export const MODELS: Readonly<Record<string, object>> = {
  smallest: {},
  'a network of its own': { network: { create: true } },
  'a service found by Cloud Map': { services: [WEBAPP] },
  'rules, an alert manager and a log of queries': {
    workspace: { rules: 'rules.yml', alert_manager: 'alerts.yml', query_logging: true },
  },
  'a configuration of their own': {
    collector: { configuration: 'prometheus.yml', environment: { CLUSTER_NAME: 'a$b"' } },
  },
  'a queue on EFS': { collector: { queue: 'efs' } },
  'one on instances of their own': {
    cluster: { instances: { desired: 1 } },
    collector: { launch: 'ec2' },
  },
  'rules of a workspace that is there': {
    workspace: { id: 'ws-0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f', rules: 'rules.yml' },
  },
  'three that share': { collector: { count: 3 } },
  'three that share, with their queues on EFS': { collector: { count: 3, queue: 'efs' } },
  'three on Spot': { collector: { count: 3, queue: 'efs', spot: true } },
  'a pair, each with a queue on EFS': { collector: { pair: true, queue: 'efs' } },
  'a daemon on instances of their own': {
    network: { create: true },
    cluster: { instances: {} },
    collector: { mode: 'daemon', launch: 'ec2', queue: 'host', architecture: 'x86_64' },
  },
  traces: { services: [{ ...WEBAPP, traces: true }], traces: true },
  'traces, found by docker labels': {
    services: [{ ...WEBAPP, traces: true }],
    traces: true,
    discovery: 'docker-labels',
  },
  'alarms, a role of Grafana, endpoints, tags': {
    alarms: { topic: 'arn:aws:sns:eu-west-1:123456789012:alarms' },
    grafana_role: true,
    network: { create: true, endpoints: true },
    collector: { queue: 'efs' },
    services: [WEBAPP],
    tags: { team: 'observability', 'cost-center': '42' },
  },
  'metrics in CloudWatch': {
    services: [WEBAPP],
    cloudwatch: { namespace: 'Shop', metrics: ['^http_requests_total$', 'a\\.b"c'] },
  },
  'node-exporter on instances': {
    cluster: { instances: { desired: 1 }, node_exporter: {} },
  },
  'node-exporter on instances that are there, found by docker labels': {
    cluster: { name: 'prod', create: false, node_exporter: { image: 'node-exporter:1' } },
    discovery: 'docker-labels',
  },
  'a sidecar': { collector: { mode: 'sidecar' }, services: [WEBAPP] },
  'a sidecar with traces and limits, without an exporter': {
    network: { create: true, endpoints: true },
    collector: { mode: 'sidecar', cpu: 128, memory: 256, stop_timeout: 90 },
    services: [
      { ...WEBAPP, traces: true, exporter: false, metrics_path: '/a?b="${c}"' },
      { name: 'job', image: 'job:1', port: 8_080 },
    ],
    traces: true,
  },
  'sidecars with a configuration of their own': {
    collector: { mode: 'sidecar', configuration: 'collector.yaml' },
    alarms: {},
    services: [WEBAPP],
  },
  'one on instances that ECS manages': {
    collector: { launch: 'managed', queue: 'efs' },
    services: [WEBAPP],
  },
  'three that share managed instances of x86': {
    cluster: { name: 'prod', create: false },
    network: { create: true, endpoints: true },
    collector: { launch: 'managed', count: 3, architecture: 'x86_64', cpu: 2_048, memory: 4_096 },
    traces: true,
    tags: { team: 'observability' },
  },
  'one on machines of their own': {
    ...ON_MACHINES,
    collector: { launch: 'external', queue: 'host' },
    discovery: 'docker-labels',
  },
  'a daemon on machines of their own': {
    ...ON_MACHINES,
    collector: { launch: 'external', mode: 'daemon', configuration: 'prometheus.yml' },
  },
  'a service found by docker labels': { services: [WEBAPP], discovery: 'docker-labels' },
};

/** @param more  keys beside those of the smallest model */
export function describeModel(more: object): DeploymentTemplate {
  const deployment = deploymentSchema.parse({ ...SMALLEST, ...more });
  return describeDeployment(deployment, (file) => `text of ${file}`);
}
