/**
 * The attributes of a task and of its containers as OpenTelemetry's awsecscontainermetrics receiver
 * has them. Numbers are written as text; attributes without a value are empty. Pure.
 * Source: opentelemetry-collector-contrib 0.156, receiver/awsecscontainermetricsreceiver,
 * internal/awsecscontainermetrics/resource.go, and internal/common/docker/images.go
 */
import type { TaskContainer, TaskMetadata } from '../aws/task-metadata-schema.ts';
import { shortenArn } from './reading.ts';

export type Attributes = Readonly<Record<string, string>>;

export function describeTask(task: TaskMetadata): Attributes {
  const [, , , region = '', account = ''] = (task.TaskARN ?? '').split(':');
  const launchType = task.LaunchType ?? '';
  const lowerType = launchType.toLowerCase();
  return {
    'aws.ecs.cluster.name': shortenArn(task.Cluster),
    'aws.ecs.task.arn': task.TaskARN ?? '',
    'aws.ecs.task.id': shortenArn(task.TaskARN),
    'aws.ecs.task.family': task.Family ?? '',
    'aws.ecs.task.version': task.Revision ?? '',
    'aws.ecs.task.revision': task.Revision ?? '',
    'aws.ecs.service.name': task.ServiceName ?? '',
    'cloud.availability_zone': task.AvailabilityZone ?? '',
    'aws.ecs.task.pull_started_at': task.PullStartedAt ?? '',
    'aws.ecs.task.pull_stopped_at': task.PullStoppedAt ?? '',
    'aws.ecs.task.known_status': task.KnownStatus ?? '',
    'aws.ecs.task.launch_type': launchType,
    // The semantic conventions know only these two values.
    ...(lowerType === 'ec2' || lowerType === 'fargate' ? { 'aws.ecs.launchtype': lowerType } : {}),
    'cloud.region': region,
    'cloud.account.id': account,
  };
}

/** The attributes of a container, those of its task among them. */
export function describeContainer(container: TaskContainer, task: TaskMetadata): Attributes {
  const { name, tag } = splitImage(container.Image ?? '');
  const { FinishedAt: finishedAt, ExitCode: exitCode } = container;
  return {
    'container.name': container.Name,
    'container.id': container.DockerId,
    'aws.ecs.docker.name': container.DockerName ?? '',
    'container.image.name': name,
    'aws.ecs.container.image.id': container.ImageID ?? '',
    'container.image.tag': tag,
    'aws.ecs.container.created_at': container.CreatedAt ?? '',
    'aws.ecs.container.started_at': container.StartedAt ?? '',
    ...(finishedAt === undefined ? {} : { 'aws.ecs.container.finished_at': finishedAt }),
    // The receiver writes it so.
    'aws.ecs.container.know_status': container.KnownStatus ?? '',
    ...(exitCode === undefined ? {} : { 'aws.ecs.container.exit_code': String(exitCode) }),
    ...describeTask(task),
  };
}

/** `registry:5000/app:v1@sha256:…` → `registry:5000/app` and `v1`; without a tag it is `latest`. */
function splitImage(image: string): { readonly name: string; readonly tag: string } {
  const [tagged = ''] = image.split('@');
  const colon = tagged.lastIndexOf(':');
  if (colon > tagged.lastIndexOf('/'))
    return { name: tagged.slice(0, colon), tag: tagged.slice(colon + 1) };
  return { name: tagged, tag: tagged === '' ? '' : 'latest' };
}
