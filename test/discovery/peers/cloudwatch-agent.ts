/**
 * The CloudWatch agent's targets.
 * Source:
 * https://github.com/aws/amazon-cloudwatch-agent/tree/ab55b8daa/internal/ecsservicediscovery
 */
import type { Labels, Peer } from './peer.ts';
import { JOB, PATH, PORT, rules, tasks } from './shop.ts';

/** Labels of every target of the agent. */
function ofAgent(id: string, container: string, more: Labels): Labels {
  return {
    container_name: container,
    TaskDefinitionFamily: 'shop',
    TaskRevision: '7',
    TaskGroup: 'service:web',
    StartedBy: 'ecs-svc/1',
    LaunchType: 'FARGATE',
    TaskClusterName: 'prod',
    TaskId: id,
    ...more,
  };
}
// A docker label replaces any label except job and service.
const AGENT_APP = { [PORT]: '3000', [PATH]: '/stats', [JOB]: 'app-job', LaunchType: 'mine' };
const AGENT_SIDE = { [PORT]: '9404', job: 'by-label' };
const AGENT_NODE = {
  LaunchType: 'EC2',
  InstanceType: 'm7g.large',
  VpcId: 'vpc-1',
  SubnetId: 'subnet-node',
};

export const cloudWatchAgent: Peer = {
  profile: 'cloudwatch-agent',
  rules: { ...rules, dockerLabels: rules.dockerLabels.slice(0, 1), labelsFirst: true },
  tasks,
  theirs: {
    'fargate app 10.0.0.1:9102': ofAgent('fargate', 'app', {
      ...AGENT_APP,
      job: 'svc',
      ServiceName: 'web',
    }),
    'fargate app 10.0.0.1:3000': ofAgent('fargate', 'app', {
      ...AGENT_APP,
      __metrics_path__: '/stats',
      job: 'app-job',
    }),
    'fargate side 10.0.0.1:9404': ofAgent('fargate', 'side', AGENT_SIDE),
    'fargate twice 10.0.0.1:9700': ofAgent('fargate', 'twice', {
      [PORT]: '9700',
      [PATH]: '/metrics',
      job: 'svc',
      ServiceName: 'web',
    }),
    // In Prometheus the address of a target takes precedence over one in its labels.
    'fargate hijacked 10.0.0.1:9800': ofAgent('fargate', 'hijacked', { [PORT]: '9800' }),
    'ec2Bridge side 10.1.0.1:39404': ofAgent('bridge', 'side', { ...AGENT_SIDE, ...AGENT_NODE }),
    'ec2Awsvpc side 10.0.0.1:9404': ofAgent('vpc', 'side', { ...AGENT_SIDE, ...AGENT_NODE }),
    'managedInstance side 10.0.0.1:9404': ofAgent('managed', 'side', {
      ...AGENT_SIDE,
      LaunchType: 'MANAGED_INSTANCES',
    }),
    // The docker label is applied before the rule on task definitions.
    'standalone side 10.0.0.1:9404': ofAgent('standalone', 'side', {
      ...AGENT_SIDE,
      TaskDefinitionFamily: 'solo',
      TaskRevision: '1',
      TaskGroup: 'family:shop',
      StartedBy: 'someone',
    }),
    'pending side 10.0.0.1:9404': ofAgent('pending', 'side', AGENT_SIDE),
    'ec2AwsvpcIPv6 side 10.1.0.1:9404': ofAgent('vpc-6', 'side', { ...AGENT_SIDE, ...AGENT_NODE }),
  },
  differences: [
    'fargate unmapped 10.0.0.1:9500: none → a target',
    'pending side 10.0.0.1:9404: a target → none',
    'ipv6Only side [2001:db8::7]:9404: none → a target',
    // The agent uses the address of the instance, where nothing listens.
    'ec2AwsvpcIPv6 side 10.1.0.1:9404: a target → none',
    'ec2AwsvpcIPv6 side [2001:db8::8]:9404: none → a target',
  ],
};
