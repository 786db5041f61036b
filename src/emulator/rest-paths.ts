/**
 * The operations of the services that speak AWS's REST-JSON protocol, each as
 * `METHOD /path/{member}?member=kind STATUS`. What is neither in the path nor in the query is in
 * the body. Members of the query are texts but for those with a kind: `number`, `list` (one
 * parameter for each item), or `others`, a map of all parameters that have no kind. Members have the
 * names that they have in the request. The status is 200 where none is given.
 * Source: the service models of botocore,
 * https://github.com/boto/botocore/tree/develop/botocore/data
 */

/** By signing name, then by action: the actions that the emulator has. */
export const REST_PATHS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
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
