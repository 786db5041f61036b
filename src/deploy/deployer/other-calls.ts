/** What making, reading, changing and taking away all but a network calls, by type. */
import type { Names, TypeCalls } from './calls.ts';

const TAGS = 'TagResource UntagResource ListTagsForResource';

const DELIVERY: TypeCalls = {
  service: 'logs',
  calls: '',
  reads:
    'CreateLogDelivery GetLogDelivery UpdateLogDelivery ListLogDeliveries DeleteLogDelivery ' +
    'PutResourcePolicy DescribeResourcePolicies DescribeLogGroups',
  on: () => [],
};

const ecs = (calls: string, on: TypeCalls['on'], more: Partial<TypeCalls> = {}): TypeCalls => ({
  service: 'ecs',
  calls: `${calls} ${TAGS}`,
  on,
  linkedRole: 'ecs',
  ...more,
});

const cluster = (names: Names): string => `cluster/${names.of('Cluster')}`;

const tasks: Readonly<Record<string, TypeCalls>> = {
  'AWS::ECS::Cluster': ecs(
    'CreateCluster DescribeClusters UpdateCluster UpdateClusterSettings DeleteCluster ' +
      'PutClusterCapacityProviders',
    (names) => [`cluster/${names.of('ClusterName')}`],
  ),
  'AWS::ECS::TaskDefinition': ecs(
    'RegisterTaskDefinition',
    (names) => [`task-definition/${names.of('Family')}:*`],
    {
      reads: 'DescribeTaskDefinition DeregisterTaskDefinition',
      also: [{ service: 'iam', calls: 'GetRole', on: () => ['role/@NAME-*'] }],
    },
  ),
  'AWS::ECS::Service': ecs(
    'CreateService DescribeServices UpdateService DeleteService ListServiceDeployments ' +
      'DescribeServiceDeployments StopServiceDeployment DescribeTasks',
    (names) => [
      `service/${names.of('Cluster')}/${names.of('ServiceName')}`,
      `service-deployment/${names.of('Cluster')}/${names.of('ServiceName')}/*`,
      `task/${names.of('Cluster')}/*`,
    ],
  ),
  'AWS::ECS::CapacityProvider': ecs(
    'CreateCapacityProvider DescribeCapacityProviders UpdateCapacityProvider ' +
      'DeleteCapacityProvider',
    (names) => [`capacity-provider/${names.of('Name')}`],
    {
      also: [
        {
          service: 'autoscaling',
          calls: 'CreateOrUpdateTags',
          on: () => ['autoScalingGroup:*:autoScalingGroupName/@NAME-*'],
        },
      ],
    },
  ),
  'AWS::ECS::ClusterCapacityProviderAssociations': {
    service: 'ecs',
    calls: 'PutClusterCapacityProviders DescribeClusters DescribeCapacityProviders',
    on: (names) => [cluster(names), 'capacity-provider/*'],
  },
  'AWS::AutoScaling::AutoScalingGroup': {
    service: 'autoscaling',
    calls:
      'CreateAutoScalingGroup UpdateAutoScalingGroup DeleteAutoScalingGroup CreateOrUpdateTags ' +
      'DeleteTags',
    reads: 'DescribeAutoScalingGroups DescribeScalingActivities DescribeTags',
    on: (names) => [`autoScalingGroup:*:autoScalingGroupName/${names.of('AutoScalingGroupName')}`],
    also: [
      {
        // Auto Scaling asks whether the caller may start what the launch template says.
        service: 'ec2',
        calls: 'RunInstances CreateTags',
        reads:
          'DescribeLaunchTemplates DescribeLaunchTemplateVersions DescribeSubnets ' +
          'DescribeInstances DescribeAvailabilityZones',
        on: () => [
          'instance/*', 'volume/*', 'network-interface/*', 'security-group/*', 'subnet/*',
          'launch-template/*', ':image/*',
        ], // prettier-ignore
      },
    ],
    linkedRole: 'autoscaling',
  },
};

