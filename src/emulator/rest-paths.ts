/**
 * The paths of the services that speak AWS's REST-JSON protocol. Those of X-Ray are
 * called with POST, those of MSK with GET.
 * Source: the service models of botocore,
 * https://github.com/boto/botocore/tree/develop/botocore/data
 */

/** By signing name, then by action: the actions that the emulator has. */
export const REST_PATHS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  xray: {
    BatchGetTraces: '/Traces',
    CreateSamplingRule: '/CreateSamplingRule',
    DeleteSamplingRule: '/DeleteSamplingRule',
    GetIndexingRules: '/GetIndexingRules',
    GetSamplingRules: '/GetSamplingRules',
    GetSamplingStatisticSummaries: '/SamplingStatisticSummaries',
    GetSamplingTargets: '/SamplingTargets',
    GetServiceGraph: '/ServiceGraph',
    GetTraceGraph: '/TraceGraph',
    GetTraceSegmentDestination: '/GetTraceSegmentDestination',
    GetTraceSummaries: '/TraceSummaries',
    PutTelemetryRecords: '/TelemetryRecords',
    PutTraceSegments: '/TraceSegments',
    UpdateSamplingRule: '/UpdateSamplingRule',
    UpdateTraceSegmentDestination: '/UpdateTraceSegmentDestination',
  },
};

/**
 * By signing name, then by action: the actions that are called with GET. A part of the path in
 * braces is a member of the input, and the query holds the others.
 */
export const REST_GET_PATHS: typeof REST_PATHS = {
  kafka: {
    DescribeClusterV2: '/api/v2/clusters/{clusterArn}',
    ListClustersV2: '/api/v2/clusters',
    ListNodes: '/v1/clusters/{clusterArn}/nodes',
  },
};

/** The actions that AWS has and the emulator has not; they are refused by their name. */
export const ABSENT_REST_PATHS: typeof REST_PATHS = {
  xray: {
    CancelTraceRetrieval: '/CancelTraceRetrieval',
    CreateGroup: '/CreateGroup',
    DeleteGroup: '/DeleteGroup',
    DeleteResourcePolicy: '/DeleteResourcePolicy',
    GetEncryptionConfig: '/EncryptionConfig',
    GetGroup: '/GetGroup',
    GetGroups: '/Groups',
    GetInsight: '/Insight',
    GetInsightEvents: '/InsightEvents',
    GetInsightImpactGraph: '/InsightImpactGraph',
    GetInsightSummaries: '/InsightSummaries',
    GetRetrievedTracesGraph: '/GetRetrievedTracesGraph',
    GetTimeSeriesServiceStatistics: '/TimeSeriesServiceStatistics',
    ListResourcePolicies: '/ListResourcePolicies',
    ListRetrievedTraces: '/ListRetrievedTraces',
    ListTagsForResource: '/ListTagsForResource',
    PutEncryptionConfig: '/PutEncryptionConfig',
    PutResourcePolicy: '/PutResourcePolicy',
    StartTraceRetrieval: '/StartTraceRetrieval',
    TagResource: '/TagResource',
    UntagResource: '/UntagResource',
    UpdateGroup: '/UpdateGroup',
    UpdateIndexingRule: '/UpdateIndexingRule',
  },
};
