/**
 * Requests that change nothing and tell whether an action of AWS is allowed: lists, questions about
 * what does not exist, and writes of nothing. What has no such request is not asked.
 * Sources: the API references of the services, by action.
 */
import { compress } from '../wire/snappy.ts';
import type { PolicyStatement } from '../deploy/permissions.ts';
import type { AskedRequest } from './asking.ts';
import type { Use } from './uses.ts';

/** A name that nobody gives: questions about it are answered with "not found" where allowed. */
const NOBODY = 'amperage-doctor-none';
const NO_ID = '0'.repeat(32);

type Conditions = PolicyStatement['conditions'];
type MakeRequest = (resource: string, conditions: Conditions) => AskedRequest;

function json(target: string, input: unknown): AskedRequest {
  return {
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
    body: JSON.stringify(input),
  };
}

function form(fields: Readonly<Record<string, string>>): AskedRequest {
  return {
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: new URLSearchParams(fields).toString(),
  };
}

function rest(path: string, input: unknown): AskedRequest {
  const headers = { 'content-type': 'application/json' };
  return { method: 'POST', path, headers, body: JSON.stringify(input) };
}

const ecs = (action: string, input: unknown) =>
  json(`AmazonEC2ContainerServiceV20141113.${action}`, input);
const cloudMap = (action: string, input: unknown) =>
  json(`Route53AutoNaming_v20170314.${action}`, input);
const ec2 = (action: string, more: Readonly<Record<string, string>> = {}) =>
  form({ Action: action, Version: '2016-11-15', ...more });

const rds = (action: string, more: Readonly<Record<string, string>> = {}) =>
  form({ Action: action, Version: '2014-10-31', MaxRecords: '20', ...more });

const elastiCache = (action: string, more: Readonly<Record<string, string>> = {}) =>
  form({ Action: action, Version: '2015-02-02', ...more });

/** The cluster in an ARN such as `…:task/CLUSTER/*`; none for a star. */
function clusterOf(resource: string): { readonly cluster?: string } {
  const [, , name = ''] =
    /:(task|service|container-instance|cluster)\/([^/]+)/.exec(resource) ?? [];
  return name === '' || name.includes('*') ? {} : { cluster: name };
}

/** Tasks are listed of a cluster, which a condition names. */
function conditionedCluster(conditions: Conditions = {}): string {
  const { ArnLike = {} } = conditions as { readonly ArnLike?: Readonly<Record<string, unknown>> };
  return [ArnLike['ecs:cluster']].flat().map(String)[0] ?? '';
}

/** An ARN without its end: the name of a resource. */
function nameOf(resource: string, type: string): string {
  return resource.slice(resource.indexOf(`:${type}`) + type.length + 1);
}

