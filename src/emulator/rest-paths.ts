/**
 * The operations of the services that speak AWS's REST-JSON protocol, each as
 * `METHOD /path/{member}?member=kind STATUS`. What is neither in the path nor in the query is in
 * the body. Members of the query are texts but for those with a kind: `number`, `list` (one
 * parameter for each item), or `others`, a map of all parameters that have no kind. Members have
 * the names that they have in the request. The status is 200 where none is given.
 * Source: the service models of botocore,
 * https://github.com/boto/botocore/tree/develop/botocore/data
 */

/** By signing name, then by action: the actions that the emulator has. */
export const REST_PATHS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  aps: {
    CreateAlertManagerDefinition: 'POST /workspaces/{workspaceId}/alertmanager/definition 202',
    CreateAnomalyDetector: 'POST /workspaces/{workspaceId}/anomalydetectors 202',
    CreateLoggingConfiguration: 'POST /workspaces/{workspaceId}/logging 202',
    CreateQueryLoggingConfiguration: 'POST /workspaces/{workspaceId}/logging/query 202',
    CreateRuleGroupsNamespace: 'POST /workspaces/{workspaceId}/rulegroupsnamespaces 202',
    CreateScraper: 'POST /scrapers 202',
    CreateWorkspace: 'POST /workspaces 202',
    DeleteAlertManagerDefinition: 'DELETE /workspaces/{workspaceId}/alertmanager/definition 202',
    DeleteAnomalyDetector:
      'DELETE /workspaces/{workspaceId}/anomalydetectors/{anomalyDetectorId} 202',
    DeleteLoggingConfiguration: 'DELETE /workspaces/{workspaceId}/logging 202',
    DeleteQueryLoggingConfiguration: 'DELETE /workspaces/{workspaceId}/logging/query 202',
    DeleteResourcePolicy: 'DELETE /workspaces/{workspaceId}/policy 202',
    DeleteRuleGroupsNamespace: 'DELETE /workspaces/{workspaceId}/rulegroupsnamespaces/{name} 202',
    DeleteScraper: 'DELETE /scrapers/{scraperId} 202',
    DeleteScraperLoggingConfiguration: 'DELETE /scrapers/{scraperId}/logging-configuration 202',
    DeleteWorkspace: 'DELETE /workspaces/{workspaceId} 202',
    DescribeAlertManagerDefinition: 'GET /workspaces/{workspaceId}/alertmanager/definition',
    DescribeAnomalyDetector: 'GET /workspaces/{workspaceId}/anomalydetectors/{anomalyDetectorId}',
    DescribeLoggingConfiguration: 'GET /workspaces/{workspaceId}/logging',
    DescribeQueryLoggingConfiguration: 'GET /workspaces/{workspaceId}/logging/query',
    DescribeResourcePolicy: 'GET /workspaces/{workspaceId}/policy',
    DescribeRuleGroupsNamespace: 'GET /workspaces/{workspaceId}/rulegroupsnamespaces/{name}',
    DescribeScraper: 'GET /scrapers/{scraperId}',
    DescribeScraperLoggingConfiguration: 'GET /scrapers/{scraperId}/logging-configuration',
    DescribeWorkspace: 'GET /workspaces/{workspaceId}',
    DescribeWorkspaceConfiguration: 'GET /workspaces/{workspaceId}/configuration',
    GetDefaultScraperConfiguration: 'GET /scraperconfiguration',
    ListAnomalyDetectors: 'GET /workspaces/{workspaceId}/anomalydetectors?maxResults=number',
    ListRuleGroupsNamespaces:
      'GET /workspaces/{workspaceId}/rulegroupsnamespaces?maxResults=number',
    ListScrapers: 'GET /scrapers?filters=others&maxResults=number&nextToken=text',
    ListTagsForResource: 'GET /tags/{resourceArn}',
    ListWorkspaces: 'GET /workspaces?maxResults=number',
    PutAlertManagerDefinition: 'PUT /workspaces/{workspaceId}/alertmanager/definition 202',
    PutAnomalyDetector: 'PUT /workspaces/{workspaceId}/anomalydetectors/{anomalyDetectorId} 202',
    PutResourcePolicy: 'PUT /workspaces/{workspaceId}/policy 202',
    PutRuleGroupsNamespace: 'PUT /workspaces/{workspaceId}/rulegroupsnamespaces/{name} 202',
    TagResource: 'POST /tags/{resourceArn}',
    UntagResource: 'DELETE /tags/{resourceArn}?tagKeys=list',
    UpdateLoggingConfiguration: 'PUT /workspaces/{workspaceId}/logging 202',
    UpdateQueryLoggingConfiguration: 'PUT /workspaces/{workspaceId}/logging/query 202',
    UpdateScraper: 'PUT /scrapers/{scraperId} 202',
    UpdateScraperLoggingConfiguration: 'PUT /scrapers/{scraperId}/logging-configuration 202',
    UpdateWorkspaceAlias: 'POST /workspaces/{workspaceId}/alias 204',
    UpdateWorkspaceConfiguration: 'PATCH /workspaces/{workspaceId}/configuration 202',
  },
  elasticfilesystem: {
    CreateAccessPoint: 'POST /2015-02-01/access-points',
    CreateFileSystem: 'POST /2015-02-01/file-systems 201',
    CreateMountTarget: 'POST /2015-02-01/mount-targets',
    DeleteAccessPoint: 'DELETE /2015-02-01/access-points/{AccessPointId} 204',
    DeleteFileSystem: 'DELETE /2015-02-01/file-systems/{FileSystemId} 204',
    DeleteMountTarget: 'DELETE /2015-02-01/mount-targets/{MountTargetId} 204',
    DescribeAccessPoints: 'GET /2015-02-01/access-points?MaxResults=number',
    DescribeBackupPolicy: 'GET /2015-02-01/file-systems/{FileSystemId}/backup-policy',
    DescribeFileSystemPolicy: 'GET /2015-02-01/file-systems/{FileSystemId}/policy',
    DescribeFileSystems: 'GET /2015-02-01/file-systems?MaxItems=number',
    DescribeLifecycleConfiguration:
      'GET /2015-02-01/file-systems/{FileSystemId}/lifecycle-configuration',
    DescribeMountTargetSecurityGroups:
      'GET /2015-02-01/mount-targets/{MountTargetId}/security-groups',
    DescribeMountTargets: 'GET /2015-02-01/mount-targets?MaxItems=number',
    DescribeReplicationConfigurations:
      'GET /2015-02-01/file-systems/replication-configurations?MaxResults=number',
    ListTagsForResource: 'GET /2015-02-01/resource-tags/{ResourceId}?MaxResults=number',
    ModifyMountTargetSecurityGroups:
      'PUT /2015-02-01/mount-targets/{MountTargetId}/security-groups 204',
    PutBackupPolicy: 'PUT /2015-02-01/file-systems/{FileSystemId}/backup-policy',
    PutLifecycleConfiguration:
      'PUT /2015-02-01/file-systems/{FileSystemId}/lifecycle-configuration',
    TagResource: 'POST /2015-02-01/resource-tags/{ResourceId}',
    UntagResource: 'DELETE /2015-02-01/resource-tags/{ResourceId}?tagKeys=list',
    UpdateFileSystem: 'PUT /2015-02-01/file-systems/{FileSystemId} 202',
  },
  kafka: {
    DescribeClusterV2: 'GET /api/v2/clusters/{clusterArn}',
    ListClustersV2: 'GET /api/v2/clusters?maxResults=number',
    ListNodes: 'GET /v1/clusters/{clusterArn}/nodes?maxResults=number',
  },
  xray: {
    BatchGetTraces: 'POST /Traces',
    CreateSamplingRule: 'POST /CreateSamplingRule',
    DeleteSamplingRule: 'POST /DeleteSamplingRule',
    GetIndexingRules: 'POST /GetIndexingRules',
    GetSamplingRules: 'POST /GetSamplingRules',
    GetSamplingStatisticSummaries: 'POST /SamplingStatisticSummaries',
    GetSamplingTargets: 'POST /SamplingTargets',
    GetServiceGraph: 'POST /ServiceGraph',
    GetTraceGraph: 'POST /TraceGraph',
    GetTraceSegmentDestination: 'POST /GetTraceSegmentDestination',
    GetTraceSummaries: 'POST /TraceSummaries',
    PutTelemetryRecords: 'POST /TelemetryRecords',
    PutTraceSegments: 'POST /TraceSegments',
    UpdateSamplingRule: 'POST /UpdateSamplingRule',
    UpdateTraceSegmentDestination: 'POST /UpdateTraceSegmentDestination',
  },
};

