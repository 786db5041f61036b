/** Types of storage, instances and alarms, for the provider hashicorp/aws. Pure. */
import { Raw } from './hcl.ts';
import { APART, resourceFor, TAGS, type TerraformKind } from './kind.ts';
import { MANAGED_INSTANCES } from './managed-instances.ts';

export const STORAGE_KINDS: Readonly<Record<string, TerraformKind>> = {
  'AWS::EFS::FileSystem': {
    type: 'aws_efs_file_system',
    attributes: { Arn: 'arn', FileSystemId: 'id' },
    rules: {
      Encrypted: 'encrypted',
      PerformanceMode: 'performance_mode',
      ThroughputMode: 'throughput_mode',
      KmsKeyId: 'kms_key_id',
      BackupPolicy: APART,
      FileSystemTags: { map: 'tags' },
    },
    more: (properties) =>
      resourceFor(properties, 'BackupPolicy', {
        type: 'aws_efs_backup_policy',
        suffix: 'backup',
        rules: { BackupPolicy: { block: 'backup_policy', rules: { Status: 'status' } } },
        owner: ['file_system_id', 'id'],
      }),
  },
  'AWS::EFS::MountTarget': {
    type: 'aws_efs_mount_target',
    rules: {
      FileSystemId: 'file_system_id',
      SubnetId: 'subnet_id',
      SecurityGroups: 'security_groups',
    },
  },
  'AWS::EFS::AccessPoint': {
    type: 'aws_efs_access_point',
    attributes: { Arn: 'arn', AccessPointId: 'id' },
    rules: {
      FileSystemId: 'file_system_id',
      PosixUser: { block: 'posix_user', rules: { Uid: 'uid', Gid: 'gid' } },
      RootDirectory: {
        block: 'root_directory',
        rules: {
          Path: 'path',
          CreationInfo: {
            block: 'creation_info',
            rules: { OwnerUid: 'owner_uid', OwnerGid: 'owner_gid', Permissions: 'permissions' },
          },
        },
      },
      AccessPointTags: { map: 'tags' },
    },
  },
};

export const INSTANCE_KINDS: Readonly<Record<string, TerraformKind>> = {
  'AWS::EC2::LaunchTemplate': {
    type: 'aws_launch_template',
    attributes: { LaunchTemplateId: 'id', LatestVersionNumber: 'latest_version' },
    rules: {
      LaunchTemplateName: 'name',
      LaunchTemplateData: {
        inside: {
          ImageId: 'image_id',
          InstanceType: 'instance_type',
          SecurityGroupIds: 'vpc_security_group_ids',
          UserData: 'user_data',
          IamInstanceProfile: {
            block: 'iam_instance_profile',
            rules: { Arn: 'arn', Name: 'name' },
          },
          MetadataOptions: {
            block: 'metadata_options',
            rules: {
              HttpTokens: 'http_tokens',
              HttpPutResponseHopLimit: 'http_put_response_hop_limit',
              HttpEndpoint: 'http_endpoint',
            },
          },
        },
      },
    },
  },
  'AWS::IAM::InstanceProfile': {
    type: 'aws_iam_instance_profile',
    ref: 'name',
    attributes: { Arn: 'arn' },
    rules: {
      InstanceProfileName: 'name',
      Roles: {
        convert: (value, { write }) => [
          { name: 'role', value: write((value as readonly [never])[0]) },
        ],
      },
    },
  },
  'AWS::AutoScaling::AutoScalingGroup': {
    type: 'aws_autoscaling_group',
    ref: 'name',
    attributes: { AutoScalingGroupARN: 'arn' },
    also: [
      // ECS puts it on a group of a capacity provider, and Terraform would take it away.
      {
        head: 'tag',
        members: [
          { name: 'key', value: 'AmazonECSManaged' },
          { name: 'value', value: 'true' },
          { name: 'propagate_at_launch', value: true },
        ],
      },
      // Each run would undo what ECS made of it.
      {
        head: 'lifecycle',
        members: [{ name: 'ignore_changes', value: [new Raw('desired_capacity')] }],
      },
    ],
    rules: {
      AutoScalingGroupName: 'name',
      MinSize: 'min_size',
      MaxSize: 'max_size',
      DesiredCapacity: 'desired_capacity',
      VPCZoneIdentifier: 'vpc_zone_identifier',
      NewInstancesProtectedFromScaleIn: 'protect_from_scale_in',
      LaunchTemplate: {
        block: 'launch_template',
        rules: { LaunchTemplateId: 'id', LaunchTemplateName: 'name', Version: 'version' },
      },
      Tags: {
        block: 'tag',
        rules: { Key: 'key', Value: 'value', PropagateAtLaunch: 'propagate_at_launch' },
      },
    },
  },
  'AWS::ECS::CapacityProvider': {
    type: 'aws_ecs_capacity_provider',
    ref: 'name',
    rules: {
      Name: 'name',
      ClusterName: { since: [6, 15], rule: 'cluster' },
      ManagedInstancesProvider: MANAGED_INSTANCES,
      AutoScalingGroupProvider: {
        block: 'auto_scaling_group_provider',
        rules: {
          AutoScalingGroupArn: 'auto_scaling_group_arn',
          ManagedDraining: 'managed_draining',
          ManagedTerminationProtection: 'managed_termination_protection',
          ManagedScaling: {
            block: 'managed_scaling',
            rules: { Status: 'status', TargetCapacity: 'target_capacity' },
          },
        },
      },
      ...TAGS,
    },
  },
  'AWS::ECS::ClusterCapacityProviderAssociations': {
    type: 'aws_ecs_cluster_capacity_providers',
    rules: {
      Cluster: 'cluster_name',
      CapacityProviders: 'capacity_providers',
      DefaultCapacityProviderStrategy: {
        block: 'default_capacity_provider_strategy',
        rules: { CapacityProvider: 'capacity_provider', Weight: 'weight', Base: 'base' },
      },
    },
  },
};

export const ALARM_KINDS: Readonly<Record<string, TerraformKind>> = {
  'AWS::CloudWatch::Alarm': {
    type: 'aws_cloudwatch_metric_alarm',
    ref: 'alarm_name',
    attributes: { Arn: 'arn' },
    rules: {
      AlarmName: 'alarm_name',
      AlarmDescription: 'alarm_description',
      AlarmActions: 'alarm_actions',
      OKActions: 'ok_actions',
      Namespace: 'namespace',
      MetricName: 'metric_name',
      Dimensions: { map: 'dimensions' },
      Metrics: {
        block: 'metric_query',
        rules: {
          Id: 'id',
          Expression: 'expression',
          Period: 'period',
          ReturnData: 'return_data',
        },
      },
      Statistic: 'statistic',
      Period: 'period',
      EvaluationPeriods: 'evaluation_periods',
      DatapointsToAlarm: 'datapoints_to_alarm',
      Threshold: 'threshold',
      ComparisonOperator: 'comparison_operator',
      TreatMissingData: 'treat_missing_data',
      ...TAGS,
    },
  },
};
