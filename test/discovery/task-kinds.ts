/**
 * A task of every kind as AWS describes it, with what belongs to it. The tables of the peers use
 * them.
 */
import type { Instance } from '@aws-sdk/client-ec2';
import type { Attachment, ContainerInstance, Service, Task } from '@aws-sdk/client-ecs';
import type { DefinitionFacts, TaskFacts } from '../../src/discovery/ecs/facts.ts';

export const ACCOUNT = 'arn:aws:ecs:eu-central-1:123456789012';

const cluster = {
  clusterArn: `${ACCOUNT}:cluster/prod`,
  clusterName: 'prod',
  tags: [
    { key: 'cost center', value: '42' },
    { key: 'aws:cloudformation:stack-name', value: 'prod-ecs' },
  ],
};

const web: Service = {
  serviceArn: `${ACCOUNT}:service/prod/web`,
  serviceName: 'web',
  status: 'ACTIVE',
  tags: [{ key: 'team', value: 'shop' }],
};

const node: Instance = {
  InstanceId: 'i-0aaa',
  InstanceType: 'm7g.large',
  PrivateIpAddress: '10.1.0.1',
  PublicIpAddress: '203.0.113.1',
  SubnetId: 'subnet-node',
  VpcId: 'vpc-1',
  Tags: [
    { Key: 'Name', Value: 'node-1' },
    { Key: 'aws:autoscaling:groupName', Value: 'nodes' },
  ],
};

const onNode: ContainerInstance = {
  containerInstanceArn: `${ACCOUNT}:container-instance/prod/c1`,
  ec2InstanceId: 'i-0aaa',
};

const onPremises: ContainerInstance = {
  containerInstanceArn: `${ACCOUNT}:container-instance/prod/x1`,
  ec2InstanceId: 'mi-0bbb',
};

function attachInterface(...details: [string, string][]): Attachment[] {
  return [
    // An attachment need not be a network interface.
    { type: 'Service Connect', details: [{ name: 'ContainerName', value: 'proxy' }] },
    {
      type: 'ElasticNetworkInterface',
      details: [{}, { name: 'macAddress' }, ...details.map(([name, value]) => ({ name, value }))],
    },
  ];
}

function makeTask(id: string, more: Partial<Task> = {}): Task {
  return {
    taskArn: `${ACCOUNT}:task/prod/${id}`,
    clusterArn: cluster.clusterArn,
    taskDefinitionArn: `${ACCOUNT}:task-definition/shop:7`,
    group: 'service:web',
    startedBy: 'ecs-svc/1',
    launchType: 'FARGATE',
    desiredStatus: 'RUNNING',
    lastStatus: 'RUNNING',
    healthStatus: 'HEALTHY',
    availabilityZone: 'eu-central-1a',
    platformFamily: 'Linux',
    platformVersion: '1.4.0',
    attachments: attachInterface(
      ['subnetId', 'subnet-task'],
      ['networkInterfaceId', 'eni-1'],
      ['privateIPv4Address', '10.0.0.1'],
    ),
    ...more,
  };
}

/** Makes a task on an instance, without the fields that only Fargate has. */
function makeTaskOnInstance(id: string, more: Partial<Task> = {}): Task {
  const { platformFamily, platformVersion, attachments, ...rest } = makeTask(id);
  void [platformFamily, platformVersion, attachments];
  return {
    ...rest,
    launchType: 'EC2',
    containerInstanceArn: onNode.containerInstanceArn,
    ...more,
  };
}

const definition: DefinitionFacts = {
  arn: `${ACCOUNT}:task-definition/shop:7`,
  family: 'shop',
  revision: '7',
  networkMode: 'awsvpc',
  containers: [],
};

function makeFacts(one: Task, more: Partial<TaskFacts> = {}): TaskFacts {
  return {
    region: 'eu-central-1',
    cluster,
    task: one,
    definition,
    containerInstance: undefined,
    ec2: undefined,
    service: one.group === 'service:web' ? web : undefined,
    networkInterface: undefined,
    ...more,
  };
}

const bridge = { ...definition, networkMode: 'bridge' };
const withNode = { containerInstance: onNode, ec2: node };