/** The actions that AWS has and the emulator has not; they are refused by their name. */
export const ABSENT_REST_PATHS: typeof REST_PATHS = {
  xray: {
    CancelTraceRetrieval: 'POST /CancelTraceRetrieval',
    CreateGroup: 'POST /CreateGroup',
    DeleteGroup: 'POST /DeleteGroup',
    DeleteResourcePolicy: 'POST /DeleteResourcePolicy',
    GetEncryptionConfig: 'POST /EncryptionConfig',
    GetGroup: 'POST /GetGroup',
    GetGroups: 'POST /Groups',
    GetInsight: 'POST /Insight',
    GetInsightEvents: 'POST /InsightEvents',
    GetInsightImpactGraph: 'POST /InsightImpactGraph',
    GetInsightSummaries: 'POST /InsightSummaries',
    GetRetrievedTracesGraph: 'POST /GetRetrievedTracesGraph',
    GetTimeSeriesServiceStatistics: 'POST /TimeSeriesServiceStatistics',
    ListResourcePolicies: 'POST /ListResourcePolicies',
    ListRetrievedTraces: 'POST /ListRetrievedTraces',
    ListTagsForResource: 'POST /ListTagsForResource',
    PutEncryptionConfig: 'POST /PutEncryptionConfig',
    PutResourcePolicy: 'POST /PutResourcePolicy',
    StartTraceRetrieval: 'POST /StartTraceRetrieval',
    TagResource: 'POST /TagResource',
    UntagResource: 'POST /UntagResource',
    UpdateGroup: 'POST /UpdateGroup',
    UpdateIndexingRule: 'POST /UpdateIndexingRule',
  },
};
