/**
 * The members of a request that the emulated services know. A request with any other member is
 * refused, and the error names it: if the member were ignored, the answer would be wrong without a
 * sign, such as a list that is too long. Members without an effect on anything that the emulator
 * has (tokens for retries, descriptions, keys, networks of tasks) are accepted and listed as idle.
 */
import { AUTO_SCALING_MEMBERS } from './autoscaling-members.ts';
import { EC2_MEMBERS } from './ec2-members.ts';
import { AMP_MEMBERS } from './amp-members.ts';
import { CLOUDFORMATION_MEMBERS } from './cloudformation-members.ts';
import { EFS_MEMBERS } from './efs-members.ts';
import { IAM_MEMBERS, TOKEN_MEMBERS } from './iam-members.ts';
import type { ActionMembers } from './known-members.ts';
import { AwsError, type AwsInput } from './service.ts';

const LIST_PAGE = 'maxResults nextToken';
const SERVICE_SETTINGS =
  'serviceRegistries networkConfiguration capacityProviderStrategy deploymentConfiguration ' +
  'propagateTags enableECSManagedTags enableExecuteCommand loadBalancers ' +
  'serviceConnectConfiguration volumeConfigurations';
/** Where a task is placed follows the count of tasks alone. */
const SERVICE_IDLE =
  'availabilityZoneRebalancing placementConstraints placementStrategy platformVersion ' +
  'healthCheckGracePeriodSeconds deploymentController';
const CLOUD_MAP_PAGE = 'MaxResults NextToken';

