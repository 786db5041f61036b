/**
 * Actions of a deployer's policy that no model needs of the emulated CloudFormation, by the reason
 * why they are in it.
 */

/** What the published schemas of the types list for their handlers, and the emulated ones spare. */
const HANDLERS =
  'aps:DescribeLoggingConfiguration aps:DescribeWorkspaceConfiguration aps:ListTagsForResource ' +
  'aps:ListWorkspaces aps:UpdateQueryLoggingConfiguration autoscaling:DeleteTags ' +
  'autoscaling:DescribeScalingActivities autoscaling:DescribeTags cloudwatch:ListTagsForResource ' +
  'ec2:AuthorizeSecurityGroupEgress ec2:DescribeInstances ec2:DescribeLaunchTemplates ' +
  'ec2:DescribeNetworkAcls ec2:DescribeNetworkInterfaces ec2:DescribeVpnGateways ' +
  'ec2:DisassociateAddress ec2:ReplaceRoute ec2:ReplaceRouteTableAssociation ' +
  'ec2:RevokeSecurityGroupEgress ec2:UpdateSecurityGroupRuleDescriptionsIngress ' +
  'ecs:DescribeServiceDeployments ecs:ListServiceDeployments ecs:ListTagsForResource ' +
  'ecs:StopServiceDeployment ecs:UpdateCluster ecs:UpdateClusterSettings ' +
  'elasticfilesystem:DescribeBackupPolicy elasticfilesystem:DescribeFileSystemPolicy ' +
  'elasticfilesystem:DescribeLifecycleConfiguration ' +
  'elasticfilesystem:DescribeReplicationConfigurations elasticfilesystem:ListTagsForResource ' +
  'elasticfilesystem:ModifyMountTargetSecurityGroups elasticfilesystem:PutBackupPolicy ' +
  'elasticfilesystem:UpdateFileSystem iam:UpdateAssumeRolePolicy iam:UpdateRole ' +
  'iam:UpdateRoleDescription logs:DeleteRetentionPolicy logs:ListTagsForResource ' +
  'servicediscovery:GetServiceAttributes servicediscovery:ListServices ' +
  'servicediscovery:ListTagsForResource servicediscovery:UpdateService ' +
  'servicediscovery:UpdateServiceAttributes ssm:DescribeParameters ssm:GetParameters ' +
  'ssm:ListTagsForResource';

export const UNPROVED: Readonly<Record<string, readonly string[]>> = {
  'the handlers of CloudFormation call it': HANDLERS.split(' '),
  'aws cloudformation deploy, and drift of single resources, call it': [
    'cloudformation:DescribeStackResources',
    'cloudformation:DetectStackResourceDrift',
    'cloudformation:GetTemplateSummary',
  ],
  'the logs of queries of AMP are delivered with the rights of who asks for them': [
    'logs:CreateLogDelivery',
    'logs:DeleteLogDelivery',
    'logs:DescribeResourcePolicies',
    'logs:GetLogDelivery',
    'logs:ListLogDeliveries',
    'logs:PutResourcePolicy',
    'logs:UpdateLogDelivery',
  ],
  'EFS makes the interface of a mount target with the rights of who asks for it': [
    'ec2:CreateNetworkInterface',
    'ec2:DeleteNetworkInterface',
  ],
  'Cloud Map keeps the names in Route 53 with the rights of who makes the namespace': [
    'ec2:DescribeRegions',
    'route53:AssociateVPCWithHostedZone',
    'route53:ChangeResourceRecordSets',
    'route53:CreateHostedZone',
    'route53:DeleteHostedZone',
    'route53:GetHostedZone',
    'route53:ListHostedZonesByName',
  ],
  'the scripts of generate commands and Terraform call it': [
    'ec2:DescribeAddressesAttribute',
    'ec2:DescribePrefixLists',
    'ec2:ModifyLaunchTemplate',
    'iam:ListInstanceProfilesForRole',
    'iam:ListRoleTags',
    'servicediscovery:ListNamespaces',
    'servicediscovery:UpdatePrivateDnsNamespace',
  ],
  'AWS makes a role of its own with the first use of a service; the emulator needs none': [
    'iam:CreateServiceLinkedRole',
  ],
};
