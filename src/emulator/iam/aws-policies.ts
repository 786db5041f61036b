/**
 * Managed policies of AWS that templates, guides and this project's pages name, with their
 * documents as AWS publishes them.
 * Source: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
 */

interface AwsPolicy {
  readonly name: string;
  readonly path: '/' | '/service-role/';
  /** Of the default version. */
  readonly version: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly statements: readonly object[];
}

/** The words of a text that are parted by blanks. */
const words = (text: string): string[] => text.trim().split(/\s+/);

export const AWS_POLICIES: readonly AwsPolicy[] = [
  {
    name: 'AWSXRayDaemonWriteAccess',
    path: '/',
    version: 'v2',
    createdAt: '2018-08-28T23:00:33Z',
    updatedAt: '2024-02-13T21:58:30Z',
    statements: [
      {
        Action: words(`
          xray:PutTraceSegments xray:PutTelemetryRecords xray:GetSamplingRules
          xray:GetSamplingTargets xray:GetSamplingStatisticSummaries
        `),
        Effect: 'Allow',
        Resource: ['*'],
        Sid: 'AWSXRayDaemonWriteAccess',
      },
    ],
  },
  {
    name: 'AdministratorAccess',
    path: '/',
    version: 'v1',
    createdAt: '2015-02-06T18:39:46Z',
    updatedAt: '2015-02-06T18:39:46Z',
    statements: [{ Action: '*', Effect: 'Allow', Resource: '*' }],
  },
  {
    name: 'AmazonEC2ContainerServiceforEC2Role',
    path: '/service-role/',
    version: 'v10',
    createdAt: '2015-03-19T18:45:18Z',
    updatedAt: '2026-02-12T17:59:52Z',
    statements: [
      {
        Action: words(`
          ec2:DescribeTags ecs:CreateCluster ecs:DeregisterContainerInstance
          ecs:DiscoverPollEndpoint ecs:Poll ecs:RegisterContainerInstance
          ecs:StartTelemetrySession ecs:UpdateContainerInstancesState ecs:Submit*
          ecr:GetAuthorizationToken ecr:BatchCheckLayerAvailability ecr:GetDownloadUrlForLayer
          ecr:BatchGetImage logs:CreateLogStream logs:PutLogEvents
        `),
        Effect: 'Allow',
        Resource: '*',
      },
      {
        Action: 'ecs:TagResource',
        Condition: {
          StringEquals: { 'ecs:CreateAction': ['CreateCluster', 'RegisterContainerInstance'] },
        },
        Effect: 'Allow',
        Resource: '*',
      },
      {
        Action: ['ecs:ListTagsForResource'],
        Effect: 'Allow',
        Resource: ['arn:aws:ecs:*:*:task/*/*', 'arn:aws:ecs:*:*:container-instance/*/*'],
      },
    ],
  },
  {
    name: 'AmazonECSInfrastructureRolePolicyForManagedInstances',
    path: '/',
    version: 'v11',
    createdAt: '2025-09-26T18:04:07Z',
    updatedAt: '2026-02-26T18:27:10Z',
    statements: [
      {
        Action: ['ec2:CreateLaunchTemplate'],
        Condition: { StringEquals: { 'aws:RequestTag/AmazonECSManaged': 'true' } },
        Effect: 'Allow',
        Resource: ['arn:aws:ec2:*:*:launch-template/*'],
        Sid: 'CreateLaunchTemplateForManagedInstances',
      },
      {
        Action: ['ec2:CreateLaunchTemplateVersion', 'ec2:ModifyLaunchTemplate'],
        Condition: { StringEquals: { 'ec2:ManagedResourceOperator': 'ecs.amazonaws.com' } },
        Effect: 'Allow',
        Resource: ['arn:aws:ec2:*:*:launch-template/*'],
        Sid: 'CreateLaunchTemplateVersionsForManagedInstances',
      },
      {
        Action: ['ec2:CreateFleet'],
        Condition: { StringEquals: { 'aws:RequestTag/AmazonECSManaged': 'true' } },
        Effect: 'Allow',
        Resource: words(`
          arn:aws:ec2:*:*:fleet/* arn:aws:ec2:*:*:instance/* arn:aws:ec2:*:*:network-interface/*
          arn:aws:ec2:*:*:launch-template/* arn:aws:ec2:*:*:volume/*
        `),
        Sid: 'ProvisionEC2InstancesForManagedInstances',
      },
      {
        Action: ['ec2:CreateFleet'],
        Effect: 'Allow',
        Resource: words(`
          arn:aws:ec2:*:*:subnet/* arn:aws:ec2:*:*:security-group/* arn:aws:ec2:*::image/*
        `),
        Sid: 'CreateFleetForSupportingResources',
      },
      {
        Action: ['ec2:RunInstances'],
        Condition: { StringEquals: { 'aws:RequestTag/AmazonECSManaged': 'true' } },
        Effect: 'Allow',
        Resource: words(`
          arn:aws:ec2:*:*:instance/* arn:aws:ec2:*:*:volume/* arn:aws:ec2:*:*:network-interface/*
        `),
        Sid: 'RunInstancesForManagedInstances',
      },
      {
        Action: ['ec2:RunInstances'],
        Condition: { StringEquals: { 'ec2:ResourceTag/AmazonECSManaged': 'true' } },
        Effect: 'Allow',
        Resource: ['arn:aws:ec2:*:*:launch-template/*'],
        Sid: 'RunInstancesForECSManagedLaunchTemplates',
      },
      {
        Action: ['ec2:RunInstances'],
        Effect: 'Allow',
        Resource: words(`
          arn:aws:ec2:*:*:subnet/* arn:aws:ec2:*:*:security-group/* arn:aws:ec2:*::image/*
          arn:aws:resource-groups:*:*:group/*
        `),
        Sid: 'RunInstancesForSupportingResources',
      },
      {
        Action: ['ec2:CreateTags'],
        Condition: {
          StringEquals: {
            'ec2:CreateAction': ['CreateFleet', 'CreateLaunchTemplate', 'RunInstances'],
          },
        },
        Effect: 'Allow',
        Resource: words(`
          arn:aws:ec2:*:*:fleet/* arn:aws:ec2:*:*:launch-template/*
          arn:aws:ec2:*:*:network-interface/* arn:aws:ec2:*:*:instance/* arn:aws:ec2:*:*:volume/*
        `),
        Sid: 'TagOnCreateEC2ResourcesForManagedInstances',
      },
      {
        Action: ['iam:PassRole'],
        Condition: { StringLike: { 'iam:PassedToService': 'ec2.*' } },
        Effect: 'Allow',
        Resource: ['arn:aws:iam::*:role/ecsInstanceRole*'],
        Sid: 'PassInstanceRoleForManagedInstances',
      },
      {
        Action: ['iam:CreateServiceLinkedRole'],
        Effect: 'Allow',
        Resource: [
          'arn:aws:iam::*:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot',
        ],
        Sid: 'CreateServiceLinkedRoleForEC2Spot',
      },
      {
        Action: words(`
          ec2:DescribeInstances ec2:DescribeInstanceTypes ec2:DescribeLaunchTemplates
          ec2:DescribeNetworkInterfaces ec2:DescribeInstanceTypeOfferings
          ec2:DescribeAvailabilityZones ec2:DescribeSecurityGroups ec2:DescribeSubnets
          ec2:DescribeVpcs ec2:DescribeCapacityReservations
        `),
        Effect: 'Allow',
        Resource: '*',
        Sid: 'DescribeEC2ResourcesManagedByECS',
      },
      {
        Action: words(`
          resource-groups:ListGroupResources cloudformation:DescribeStacks
          cloudformation:ListStackResources tag:GetResources
        `),
        Effect: 'Allow',
        Resource: '*',
        Sid: 'ListResourceGroupResources',
      },
    ],
  },
  {
    name: 'AmazonECSInstanceRolePolicyForManagedInstances',
    path: '/',
    version: 'v3',
    createdAt: '2025-09-26T23:49:07Z',
    updatedAt: '2026-02-12T17:58:24Z',
    statements: [
      {
        Action: ['ecs:DiscoverPollEndpoint'],
        Effect: 'Allow',
        Resource: '*',
        Sid: 'ECSAgentDiscoverPollEndpointPermissions',
      },
      {
        Action: ['ecs:RegisterContainerInstance'],
        Effect: 'Allow',
        Resource: 'arn:aws:ecs:*:*:cluster/*',
        Sid: 'ECSAgentRegisterPermissions',
      },
      {
        Action: ['ecs:Poll'],
        Effect: 'Allow',
        Resource: 'arn:aws:ecs:*:*:container-instance/*',
        Sid: 'ECSAgentPollPermissions',
      },
      {
        Action: ['ecs:StartTelemetrySession', 'ecs:PutSystemLogEvents'],
        Effect: 'Allow',
        Resource: 'arn:aws:ecs:*:*:container-instance/*',
        Sid: 'ECSAgentTelemetryPermissions',
      },
      {
        Action: ['ecs:SubmitAttachmentStateChanges', 'ecs:SubmitTaskStateChange'],
        Effect: 'Allow',
        Resource: 'arn:aws:ecs:*:*:cluster/*',
        Sid: 'ECSAgentStateChangePermissions',
      },
    ],
  },
  {
    name: 'AmazonECSTaskExecutionRolePolicy',
    path: '/service-role/',
    version: 'v1',
    createdAt: '2017-11-16T18:48:22Z',
    updatedAt: '2017-11-16T18:48:22Z',
    statements: [
      {
        Action: words(`
          ecr:GetAuthorizationToken ecr:BatchCheckLayerAvailability ecr:GetDownloadUrlForLayer
          ecr:BatchGetImage logs:CreateLogStream logs:PutLogEvents
        `),
        Effect: 'Allow',
        Resource: '*',
      },
    ],
  },
  {
    name: 'AmazonPrometheusFullAccess',
    path: '/',
    version: 'v2',
    createdAt: '2020-12-15T18:10:46Z',
    updatedAt: '2023-11-26T20:16:13Z',
    statements: [
      { Action: ['aps:*'], Effect: 'Allow', Resource: '*', Sid: 'AllPrometheusActions' },
      {
        Action: words(`
          eks:DescribeCluster ec2:DescribeSubnets ec2:DescribeSecurityGroups
        `),
        Condition: { 'ForAnyValue:StringEquals': { 'aws:CalledVia': ['aps.amazonaws.com'] } },
        Effect: 'Allow',
        Resource: '*',
        Sid: 'DescribeCluster',
      },
      {
        Action: 'iam:CreateServiceLinkedRole',
        Condition: { StringEquals: { 'iam:AWSServiceName': 'scraper.aps.amazonaws.com' } },
        Effect: 'Allow',
        Resource:
          'arn:aws:iam::*:role/aws-service-role/scraper.aps.amazonaws.com/AWSServiceRoleForAmazonPrometheusScraper*',
        Sid: 'CreateServiceLinkedRole',
      },
    ],
  },
  {
    name: 'AmazonPrometheusQueryAccess',
    path: '/',
    version: 'v1',
    createdAt: '2020-12-19T01:02:58Z',
    updatedAt: '2020-12-19T01:02:58Z',
    statements: [
      {
        Action: words(`
          aps:GetLabels aps:GetMetricMetadata aps:GetSeries aps:QueryMetrics
        `),
        Effect: 'Allow',
        Resource: '*',
      },
    ],
  },
  {
    name: 'AmazonPrometheusRemoteWriteAccess',
    path: '/',
    version: 'v1',
    createdAt: '2020-12-19T01:04:32Z',
    updatedAt: '2020-12-19T01:04:32Z',
    statements: [{ Action: ['aps:RemoteWrite'], Effect: 'Allow', Resource: '*' }],
  },
  {
    name: 'AmazonSSMManagedInstanceCore',
    path: '/',
    version: 'v2',
    createdAt: '2019-03-15T17:22:12Z',
    updatedAt: '2019-05-23T16:54:21Z',
    statements: [
      {
        Action: words(`
          ssm:DescribeAssociation ssm:GetDeployablePatchSnapshotForInstance ssm:GetDocument
          ssm:DescribeDocument ssm:GetManifest ssm:GetParameter ssm:GetParameters
          ssm:ListAssociations ssm:ListInstanceAssociations ssm:PutInventory
          ssm:PutComplianceItems ssm:PutConfigurePackageResult ssm:UpdateAssociationStatus
          ssm:UpdateInstanceAssociationStatus ssm:UpdateInstanceInformation
        `),
        Effect: 'Allow',
        Resource: '*',
      },
      {
        Action: words(`
          ssmmessages:CreateControlChannel ssmmessages:CreateDataChannel
          ssmmessages:OpenControlChannel ssmmessages:OpenDataChannel
        `),
        Effect: 'Allow',
        Resource: '*',
      },
      {
        Action: words(`
          ec2messages:AcknowledgeMessage ec2messages:DeleteMessage ec2messages:FailMessage
          ec2messages:GetEndpoint ec2messages:GetMessages ec2messages:SendReply
        `),
        Effect: 'Allow',
        Resource: '*',
      },
    ],
  },
  {
    name: 'AmazonSSMReadOnlyAccess',
    path: '/',
    version: 'v1',
    createdAt: '2015-05-29T17:44:19Z',
    updatedAt: '2015-05-29T17:44:19Z',
    statements: [
      {
        Action: words(`
          ssm:Describe* ssm:Get* ssm:List*
        `),
        Effect: 'Allow',
        Resource: '*',
      },
    ],
  },
  {
    name: 'CloudWatchAgentServerPolicy',
    path: '/',
    version: 'v3',
    createdAt: '2018-03-07T01:06:44Z',
    updatedAt: '2024-02-06T16:37:37Z',
    statements: [
      {
        Action: words(`
          cloudwatch:PutMetricData ec2:DescribeVolumes ec2:DescribeTags logs:PutLogEvents
          logs:PutRetentionPolicy logs:DescribeLogStreams logs:DescribeLogGroups
          logs:CreateLogStream logs:CreateLogGroup xray:PutTraceSegments xray:PutTelemetryRecords
          xray:GetSamplingRules xray:GetSamplingTargets xray:GetSamplingStatisticSummaries
        `),
        Effect: 'Allow',
        Resource: '*',
        Sid: 'CWACloudWatchServerPermissions',
      },
      {
        Action: ['ssm:GetParameter'],
        Effect: 'Allow',
        Resource: 'arn:aws:ssm:*:*:parameter/AmazonCloudWatch-*',
        Sid: 'CWASSMServerPermissions',
      },
    ],
  },
  {
    name: 'CloudWatchLogsFullAccess',
    path: '/',
    version: 'v8',
    createdAt: '2015-02-06T18:40:02Z',
    updatedAt: '2026-02-12T18:00:33Z',
    statements: [
      {
        Action: words(`
          logs:* cloudwatch:GenerateQuery cloudwatch:GenerateQueryResultsSummary
          observabilityadmin:GetS3TableIntegration observabilityadmin:ListS3TableIntegrations
          observabilityadmin:ListTelemetryPipelines
        `),
        Effect: 'Allow',
        Resource: '*',
        Sid: 'CloudWatchLogsFullAccess',
      },
    ],
  },
];
