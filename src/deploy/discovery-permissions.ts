/**
 * Permissions that discovery and the division of targets need, each as narrow as AWS allows: most
 * actions that list know no resources.
 */
import { makeArn, type PolicyStatement, type ResourcePlace } from './permissions.ts';
import type { AwsValue } from './template.ts';

/** Which details of tasks are read beside those that all need. */
export interface TaskDetails {
  readonly definitions: boolean;
  readonly services: boolean;
  readonly interfaces: boolean;
}

/** @param clusters  names or ARNs; undefined: all of the region */
export function findTasks(
  place: ResourcePlace,
  clusters: readonly string[] | undefined,
  details: TaskDetails,
): PolicyStatement[] {
  const named = clusters?.map((one) => one.slice(one.lastIndexOf('/') + 1)) ?? ['*'];
  const arns = (type: string, below = '/*'): AwsValue[] =>
    named.map((name) => makeArn(place, 'ecs', `${type}/${name}${below}`));
  const found: PolicyStatement[] = [
    ...(clusters === undefined
      ? [
          {
            id: 'ListClusters',
            actions: ['ecs:ListClusters'],
            resources: ['*'],
            why: 'discovery of tasks where no cluster is named: the action knows no resources',
          },
        ]
      : []),
    listTasks(place, named),
    {
      id: 'DescribeTasks',
      actions: ['ecs:DescribeTasks'],
      resources: arns('task'),
      why: 'discovery of tasks; without it no target',
    },
    ...(details.definitions
      ? [
          {
            id: 'DescribeTaskDefinitions',
            actions: ['ecs:DescribeTaskDefinition'],
            resources: ['*'],
            why: 'discovery of tasks: docker labels and ports; the action knows no resources',
          },
        ]
      : []),
    {
      id: 'DescribeClusters',
      actions: ['ecs:DescribeClusters'],
      resources: arns('cluster', ''),
      why: 'discovery of tasks; without it no tags of clusters as labels',
    },
    {
      id: 'DescribeContainerInstances',
      actions: ['ecs:DescribeContainerInstances'],
      resources: arns('container-instance'),
      why: 'discovery of tasks; without it no targets on instances outside awsvpc',
    },
    {
      id: 'DescribeInstances',
      actions: ['ec2:DescribeInstances'],
      resources: ['*'],
      why: 'discovery of tasks on instances, and their labels; the action knows no resources',
    },
  ];
  if (details.services)
    found.push({
      id: 'DescribeServices',
      actions: ['ecs:DescribeServices'],
      resources: arns('service'),
      why: 'discovery of tasks; without it no tags and no status of services as labels',
    });
  if (details.interfaces)
    found.push({
      id: 'DescribeNetworkInterfaces',
      actions: ['ec2:DescribeNetworkInterfaces'],
      resources: ['*'],
      why: 'discovery of tasks; without it no public address as label; it knows no resources',
    });
  return found;
}

/** `ListTasks` is judged by container instance, which tasks on Fargate have none of. */
export function listTasks(place: ResourcePlace, clusters: readonly string[]): PolicyStatement {
  return {
    id: 'ListTasks',
    actions: ['ecs:ListTasks'],
    resources: ['*'],
    conditions: {
      ArnLike: {
        'ecs:cluster': clusters.map((name) => makeArn(place, 'ecs', `cluster/${name}`)),
      },
    },
    why: 'tasks of the cluster; without it none is found',
  };
}

/** `--shard ecs`. @param cluster  its name; a star where it is not known */
export function divideTargets(place: ResourcePlace, cluster: string): PolicyStatement[] {
  return [
    listTasks(place, [cluster]),
    {
      id: 'DescribeTasks',
      actions: ['ecs:DescribeTasks'],
      resources: [makeArn(place, 'ecs', `task/${cluster}/*`)],
      why: '--shard ecs; without it collectors do not find each other',
    },
  ];
}

