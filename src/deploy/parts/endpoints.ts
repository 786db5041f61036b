/** Endpoints of the VPC for what the deployment calls, so that its subnets need no way out. */
import type { PolicyStatement } from '../permissions.ts';
import type { Deployment } from '../schema.ts';
import { type Draft, idPart } from '../template.ts';
import { shares } from './collector.ts';
import type { Network } from './network.ts';

/** Services of AWS, as their endpoints are named, that this deployment calls. */
export function listEndpoints(
  deployment: Deployment,
  found: readonly PolicyStatement[] | undefined,
): string[] {
  const { discovery, traces, collector, cluster } = deployment;
  const hasInstances = collector.launch !== 'fargate' || cluster.instances !== undefined;
  const findsTasks = discovery === 'docker-labels' && found === undefined;
  const usesEcs = findsTasks || shares(deployment) || hasInstances;
  // A cluster that is there may have instances, whose tasks are found by their addresses.
  const mayFindInstances = findsTasks && (hasInstances || !cluster.create);
  const isSidecar = collector.mode === 'sidecar';
  const source = collector.configuration ?? (isSidecar ? 'env:' : 'ssm:');
  const all = [
    'aps-workspaces',
    'ecr.api',
    'ecr.dkr',
    'logs',
    ...(source.startsWith('secretsmanager:') ? ['secretsmanager'] : []),
    ...(/^(?:s3|https?|secretsmanager|env):/.test(source) ? [] : ['ssm']),
    ...(discovery === 'cloud-map' && !isSidecar && found === undefined
      ? ['servicediscovery', 'data-servicediscovery']
      : []),
    ...(usesEcs ? ['ecs'] : []),
    ...(hasInstances ? ['ecs-agent', 'ecs-telemetry'] : []),
    ...(mayFindInstances ? ['ec2'] : []),
    ...(traces ? ['xray'] : []),
    ...(found ?? []).flatMap(({ actions }) => actions.flatMap(endpointsOf)),
  ];
  return [...new Set(all)];
}

/** By the service of an action, where its endpoint has another name or there is more than one. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  aps: ['aps-workspaces'],
  cloudwatch: ['monitoring'],
  // It has the gateway.
  s3: [],
  servicediscovery: ['servicediscovery', 'data-servicediscovery'],
};

function endpointsOf(action: string): readonly string[] {
  const service = action.slice(0, action.indexOf(':'));
  return NAMES[service] ?? [service];
}

/** Ranges that a VPC may have and no stranger's packets come from. */
const PRIVATE_RANGES = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'];

export interface EndpointParts {
  readonly network: Network;
  /** What a configuration that is given calls; undefined: what the model's own does. */
  readonly found: readonly PolicyStatement[] | undefined;
}

export function addEndpoints(
  draft: Draft,
  deployment: Deployment,
  { network, found }: EndpointParts,
): void {
  if (!deployment.network.endpoints) return;
  const { region, name } = deployment;
  const group = draft.add({
    id: 'EndpointSecurityGroup',
    type: 'AWS::EC2::SecurityGroup',
    properties: { GroupDescription: `Endpoints of ${name}`, VpcId: network.vpc },
    why: 'Of the endpoints: what runs in the private networks may call them.',
  });
  for (const [i, cidr] of PRIVATE_RANGES.entries())
    draft.add({
      id: `EndpointIngress${i + 1}`,
      type: 'AWS::EC2::SecurityGroupIngress',
      properties: {
        Description: 'HTTPS',
        GroupId: group.get('GroupId'),
        CidrIp: cidr,
        IpProtocol: 'tcp',
        FromPort: 443,
        ToPort: 443,
      },
      why: 'Addresses of private networks.',
    });
  for (const service of listEndpoints(deployment, found))
    draft.add({
      id: `Endpoint${idPart(service)}`,
      type: 'AWS::EC2::VPCEndpoint',
      properties: {
        VpcId: network.vpc,
        ServiceName: `com.amazonaws.${region}.${service}`,
        VpcEndpointType: 'Interface',
        SubnetIds: [...network.subnets],
        SecurityGroupIds: [group.get('GroupId')],
        PrivateDnsEnabled: true,
      },
      why: `Calls of ${service} stay in the VPC.`,
    });
  draft.add({
    id: 'EndpointS3',
    type: 'AWS::EC2::VPCEndpoint',
    properties: {
      VpcId: network.vpc,
      ServiceName: `com.amazonaws.${region}.s3`,
      VpcEndpointType: 'Gateway',
      RouteTableIds: [...network.routeTables],
    },
    why: 'Layers of images in ECR lie in S3, and a configuration may.',
  });
}
