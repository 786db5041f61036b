/** The provider of ECS Managed Instances, for the provider hashicorp/aws. Pure. */
import type { PropertyRule } from './kind.ts';

const RANGE = { Min: 'min', Max: 'max' } as const;

export const MANAGED_INSTANCES: PropertyRule = {
  since: [6, 15],
  rule: {
    block: 'managed_instances_provider',
    rules: {
      InfrastructureRoleArn: 'infrastructure_role_arn',
      PropagateTags: 'propagate_tags',
      InstanceLaunchTemplate: {
        block: 'instance_launch_template',
        rules: {
          Ec2InstanceProfileArn: 'ec2_instance_profile_arn',
          Monitoring: 'monitoring',
          NetworkConfiguration: {
            block: 'network_configuration',
            rules: { Subnets: 'subnets', SecurityGroups: 'security_groups' },
          },
          StorageConfiguration: {
            block: 'storage_configuration',
            rules: { StorageSizeGiB: 'storage_size_gib' },
          },
          InstanceRequirements: {
            block: 'instance_requirements',
            rules: {
              VCpuCount: { block: 'vcpu_count', rules: RANGE },
              MemoryMiB: { block: 'memory_mib', rules: RANGE },
              CpuManufacturers: 'cpu_manufacturers',
              InstanceGenerations: 'instance_generations',
              AllowedInstanceTypes: 'allowed_instance_types',
              ExcludedInstanceTypes: 'excluded_instance_types',
              BurstablePerformance: 'burstable_performance',
              BareMetal: 'bare_metal',
            },
          },
        },
      },
    },
  },
};
