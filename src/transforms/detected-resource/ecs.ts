/**
 * The detector `ecs`: the task that the process runs in; nothing outside of ECS.
 * Source: contrib's processor/resourcedetectionprocessor/internal/aws/ecs/ecs.go
 */
import {
  createTaskMetadataClient,
  metadataUri,
  readOwnContainer,
} from '../../aws/task-metadata.ts';
import type { TaskContainer } from '../../aws/task-metadata-schema.ts';
import type { HttpClient } from '../../kernel/http-client.ts';
import type { DetectedAttributes } from './transform.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** @throws  where the endpoint does not answer in full */
export async function detectEcs(
  http: HttpClient,
  env: Env,
  signal: AbortSignal,
): Promise<DetectedAttributes> {
  if ((env['ECS_CONTAINER_METADATA_URI_V4'] ?? '') === '') return new Map();
  const uri = metadataUri(env);
  const [[task], own] = await Promise.all([
    createTaskMetadataClient(uri, http).tasks(signal),
    readOwnContainer(uri, http, signal),
  ]);
  const { TaskARN = '', Cluster = '', Family = '', Revision = '' } = task ?? {};
  const [, partition = 'aws', , region = '', account = '', path = ''] = TaskARN.split(':');
  const launchType = task?.LaunchType?.toLowerCase() ?? '';
  const found = new Map([
    ['cloud.provider', 'aws'],
    ['cloud.platform', 'aws_ecs'],
    ['aws.ecs.task.arn', TaskARN],
    ['aws.ecs.task.family', Family],
    ['aws.ecs.task.revision', Revision],
    ['cloud.account.id', account],
    ['cloud.region', region],
    ['aws.ecs.task.id', path.slice(path.lastIndexOf('/') + 1)],
    [
      'aws.ecs.cluster.arn',
      Cluster.includes(':')
        ? Cluster
        : `arn:${partition}:ecs:${region}:${account}:cluster/${Cluster}`,
    ],
    ['cloud.availability_zone', task?.AvailabilityZone ?? ''],
    ['aws.ecs.launchtype', launchType === 'ec2' || launchType === 'fargate' ? launchType : ''],
  ]);
  const others = (task?.Containers ?? []).filter(({ DockerId }) => DockerId !== own.DockerId);
  for (const [name, value] of listLogs(others, partition, account)) found.set(name, value);
  return found;
}

/** Logs of the other containers that run and write to CloudWatch. */
function listLogs(
  containers: readonly TaskContainer[],
  partition: string,
  account: string,
): [string, string][] {
  const logs = containers.flatMap(({ Type, KnownStatus, LogDriver, LogOptions: options }) => {
    const isWanted = Type === 'NORMAL' && KnownStatus === 'RUNNING' && LogDriver === 'awslogs';
    if (!isWanted || options === undefined) return [];
    const { 'awslogs-group': group, 'awslogs-region': region, 'awslogs-stream': stream } = options;
    const arn = `arn:${partition}:logs:${region}:${account}:log-group:${group}`;
    return [{ group, stream, arn }];
  });
  if (logs.length === 0) return [];
  return [
    ['aws.log.group.names', JSON.stringify(logs.map(({ group }) => group))],
    ['aws.log.group.arns', JSON.stringify(logs.map(({ arn }) => arn))],
    ['aws.log.stream.names', JSON.stringify(logs.map(({ stream }) => stream))],
    [
      'aws.log.stream.arns',
      JSON.stringify(logs.map(({ arn, stream }) => `${arn}:log-stream:${stream}`)),
    ],
  ];
}
