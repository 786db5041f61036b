/** Instances that ECS chooses, starts, patches and ends itself: a provider of the cluster. */
import { sizeOfTask } from '../collector-schema.ts';
import { handOver } from '../permissions.ts';
import type { Deployment } from '../schema.ts';
import type { AwsValue, Draft, Reference } from '../template.ts';
import { addInstanceGroup, addInstanceRole } from './instances.ts';
import type { Network } from './network.ts';
import { awsPolicy, renderPolicy, trustService } from './roles.ts';

/** @returns the capacity provider, for services whose tasks run on them */
export function addManagedInstances(
  draft: Draft,
  { collector, name }: Deployment,
  { network, cluster }: { readonly network: Network; readonly cluster: AwsValue },
): Reference {
  const { role, profile } = addInstanceRole(
    draft,
    'AmazonECSInstanceRolePolicyForManagedInstances',
  );
  const infrastructure = draft.add({
    id: 'InfrastructureRole',
    type: 'AWS::IAM::Role',
    properties: {
      AssumeRolePolicyDocument: trustService('ecs.amazonaws.com'),
      ManagedPolicyArns: [awsPolicy('AmazonECSInfrastructureRolePolicyForManagedInstances')],
      // AWS's policy hands over roles of one name alone.
      Policies: [
        {
          PolicyName: 'needed',
          PolicyDocument: renderPolicy([handOver(role.get('Arn'), 'ec2.amazonaws.com')]),
        },
      ],
    },
    why: 'By it ECS starts and ends the instances; AWS keeps the policy that is attached.',
  });
  const group = addInstanceGroup(draft, name, network);
  const { cpu, memory } = sizeOfTask(collector);
  return draft.add({
    id: 'CapacityProvider',
    type: 'AWS::ECS::CapacityProvider',
    properties: {
      // ECS takes none that begins with aws, ecs or fargate.
      Name: `managed-${name}`,
      ClusterName: cluster,
      ManagedInstancesProvider: {
        InfrastructureRoleArn: infrastructure.get('Arn'),
        PropagateTags: 'CAPACITY_PROVIDER',
        InstanceLaunchTemplate: {
          Ec2InstanceProfileArn: profile.get('Arn'),
          NetworkConfiguration: {
            Subnets: [...network.subnets],
            SecurityGroups: [group.get('GroupId')],
          },
          InstanceRequirements: {
            VCpuCount: { Min: Math.ceil(cpu / 1_024) },
            MemoryMiB: { Min: memory },
            CpuManufacturers:
              collector.architecture === 'arm64' ? ['amazon-web-services'] : ['intel', 'amd'],
          },
        },
      },
    },
    why: 'Lets ECS choose instances of this processor for the tasks, as many as they need.',
  });
}
