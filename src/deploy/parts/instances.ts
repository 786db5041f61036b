/** EC2 instances of the cluster, in an Auto Scaling group that ECS fills and drains. */
import type { Deployment } from '../schema.ts';
import { type AwsValue, type Draft, PublicParameter, Reference } from '../template.ts';
import type { Network } from './network.ts';
import { awsPolicy, trustService } from './roles.ts';

/** Security group of instances that are made. */
export const INSTANCE_GROUP = new Reference('InstanceSecurityGroup');

const IMAGES = '/aws/service/ecs/optimized-ami/amazon-linux-2023';

/** @returns the capacity provider, for services whose tasks run on them */
export function addInstances(
  draft: Draft,
  { cluster: { instances }, collector, name, cluster }: Deployment,
  { network, cluster: clusterRef }: { readonly network: Network; readonly cluster: AwsValue },
): Reference | undefined {
  if (instances === undefined) return undefined;
  const isArm = collector.architecture === 'arm64';
  // ECS does not count tasks of a daemon: it would take away the instances that they run on.
  const isScaled = collector.mode !== 'daemon';
  const { profile } = addInstanceRole(draft, 'service-role/AmazonEC2ContainerServiceforEC2Role');
  const group = addInstanceGroup(draft, name, network);
  const image = isArm ? `${IMAGES}/arm64` : IMAGES;
  const script = `#!/bin/bash\necho ECS_CLUSTER=${cluster.name ?? name} >> /etc/ecs/ecs.config\n`;
  const launch = draft.add({
    id: 'InstanceTemplate',
    type: 'AWS::EC2::LaunchTemplate',
    properties: {
      LaunchTemplateData: {
        ImageId: new PublicParameter(`${image}/recommended/image_id`),
        InstanceType: instances.type ?? (isArm ? 'c7g.large' : 'c7i.large'),
        IamInstanceProfile: { Arn: profile.get('Arn') },
        SecurityGroupIds: [group.get('GroupId')],
        // Containers in a bridge would need two hops; tasks have roles of their own instead.
        MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
        UserData: Buffer.from(script).toString('base64'),
      },
    },
    why: 'How an instance starts: the newest image of ECS, and metadata of version 2 alone.',
  });
  const scaling = draft.add({
    id: 'Instances',
    type: 'AWS::AutoScaling::AutoScalingGroup',
    properties: {
      MinSize: isScaled ? '0' : `${instances.desired}`,
      MaxSize: `${instances.max}`,
      DesiredCapacity: `${instances.desired}`,
      VPCZoneIdentifier: [...network.subnets],
      LaunchTemplate: {
        LaunchTemplateId: launch,
        Version: launch.get('LatestVersionNumber'),
      },
      Tags: [{ Key: 'Name', Value: `${name}-instance`, PropagateAtLaunch: true }],
    },
    why: isScaled
      ? 'The instances; ECS asks for as many as tasks of this provider need.'
      : 'The instances; each has its daemon.',
  });
  const provider = draft.add({
    id: 'CapacityProvider',
    type: 'AWS::ECS::CapacityProvider',
    properties: {
      // ECS takes none that begins with aws, ecs or fargate.
      Name: `instances-${name}`,
      AutoScalingGroupProvider: {
        AutoScalingGroupArn: scaling,
        ManagedScaling: isScaled
          ? { Status: 'ENABLED', TargetCapacity: 100 }
          : { Status: 'DISABLED' },
        ManagedDraining: 'ENABLED',
      },
    },
    why: 'Lets ECS start instances, and drain them before they end.',
  });
  draft.add({
    id: 'CapacityProviders',
    type: 'AWS::ECS::ClusterCapacityProviderAssociations',
    properties: {
      Cluster: clusterRef,
      CapacityProviders: [provider, 'FARGATE', 'FARGATE_SPOT'],
      DefaultCapacityProviderStrategy: [],
    },
    why: 'Joins the instances to the cluster.',
  });
  return provider;
}

/** @param policy  name of the policy that AWS keeps for instances of this kind */
export function addInstanceRole(
  draft: Draft,
  policy: string,
): { readonly role: Reference; readonly profile: Reference } {
  const role = draft.add({
    id: 'InstanceRole',
    type: 'AWS::IAM::Role',
    properties: {
      AssumeRolePolicyDocument: trustService('ec2.amazonaws.com'),
      ManagedPolicyArns: [awsPolicy(policy)],
    },
    why: 'By it the agent of ECS on an instance registers it; AWS keeps this policy.',
  });
  const profile = draft.add({
    id: 'InstanceProfile',
    type: 'AWS::IAM::InstanceProfile',
    properties: { Roles: [role] },
    why: 'Hands the role to the instances.',
  });
  return { role, profile };
}

export function addInstanceGroup(draft: Draft, name: string, { vpc }: Network): Reference {
  return draft.add({
    id: INSTANCE_GROUP.id,
    type: 'AWS::EC2::SecurityGroup',
    properties: { GroupDescription: `Instances of ${name}`, VpcId: vpc },
    why: 'Of the instances: nobody reaches them; tasks have groups of their own.',
  });
}