const PROBES: Readonly<Record<string, MakeRequest>> = {
  'aps:RemoteWrite': () => emptyWrite(),
  'ecs:ListClusters': () => ecs('ListClusters', { maxResults: 1 }),
  'ecs:ListTasks': (_, conditions) => ecs('ListTasks', clusterOf(conditionedCluster(conditions))),
  'ecs:DescribeTasks': (resource) =>
    ecs('DescribeTasks', { ...clusterOf(resource), tasks: [NO_ID] }),
  'ecs:DescribeTaskDefinition': () => ecs('DescribeTaskDefinition', { taskDefinition: NOBODY }),
  'ecs:DescribeClusters': (resource) => {
    const { cluster = NOBODY } = clusterOf(resource);
    return ecs('DescribeClusters', { clusters: [cluster] });
  },
  'ecs:DescribeContainerInstances': (resource) =>
    ecs('DescribeContainerInstances', { ...clusterOf(resource), containerInstances: [NO_ID] }),
  'ecs:DescribeServices': (resource) =>
    ecs('DescribeServices', { ...clusterOf(resource), services: [NOBODY] }),
  'ec2:DescribeInstances': () => ec2('DescribeInstances', { MaxResults: '5' }),
  'ec2:DescribeNetworkInterfaces': () => ec2('DescribeNetworkInterfaces', { MaxResults: '5' }),
  'ec2:DescribeAvailabilityZones': () => ec2('DescribeAvailabilityZones'),
  'servicediscovery:ListNamespaces': () => cloudMap('ListNamespaces', {}),
  'servicediscovery:ListServices': () => cloudMap('ListServices', {}),
  'servicediscovery:DiscoverInstances': () =>
    cloudMap('DiscoverInstances', { NamespaceName: NOBODY, ServiceName: NOBODY }),
  'servicediscovery:DiscoverInstancesRevision': () =>
    cloudMap('DiscoverInstancesRevision', { NamespaceName: NOBODY, ServiceName: NOBODY }),
  'ssm:GetParameter': (resource) =>
    json('AmazonSSM.GetParameter', { Name: nameOf(resource, 'parameter') }),
  'logs:PutLogEvents': (resource) => putNoEvents(resource),
  'elasticache:DescribeCacheClusters': () =>
    elastiCache('DescribeCacheClusters', { MaxRecords: '20' }),
  'elasticache:DescribeServerlessCaches': () =>
    elastiCache('DescribeServerlessCaches', { MaxResults: '20' }),
  'elasticache:ListTagsForResource': (resource) =>
    elastiCache('ListTagsForResource', { ResourceName: resource.replaceAll('*', NOBODY) }),
  'rds:DescribeDBClusters': (resource) => {
    const name = nameOf(resource, 'cluster');
    const isNamed = resource !== '*' && !name.includes('*');
    return rds('DescribeDBClusters', isNamed ? { DBClusterIdentifier: name } : {});
  },
  'rds:DescribeDBInstances': () => rds('DescribeDBInstances'),
  'kafka:ListClustersV2': () => ({ method: 'GET', path: '/api/v2/clusters' }),
  'xray:PutTraceSegments': () => rest('/TraceSegments', { TraceSegmentDocuments: [] }),
  'xray:PutTelemetryRecords': () => rest('/TelemetryRecords', { TelemetryRecords: [] }),
  'xray:GetSamplingRules': () => rest('/GetSamplingRules', {}),
  'xray:GetSamplingStatisticSummaries': () => rest('/SamplingStatisticSummaries', {}),
  'xray:GetSamplingTargets': () => rest('/SamplingTargets', { SamplingStatisticsDocuments: [] }),
};

/** The request that tells whether an action is allowed; undefined where there is none. */
export function makeProbe(
  action: string,
  resource: string,
  conditions?: Conditions,
): AskedRequest | undefined {
  return PROBES[action]?.(resource, conditions);
}

/** The request of a use that is asked first: whether its signature is taken. */
export function firstProbe(use: Use): AskedRequest | undefined {
  const action = FIRST_ACTIONS[use.aws?.service ?? ''];
  return action === undefined ? undefined : makeProbe(action, '*');
}

const FIRST_ACTIONS: Readonly<Record<string, string>> = {
  aps: 'aps:RemoteWrite',
  ecs: 'ecs:ListClusters',
  ec2: 'ec2:DescribeAvailabilityZones',
  servicediscovery: 'servicediscovery:ListNamespaces',
  kafka: 'kafka:ListClustersV2',
  elasticache: 'elasticache:DescribeCacheClusters',
  rds: 'rds:DescribeDBClusters',
  xray: 'xray:GetSamplingRules',
};

/** A message of remote write without a series. */
function emptyWrite(): AskedRequest {
  return {
    method: 'POST',
    path: '',
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    },
    body: compress(new Uint8Array(0)),
  };
}

/** Into a stream that is not there: it is made by another action. */
function putNoEvents(resource: string): AskedRequest {
  const group = nameOf(resource, 'log-group').split(':log-stream')[0] ?? '';
  const name = group.replace(/^:/, '').replaceAll('*', NOBODY);
  return json('Logs_20140328.PutLogEvents', {
    logGroupName: name,
    logStreamName: NOBODY,
    logEvents: [{ timestamp: 0, message: NOBODY }],
  });
}

/** Who the credentials are. */
export const CALLER_IDENTITY: AskedRequest = form({
  Action: 'GetCallerIdentity',
  Version: '2011-06-15',
});