/** By the part of X-Amz-Target before the dot, then by action. */
export const MEMBERS: Readonly<Record<string, Readonly<Record<string, ActionMembers>>>> = {
  AmazonEC2: EC2_MEMBERS,
  AutoScaling: AUTO_SCALING_MEMBERS,
  elasticfilesystem: EFS_MEMBERS,
  AmazonEC2ContainerServiceV20141113: {
    CreateCluster: {
      acts: 'clusterName tags settings capacityProviders defaultCapacityProviderStrategy',
      idle: 'configuration',
    },
    UpdateCluster: { acts: 'cluster settings', idle: 'configuration' },
    DeleteCluster: { acts: 'cluster' },
    ListClusters: { acts: LIST_PAGE },
    DescribeClusters: { acts: 'clusters include' },
    PutClusterCapacityProviders: {
      acts: 'cluster capacityProviders defaultCapacityProviderStrategy',
    },
    CreateCapacityProvider: {
      acts: 'name cluster autoScalingGroupProvider managedInstancesProvider tags',
    },
    UpdateCapacityProvider: {
      acts: 'name autoScalingGroupProvider managedInstancesProvider',
      idle: 'cluster',
    },
    DeleteCapacityProvider: { acts: 'capacityProvider', idle: 'cluster' },
    DescribeCapacityProviders: { acts: `capacityProviders include ${LIST_PAGE}`, idle: 'cluster' },
    RegisterTaskDefinition: {
      acts:
        'family containerDefinitions networkMode tags taskRoleArn executionRoleArn cpu memory ' +
        'requiresCompatibilities volumes',
      idle:
        'runtimePlatform placementConstraints ephemeralStorage pidMode ipcMode ' +
        'proxyConfiguration',
    },
    DeregisterTaskDefinition: { acts: 'taskDefinition' },
    DeleteTaskDefinitions: { acts: 'taskDefinitions' },
    DescribeTaskDefinition: { acts: 'taskDefinition include' },
    ListTaskDefinitions: { acts: `familyPrefix status sort ${LIST_PAGE}` },
    ListTaskDefinitionFamilies: { acts: `familyPrefix status ${LIST_PAGE}` },
    RunTask: {
      acts:
        'cluster taskDefinition count launchType group startedBy tags networkConfiguration ' +
        'capacityProviderStrategy overrides propagateTags enableExecuteCommand',
      idle:
        'clientToken referenceId enableECSManagedTags placementConstraints placementStrategy ' +
        'platformVersion',
    },
    StopTask: { acts: 'cluster task reason' },
    ListTasks: {
      acts:
        'cluster containerInstance family serviceName desiredStatus launchType startedBy ' +
        LIST_PAGE,
    },
    DescribeTasks: { acts: 'cluster tasks include' },
    ListContainerInstances: { acts: `cluster status ${LIST_PAGE}` },
    DescribeContainerInstances: { acts: 'cluster containerInstances include' },
    UpdateContainerInstancesState: { acts: 'cluster containerInstances status' },
    DeregisterContainerInstance: { acts: 'cluster containerInstance force' },
    CreateService: {
      acts:
        'cluster serviceName taskDefinition desiredCount launchType tags schedulingStrategy ' +
        SERVICE_SETTINGS,
      idle: `clientToken role ${SERVICE_IDLE}`,
    },
    UpdateService: {
      acts: `cluster service desiredCount taskDefinition forceNewDeployment ${SERVICE_SETTINGS}`,
      idle: SERVICE_IDLE,
    },
    DeleteService: { acts: 'cluster service force' },
    ListServices: { acts: `cluster launchType schedulingStrategy ${LIST_PAGE}` },
    DescribeServices: { acts: 'cluster services include' },
    TagResource: { acts: 'resourceArn tags' },
    UntagResource: { acts: 'resourceArn tagKeys' },
    ListTagsForResource: { acts: 'resourceArn' },
  },
  CloudFormation: CLOUDFORMATION_MEMBERS,
  GraniteServiceVersion20100801: {
    GetMetricData: {
      acts: 'MetricDataQueries StartTime EndTime NextToken ScanBy MaxDatapoints',
      // Labels have no times in them.
      idle: 'LabelOptions',
    },
    GetMetricStatistics: {
      acts:
        'Namespace MetricName Dimensions StartTime EndTime Period Statistics ' +
        'ExtendedStatistics Unit',
    },
    ListMetrics: { acts: 'Namespace MetricName Dimensions NextToken RecentlyActive' },
    PutMetricAlarm: {
      acts:
        'AlarmName AlarmDescription ActionsEnabled OKActions AlarmActions ' +
        'InsufficientDataActions ' +
        'MetricName Namespace Statistic ExtendedStatistic Dimensions Period Unit ' +
        'EvaluationPeriods DatapointsToAlarm Threshold ComparisonOperator TreatMissingData ' +
        'EvaluateLowSampleCountPercentile ThresholdMetricId Metrics Tags',
    },
    DescribeAlarms: { acts: 'AlarmNames AlarmNamePrefix NextToken', idle: 'AlarmTypes' },
    DeleteAlarms: { acts: 'AlarmNames' },
    TagResource: { acts: 'ResourceARN Tags' },
    UntagResource: { acts: 'ResourceARN TagKeys' },
    ListTagsForResource: { acts: 'ResourceARN' },
  },
  Logs_20140328: {
    CreateLogGroup: {
      acts: 'logGroupName tags logGroupClass',
      idle: 'kmsKeyId deletionProtectionEnabled',
    },
    DeleteLogGroup: { acts: 'logGroupName' },
    DescribeLogGroups: { acts: 'logGroupNamePrefix logGroupNamePattern nextToken limit' },
    PutRetentionPolicy: { acts: 'logGroupName retentionInDays' },
    DeleteRetentionPolicy: { acts: 'logGroupName' },
    TagResource: { acts: 'resourceArn tags' },
    UntagResource: { acts: 'resourceArn tagKeys' },
    ListTagsForResource: { acts: 'resourceArn' },
    CreateLogStream: { acts: 'logGroupName logStreamName' },
    DeleteLogStream: { acts: 'logGroupName logStreamName' },
    DescribeLogStreams: {
      acts:
        'logGroupName logGroupIdentifier logStreamNamePrefix orderBy descending nextToken ' +
        'limit',
    },
    GetLogEvents: {
      acts:
        'logGroupName logGroupIdentifier logStreamName startTime endTime nextToken limit ' +
        'startFromHead',
      // No data is masked.
      idle: 'unmask',
    },
    FilterLogEvents: {
      acts:
        'logGroupName logGroupIdentifier logStreamNames logStreamNamePrefix startTime endTime ' +
        'filterPattern nextToken limit',
      // AWS takes interleaved as true, whatever it is.
      idle: 'interleaved unmask',
    },
    PutLogEvents: {
      acts: 'logGroupName logStreamName logEvents entity',
      // AWS ignores it.
      idle: 'sequenceToken',
    },
  },
  Route53AutoNaming_v20170314: {
    CreatePrivateDnsNamespace: { acts: 'Name Tags', idle: 'CreatorRequestId Description Vpc' },
    CreatePublicDnsNamespace: { acts: 'Name Tags', idle: 'CreatorRequestId Description' },
    CreateHttpNamespace: { acts: 'Name Tags', idle: 'CreatorRequestId Description' },
    GetOperation: { acts: 'OperationId' },
    GetNamespace: { acts: 'Id' },
    ListNamespaces: { acts: `Filters ${CLOUD_MAP_PAGE}` },
    CreateService: {
      acts: 'Name NamespaceId DnsConfig Type HealthCheckConfig HealthCheckCustomConfig Tags',
      idle: 'CreatorRequestId Description',
    },
    GetService: { acts: 'Id' },
    ListServices: { acts: `Filters ${CLOUD_MAP_PAGE}` },
    RegisterInstance: { acts: 'ServiceId InstanceId Attributes', idle: 'CreatorRequestId' },
    DeregisterInstance: { acts: 'ServiceId InstanceId' },
    ListInstances: { acts: `ServiceId ${CLOUD_MAP_PAGE}` },
    GetInstance: { acts: 'ServiceId InstanceId' },
    DiscoverInstances: {
      acts:
        'NamespaceName ServiceName MaxResults QueryParameters OptionalParameters HealthStatus ' +
        'OwnerAccount',
    },
    DiscoverInstancesRevision: { acts: 'NamespaceName ServiceName OwnerAccount' },
    DeleteService: { acts: 'Id' },
    DeleteNamespace: { acts: 'Id' },
    UpdateInstanceCustomHealthStatus: { acts: 'ServiceId InstanceId Status' },
    GetInstancesHealthStatus: { acts: `ServiceId ${CLOUD_MAP_PAGE}` },
    TagResource: { acts: 'ResourceARN Tags' },
    UntagResource: { acts: 'ResourceARN TagKeys' },
    ListTagsForResource: { acts: 'ResourceARN' },
  },
  AmazonSSM: {
    PutParameter: {
      acts: 'Name Value Type Overwrite Tier Tags',
      idle: 'Description KeyId',
    },
    AddTagsToResource: { acts: 'ResourceType ResourceId Tags' },
    RemoveTagsFromResource: { acts: 'ResourceType ResourceId TagKeys' },
    ListTagsForResource: { acts: 'ResourceType ResourceId' },
    GetParameter: { acts: 'Name WithDecryption' },
    GetParameters: { acts: 'Names WithDecryption' },
    GetParametersByPath: { acts: `Path Recursive WithDecryption ${CLOUD_MAP_PAGE}` },
    LabelParameterVersion: { acts: 'Name ParameterVersion Labels' },
    DeleteParameter: { acts: 'Name' },
  },
  secretsmanager: {
    CreateSecret: {
      acts: 'Name SecretString SecretBinary ClientRequestToken',
      idle: 'Description KmsKeyId',
    },
    PutSecretValue: { acts: 'SecretId SecretString SecretBinary ClientRequestToken' },
    DescribeSecret: { acts: 'SecretId' },
    GetSecretValue: { acts: 'SecretId VersionId VersionStage' },
  },
  AmazonSQS: {
    CreateQueue: { acts: 'QueueName' },
    GetQueueUrl: { acts: 'QueueName' },
    SendMessage: { acts: 'QueueUrl MessageBody' },
    ReceiveMessage: { acts: 'QueueUrl MaxNumberOfMessages VisibilityTimeout WaitTimeSeconds' },
    DeleteMessage: { acts: 'QueueUrl ReceiptHandle' },
    DeleteMessageBatch: { acts: 'QueueUrl Entries' },
  },
  iam: IAM_MEMBERS,
  sts: TOKEN_MEMBERS,
  aps: AMP_MEMBERS,
  kafka: {
    DescribeClusterV2: { acts: 'clusterArn' },
    ListClustersV2: { acts: `clusterNameFilter clusterTypeFilter ${LIST_PAGE}` },
    ListNodes: { acts: `clusterArn ${LIST_PAGE}` },
  },
  elasticache: {
    DescribeCacheClusters: {
      acts:
        'CacheClusterId Marker MaxRecords ShowCacheNodeInfo ' +
        'ShowCacheClustersNotInReplicationGroups',
    },
    DescribeServerlessCaches: { acts: 'ServerlessCacheName MaxResults NextToken' },
    ListTagsForResource: { acts: 'ResourceName' },
  },
  rds: {
    DescribeDBClusters: { acts: 'DBClusterIdentifier Marker MaxRecords' },
    DescribeDBInstances: { acts: 'DBInstanceIdentifier Filters Marker MaxRecords' },
  },
  xray: {
    BatchGetTraces: { acts: 'TraceIds NextToken' },
    CreateSamplingRule: { acts: 'SamplingRule', idle: 'Tags' },
    DeleteSamplingRule: { acts: 'RuleName RuleARN' },
    GetIndexingRules: { acts: 'NextToken' },
    GetSamplingRules: { acts: 'NextToken' },
    GetSamplingStatisticSummaries: { acts: 'NextToken' },
    GetSamplingTargets: { acts: 'SamplingStatisticsDocuments SamplingBoostStatisticsDocuments' },
    GetServiceGraph: { acts: 'StartTime EndTime NextToken' },
    GetTraceGraph: { acts: 'TraceIds NextToken' },
    GetTraceSegmentDestination: { acts: '' },
    GetTraceSummaries: {
      acts: 'StartTime EndTime TimeRangeType FilterExpression NextToken',
      // A subset that holds all traces is a right answer to Sampling.
      idle: 'Sampling SamplingStrategy',
    },
    PutTelemetryRecords: { acts: 'TelemetryRecords EC2InstanceId Hostname ResourceARN' },
    PutTraceSegments: { acts: 'TraceSegmentDocuments' },
    UpdateSamplingRule: { acts: 'SamplingRuleUpdate' },
    UpdateTraceSegmentDestination: { acts: 'Destination' },
  },
};

