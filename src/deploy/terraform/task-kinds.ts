/** Types of ECS and Cloud Map, for the provider hashicorp/aws. Pure. */
import type { AwsValue } from '../template.ts';
import type { HclMember, HclValue } from './hcl.ts';
import { TAGS, type TerraformKind } from './kind.ts';

export const TASK_KINDS: Readonly<Record<string, TerraformKind>> = {
  'AWS::ECS::Cluster': {
    type: 'aws_ecs_cluster',
    rules: { ClusterName: 'name', ...TAGS },
    ref: 'name',
    attributes: { Arn: 'arn' },
  },
  'AWS::ECS::TaskDefinition': {
    type: 'aws_ecs_task_definition',
    ref: 'arn',
    rules: {
      Family: 'family',
      NetworkMode: 'network_mode',
      PidMode: 'pid_mode',
      RequiresCompatibilities: 'requires_compatibilities',
      Cpu: 'cpu',
      Memory: 'memory',
      ExecutionRoleArn: 'execution_role_arn',
      TaskRoleArn: 'task_role_arn',
      ContainerDefinitions: { json: 'container_definitions', isCamel: true },
      RuntimePlatform: {
        block: 'runtime_platform',
        rules: {
          CpuArchitecture: 'cpu_architecture',
          OperatingSystemFamily: 'operating_system_family',
        },
      },
      PlacementConstraints: {
        block: 'placement_constraints',
        rules: { Type: 'type', Expression: 'expression' },
      },
      EphemeralStorage: { block: 'ephemeral_storage', rules: { SizeInGiB: 'size_in_gib' } },
      Volumes: {
        block: 'volume',
        rules: {
          Name: 'name',
          Host: { inside: { SourcePath: 'host_path' } },
          EFSVolumeConfiguration: {
            block: 'efs_volume_configuration',
            rules: {
              FilesystemId: 'file_system_id',
              TransitEncryption: 'transit_encryption',
              AuthorizationConfig: {
                block: 'authorization_config',
                rules: { AccessPointId: 'access_point_id', IAM: 'iam' },
              },
            },
          },
        },
      },
      ...TAGS,
    },
  },
  'AWS::ECS::Service': {
    type: 'aws_ecs_service',
    attributes: { Name: 'name' },
    rules: {
      ServiceName: 'name',
      Cluster: 'cluster',
      TaskDefinition: 'task_definition',
      DesiredCount: 'desired_count',
      LaunchType: 'launch_type',
      SchedulingStrategy: 'scheduling_strategy',
      EnableECSManagedTags: 'enable_ecs_managed_tags',
      PropagateTags: 'propagate_tags',
      CapacityProviderStrategy: {
        block: 'capacity_provider_strategy',
        rules: { CapacityProvider: 'capacity_provider', Weight: 'weight', Base: 'base' },
      },
      DeploymentConfiguration: {
        inside: {
          DeploymentCircuitBreaker: {
            block: 'deployment_circuit_breaker',
            rules: { Enable: 'enable', Rollback: 'rollback' },
          },
          MaximumPercent: 'deployment_maximum_percent',
          MinimumHealthyPercent: 'deployment_minimum_healthy_percent',
        },
      },
      NetworkConfiguration: {
        inside: {
          AwsvpcConfiguration: {
            block: 'network_configuration',
            rules: {
              Subnets: 'subnets',
              SecurityGroups: 'security_groups',
              AssignPublicIp: {
                convert: (value) => [{ name: 'assign_public_ip', value: value === 'ENABLED' }],
              },
            },
          },
        },
      },
      ServiceRegistries: {
        block: 'service_registries',
        rules: {
          RegistryArn: 'registry_arn',
          ContainerName: 'container_name',
          ContainerPort: 'container_port',
        },
      },
      ...TAGS,
    },
  },
  'AWS::ServiceDiscovery::PrivateDnsNamespace': {
    type: 'aws_service_discovery_private_dns_namespace',
    rules: { Name: 'name', Vpc: 'vpc', Description: 'description', ...TAGS },
    attributes: { Id: 'id', Arn: 'arn' },
  },
  'AWS::ServiceDiscovery::Service': {
    type: 'aws_service_discovery_service',
    rules: {
      Name: 'name',
      Description: 'description',
      // The provider has it within dns_config; CloudFormation beside it.
      NamespaceId: {
        convert: () => [],
      },
      DnsConfig: {
        convert: (value, { write, owner }) => [
          describeDns(value, write(owner['NamespaceId'] ?? '')),
        ],
      },
      ...TAGS,
    },
    attributes: { Id: 'id', Arn: 'arn' },
  },
};

/** `dns_config`, with the namespace in it. */
function describeDns(value: AwsValue, namespace: HclValue): HclMember {
  const { DnsRecords, RoutingPolicy } = value as unknown as {
    readonly DnsRecords: readonly { readonly Type: string; readonly TTL: number }[];
    readonly RoutingPolicy: string;
  };
  return {
    head: 'dns_config',
    members: [
      { name: 'namespace_id', value: namespace },
      { name: 'routing_policy', value: RoutingPolicy },
      ...DnsRecords.map(({ Type, TTL }) => ({
        head: 'dns_records',
        members: [
          { name: 'type', value: Type },
          { name: 'ttl', value: TTL },
        ],
      })),
    ],
  };
}