export function findInstances(): PolicyStatement[] {
  return [
    {
      id: 'DescribeInstances',
      actions: ['ec2:DescribeInstances'],
      resources: ['*'],
      why: 'ec2_sd_configs: the action knows no resources; without it no target',
    },
    {
      id: 'DescribeZones',
      actions: ['ec2:DescribeAvailabilityZones'],
      resources: ['*'],
      why: 'ec2_sd_configs: it knows no resources; without it no id of the zone as label',
    },
  ];
}

/** @param clusters  ARNs; undefined: all of the region */
export function findBrokers(
  place: ResourcePlace,
  clusters: readonly string[] | undefined,
): PolicyStatement[] {
  const resources = clusters ?? [makeArn(place, 'kafka', 'cluster/*/*')];
  const list: PolicyStatement =
    clusters === undefined
      ? {
          id: 'ListBrokerClusters',
          actions: ['kafka:ListClustersV2'],
          resources: ['*'],
          why: 'msk_sd_configs where no cluster is named: the action knows no resources',
        }
      : {
          id: 'DescribeBrokerClusters',
          actions: ['kafka:DescribeClusterV2'],
          resources,
          why: 'msk_sd_configs; without it no target',
        };
  return [
    list,
    {
      id: 'ListNodes',
      actions: ['kafka:ListNodes'],
      resources,
      why: 'msk_sd_configs; without it no target',
    },
  ];
}

/** @param clusters  names or ARNs; undefined: all of the region */
export function findDatabases(
  place: ResourcePlace,
  clusters: readonly string[] | undefined,
): PolicyStatement[] {
  return [
    {
      id: 'DescribeDatabaseClusters',
      actions: ['rds:DescribeDBClusters'],
      resources: (clusters ?? ['*']).map((one) =>
        one.startsWith('arn:') ? one : makeArn(place, 'rds', `cluster:${one}`),
      ),
      why: 'rds_sd_configs; without it no target',
    },
    {
      id: 'DescribeDatabases',
      actions: ['rds:DescribeDBInstances'],
      // A list by filters is judged as one of all instances.
      resources: [makeArn(place, 'rds', 'db:*')],
      why: 'rds_sd_configs; without it no target',
    },
  ];
}

/** @param clusters  ARNs; undefined: all of the region */
export function findCaches(
  place: ResourcePlace,
  clusters: readonly string[] | undefined,
): PolicyStatement[] {
  const all = makeArn(place, 'elasticache', 'cluster:*');
  const allServerless = makeArn(place, 'elasticache', 'serverlesscache:*');
  const isServerless = (arn: string): boolean => arn.includes(':serverlesscache:');
  const hasServerless = clusters?.some(isServerless) ?? true;
  const hasNodes = clusters?.some((arn) => !isServerless(arn)) ?? true;
  // The members of a replication group have names of their own.
  const tagged = clusters?.map((arn) => (arn.includes(':replicationgroup:') ? all : arn)) ?? [
    all,
    allServerless,
  ];
  const why = 'elasticache_sd_configs; without it no target';
  return [
    ...(hasNodes
      ? [
          {
            id: 'DescribeCaches',
            actions: ['elasticache:DescribeCacheClusters'],
            resources: [all],
            why,
          },
        ]
      : []),
    ...(hasServerless
      ? [
          {
            id: 'DescribeServerlessCaches',
            actions: ['elasticache:DescribeServerlessCaches'],
            resources: [allServerless],
            why,
          },
        ]
      : []),
    {
      id: 'ListCacheTags',
      actions: ['elasticache:ListTagsForResource'],
      resources: [...new Set(tagged)],
      why,
    },
  ];
}

/** @param url  of the queue, `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME` */
export function readEvents(place: ResourcePlace, url: string): PolicyStatement {
  const { host, pathname } = new URL(url);
  const [, account = '', name = '*'] = pathname.split('/');
  const region = /^sqs\.([a-z0-9-]+)\./.exec(host)?.[1] ?? place.region;
  const isAccount = /^\d{12}$/.test(account);
  const at = { ...place, region, account: isAccount ? account : place.account };
  return {
    id: 'ReadEvents',
    actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage'],
    resources: [makeArn(at, 'sqs', name)],
    why: 'events_queue_url; without it targets are found by polling alone',
  };
}
