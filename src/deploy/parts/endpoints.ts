/** Endpoints of the VPC for what the deployment calls, so that its subnets need no way out. */
import type { Deployment } from '../schema.ts';
import { type Draft, idPart } from '../template.ts';
import { shares } from './collector.ts';
import type { Network } from './network.ts';

/** Services of AWS, as their endpoints are named, that this deployment calls. */
export function listEndpoints(deployment: Deployment): string[] {
  const { discovery, traces, collector, cluster } = deployment;
  const hasInstances = collector.launch !== 'fargate' || cluster.instances !== undefined;
  const usesEcs = discovery === 'docker-labels' || shares(deployment) || hasInstances;
  const isSidecar = collector.mode === 'sidecar';
  const source = collector.configuration ?? (isSidecar ? 'env:' : 'ssm:');
  return [
    'aps-workspaces',
    'ecr.api',
    'ecr.dkr',
    'logs',
    ...(source.startsWith('secretsmanager:') ? ['secretsmanager'] : []),
    ...(/^(?:s3|https?|secretsmanager|env):/.test(source) ? [] : ['ssm']),
    ...(discovery === 'cloud-map' && !isSidecar
      ? ['servicediscovery', 'data-servicediscovery']
      : []),
    ...(usesEcs ? ['ecs'] : []),
    ...(hasInstances ? ['ecs-agent', 'ecs-telemetry'] : []),
    ...(traces ? ['xray'] : []),
  ];
}

/** Ranges that a VPC may have and no stranger's packets come from. */
const PRIVATE_RANGES = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'];

export function addEndpoints(draft: Draft, deployment: Deployment, network: Network): void {
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
  for (const service of listEndpoints(deployment))
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