const account: Readonly<Record<string, TypeCalls>> = {
  'AWS::IAM::Role': {
    service: 'iam',
    calls:
      'CreateRole GetRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy DeleteRole ' +
      'PutRolePolicy GetRolePolicy DeleteRolePolicy ListRolePolicies AttachRolePolicy ' +
      'DetachRolePolicy ListAttachedRolePolicies ListInstanceProfilesForRole TagRole UntagRole ' +
      'ListRoleTags',
    on: (names) => [`role/${names.of('RoleName')}`],
  },
  'AWS::IAM::InstanceProfile': {
    service: 'iam',
    calls:
      'CreateInstanceProfile GetInstanceProfile AddRoleToInstanceProfile ' +
      'RemoveRoleFromInstanceProfile DeleteInstanceProfile',
    on: (names) => [`instance-profile/${names.of('InstanceProfileName')}`],
  },
  'AWS::Logs::LogGroup': {
    service: 'logs',
    calls: `CreateLogGroup PutRetentionPolicy DeleteRetentionPolicy DeleteLogGroup ${TAGS}`,
    reads: 'DescribeLogGroups',
    on: (names) => [
      `log-group:${names.of('LogGroupName')}`,
      `log-group:${names.of('LogGroupName')}:*`,
    ],
  },
  'AWS::SSM::Parameter': {
    service: 'ssm',
    calls:
      'PutParameter GetParameter GetParameters DeleteParameter AddTagsToResource ' +
      'RemoveTagsFromResource ListTagsForResource',
    reads: 'DescribeParameters',
    on: (names) => [`parameter/${names.of('Name').replace(/^\//, '')}`],
  },
  'AWS::EFS::FileSystem': {
    service: 'elasticfilesystem',
    calls:
      'DescribeFileSystems UpdateFileSystem DeleteFileSystem PutBackupPolicy ' +
      'DescribeBackupPolicy DescribeFileSystemPolicy DescribeLifecycleConfiguration ' +
      `DescribeReplicationConfigurations ${TAGS}`,
    reads: 'CreateFileSystem',
    on: () => ['file-system/*'],
    linkedRole: 'elasticfilesystem',
  },
  'AWS::EFS::MountTarget': {
    service: 'elasticfilesystem',
    calls:
      'CreateMountTarget DescribeMountTargets DescribeMountTargetSecurityGroups ' +
      'ModifyMountTargetSecurityGroups DeleteMountTarget',
    on: () => ['file-system/*', 'access-point/*'],
    also: [
      {
        service: 'ec2',
        calls: 'CreateNetworkInterface DeleteNetworkInterface',
        reads: 'DescribeSubnets DescribeSecurityGroups DescribeNetworkInterfaces',
        on: () => ['network-interface/*', 'subnet/*', 'security-group/*'],
      },
    ],
  },
  'AWS::EFS::AccessPoint': {
    service: 'elasticfilesystem',
    calls: `CreateAccessPoint DescribeAccessPoints DeleteAccessPoint ${TAGS}`,
    on: () => ['file-system/*', 'access-point/*'],
  },
};

const metrics: Readonly<Record<string, TypeCalls>> = {
  'AWS::APS::Workspace': {
    service: 'aps',
    calls:
      'DescribeWorkspace UpdateWorkspaceAlias DeleteWorkspace DescribeWorkspaceConfiguration ' +
      'UpdateWorkspaceConfiguration CreateAlertManagerDefinition ' +
      'DescribeAlertManagerDefinition PutAlertManagerDefinition DeleteAlertManagerDefinition ' +
      'DescribeLoggingConfiguration CreateQueryLoggingConfiguration ' +
      'DescribeQueryLoggingConfiguration UpdateQueryLoggingConfiguration ' +
      `DeleteQueryLoggingConfiguration ${TAGS}`,
    reads: 'CreateWorkspace ListWorkspaces',
    on: () => ['workspace/*'],
    also: [DELIVERY],
  },
  'AWS::APS::RuleGroupsNamespace': {
    service: 'aps',
    calls:
      'CreateRuleGroupsNamespace DescribeRuleGroupsNamespace PutRuleGroupsNamespace ' +
      `DeleteRuleGroupsNamespace ${TAGS}`,
    on: (names) => [`rulegroupsnamespace/*/${names.of('Name')}`],
  },
  'AWS::CloudWatch::Alarm': {
    service: 'cloudwatch',
    calls: `PutMetricAlarm DescribeAlarms DeleteAlarms ${TAGS}`,
    on: (names) => [`alarm:${names.of('AlarmName')}`],
  },
  'AWS::ServiceDiscovery::PrivateDnsNamespace': {
    service: 'servicediscovery',
    calls: 'GetNamespace UpdatePrivateDnsNamespace DeleteNamespace GetOperation',
    reads: `CreatePrivateDnsNamespace ListNamespaces ${TAGS}`,
    on: () => ['namespace/*', 'service/*'],
    also: [
      {
        // The names lie in a private zone of Route 53.
        service: 'route53',
        calls: 'GetHostedZone ChangeResourceRecordSets AssociateVPCWithHostedZone DeleteHostedZone',
        reads: 'CreateHostedZone ListHostedZonesByName',
        on: () => ['hostedzone/*', '@ec2:vpc/*'],
      },
      {
        service: 'ec2',
        calls: '',
        reads: 'DescribeVpcs DescribeRegions',
        on: () => [],
      },
    ],
  },
  'AWS::ServiceDiscovery::Service': {
    service: 'servicediscovery',
    calls:
      'CreateService GetService UpdateService DeleteService GetServiceAttributes ' +
      'UpdateServiceAttributes GetNamespace GetOperation ListInstances',
    reads: `ListServices ${TAGS}`,
    on: () => ['namespace/*', 'service/*'],
  },
};

export const otherCalls: Readonly<Record<string, TypeCalls>> = { ...tasks, ...account, ...metrics };