/**
 * Checks the members of a request as it came.
 *
 * @throws AwsError NotImplemented for members that the action does not know
 */
export function refuseUnknownMembers(target: string, action: string, input: AwsInput): void {
  const { acts = '', idle = '' } = MEMBERS[target]?.[action] ?? {};
  const known = `${acts} ${idle}`.split(' ').filter((name) => name !== '');
  const unknown = Object.keys(input).filter(
    (name) => !known.includes(name) && input[name] !== null,
  );
  if (unknown.length > 0)
    throw notImplemented(
      `${action}: ${unknown.join(', ')} is not supported here; these are: ${known.join(', ')}`,
    );
}

/** The error for a request that AWS supports and the emulator does not. */
export function notImplemented(message: string): AwsError {
  return new AwsError('NotImplemented', message, 501);
}

/**
 * Reads a member whose value must be one of `values`; undefined when it is absent.
 *
 * @throws AwsError that names the value
 */
export function requireOne<T extends string>(
  input: AwsInput,
  key: string,
  values: readonly T[],
): T | undefined {
  const value = input[key];
  if (value === undefined || value === null) return undefined;
  const found = values.find((known) => known === value);
  if (found !== undefined) return found;
  throw new AwsError(
    'InvalidParameterException',
    `${key} ${JSON.stringify(value)} is not supported here; these are: ${values.join(', ')}`,
  );
}
