/**
 * The labels of the profile `adot`: the resource attributes of the awsecscontainermetrics receiver
 * with underscores for dots, as an exporter with `resource_to_telemetry_conversion` writes them.
 * Labels without a value are not written. Pure.
 * Source: opentelemetry-collector-contrib,
 * receiver/awsecscontainermetricsreceiver/internal/awsecscontainermetrics/resource.go
 */
import type { TaskContainer, TaskMetadata } from '../../aws/task-metadata-schema.ts';
import type { SampleLabels } from '../family-list.ts';
import { shortenArn } from '../reading.ts';

export function makeAdotTaskLabels(task: TaskMetadata): SampleLabels {
  const [, , , region = '', account = ''] = (task.TaskARN ?? '').split(':');
  const launchType = task.LaunchType ?? '';
  const lowerType = launchType.toLowerCase();
  return {
    aws_ecs_cluster_name: shortenArn(task.Cluster),
    // The semantic conventions know only these two values.
    aws_ecs_launchtype: lowerType === 'ec2' || lowerType === 'fargate' ? lowerType : '',
    aws_ecs_service_name: task.ServiceName ?? '',
    aws_ecs_task_arn: task.TaskARN ?? '',
    aws_ecs_task_family: task.Family ?? '',
    aws_ecs_task_id: shortenArn(task.TaskARN),
    aws_ecs_task_known_status: task.KnownStatus ?? '',
    aws_ecs_task_launch_type: launchType,
    aws_ecs_task_pull_started_at: task.PullStartedAt ?? '',
    aws_ecs_task_pull_stopped_at: task.PullStoppedAt ?? '',
    aws_ecs_task_revision: task.Revision ?? '',
    aws_ecs_task_version: task.Revision ?? '',
    cloud_account_id: account,
    cloud_availability_zone: task.AvailabilityZone ?? '',
    cloud_region: region,
  };
}

export function makeAdotContainerLabels(container: TaskContainer): SampleLabels {
  const { name, tag } = splitImage(container.Image ?? '');
  return {
    aws_ecs_container_created_at: container.CreatedAt ?? '',
    aws_ecs_container_exit_code: container.ExitCode?.toString() ?? '',
    aws_ecs_container_finished_at: container.FinishedAt ?? '',
    aws_ecs_container_image_id: container.ImageID ?? '',
    aws_ecs_container_know_status: container.KnownStatus ?? '',
    aws_ecs_container_started_at: container.StartedAt ?? '',
    aws_ecs_docker_name: container.DockerName ?? '',
    container_id: container.DockerId,
    container_image_name: name,
    container_image_tag: tag,
    container_name: container.Name,
  };
}

/**
 * `registry:5000/app:v1@sha256:…` → `registry:5000/app` and `v1`. Without tag and digest the tag is
 * `latest`, as for docker.
 */
function splitImage(image: string): { readonly name: string; readonly tag: string } {
  const [tagged = '', digest] = image.split('@');
  const colon = tagged.lastIndexOf(':');
  if (colon > tagged.lastIndexOf('/'))
    return { name: tagged.slice(0, colon), tag: tagged.slice(colon + 1) };
  return { name: tagged, tag: tagged === '' || digest !== undefined ? '' : 'latest' };
}