export const kinds = {
  fargate: makeFacts(makeTask('fargate')),
  fargatePublic: makeFacts(makeTask('fargate-public'), {
    networkInterface: {
      NetworkInterfaceId: 'eni-1',
      Association: { PublicIp: '198.51.100.7' },
    },
  }),
  ec2Bridge: makeFacts(makeTaskOnInstance('bridge'), { ...withNode, definition: bridge }),
  ec2Host: makeFacts(makeTaskOnInstance('host'), {
    ...withNode,
    definition: { ...definition, networkMode: 'host' },
  }),
  ec2Awsvpc: makeFacts(makeTaskOnInstance('vpc', { attachments: makeTask('').attachments }), {
    ...withNode,
    networkInterface: { Association: { PublicIp: '198.51.100.8' } },
  }),
  ec2AwsvpcNotDescribed: makeFacts(
    makeTaskOnInstance('vpc-2', { attachments: makeTask('').attachments }),
    {
      containerInstance: onNode,
    },
  ),
  ec2AwsvpcIPv6: makeFacts(
    makeTaskOnInstance('vpc-6', {
      attachments: attachInterface(['privateIPv6Address', '2001:db8::8']),
    }),
    withNode,
  ),
  ec2NotDescribed: makeFacts(makeTaskOnInstance('bridge-2'), {
    containerInstance: onNode,
    definition: bridge,
  }),
  ec2IPv6: makeFacts(makeTaskOnInstance('bridge-6'), {
    containerInstance: onNode,
    ec2: { InstanceId: 'i-0aaa', InstanceType: 'm7g.large', Ipv6Address: '2001:db8::1' },
    definition: bridge,
  }),
  managedInstance: makeFacts(
    makeTaskOnInstance('managed', {
      launchType: 'MANAGED_INSTANCES',
      attachments: makeTask('').attachments,
    }),
    withNode,
  ),
  external: makeFacts(
    makeTaskOnInstance('external', {
      launchType: 'EXTERNAL',
      containerInstanceArn: onPremises.containerInstanceArn,
    }),
    { containerInstance: onPremises, definition: bridge },
  ),
  externalWithAddress: makeFacts(
    makeTaskOnInstance('external-2', {
      launchType: 'EXTERNAL',
      containerInstanceArn: onPremises.containerInstanceArn,
    }),
    {
      containerInstance: {
        ...onPremises,
        attributes: [{ name: 'prometheus.address', value: '192.168.0.9' }],
      },
      definition: bridge,
    },
  ),
  standalone: makeFacts(makeTask('standalone', { group: 'family:shop', startedBy: 'someone' })),
  batch: makeFacts(makeTask('batch', { group: 'nightly-job', startedBy: 'aws-batch' })),
  noGroup: makeFacts(makeTask('none', { group: undefined })),
  serviceNotDescribed: makeFacts(makeTask('new', { group: 'service:new' })),
  pending: makeFacts(makeTask('pending', { lastStatus: 'PENDING', healthStatus: 'UNKNOWN' })),
  pendingWithoutAddress: makeFacts(
    makeTask('pending-2', {
      lastStatus: 'PROVISIONING',
      attachments: attachInterface(['subnetId', 'subnet-task']),
    }),
  ),
  notPlaced: makeFacts(makeTask('not-placed', { lastStatus: 'PROVISIONING', attachments: [] })),
  stopping: makeFacts(
    makeTask('stopping', { desiredStatus: 'STOPPED', lastStatus: 'DEPROVISIONING' }),
  ),
  ipv6Only: makeFacts(
    makeTask('v6', {
      attachments: attachInterface(['subnetId', 'subnet-6'], ['privateIPv6Address', '2001:db8::7']),
    }),
  ),
  oddTags: makeFacts(
    makeTask('tags', {
      tags: [
        { key: 'k8s.io/app-name', value: 'a' },
        { key: 'größe', value: 'L' },
        { key: '😀', value: 'smile' },
        { key: 'a.b', value: 'first' },
        { key: 'a-b', value: 'last' },
        { key: '9', value: 'nine' },
        { key: 'empty', value: '' },
        { key: 'no value' },
        { value: 'no key' },
      ],
    }),
  ),
  bare: makeFacts({
    taskArn: `${ACCOUNT}:task/prod/bare`,
    attachments: attachInterface(['privateIPv4Address', '10.0.0.1']),
  }),
} satisfies Record<string, TaskFacts>;

export type Kind = keyof typeof kinds;
