/**
 * Of metadata that is old, what is true all the same: who a task and its containers are, what they
 * may use, when their images were pulled. Their state is left out: it may have changed since. Pure.
 *
 * Each field that lasts is named here, so that one that is new to the schema counts as state until
 * somebody decides.
 */
import type { TaskContainer, TaskMetadata, TaskStats } from '../aws/task-metadata-schema.ts';
import { hasFigures } from './reading.ts';

export function lastingTask(task: TaskMetadata): TaskMetadata {
  return {
    Cluster: task.Cluster,
    TaskARN: task.TaskARN,
    Family: task.Family,
    Revision: task.Revision,
    DesiredStatus: undefined,
    KnownStatus: undefined,
    AvailabilityZone: task.AvailabilityZone,
    LaunchType: task.LaunchType,
    ServiceName: task.ServiceName,
    VPCID: task.VPCID,
    DaemonName: task.DaemonName,
    PullStartedAt: task.PullStartedAt,
    PullStoppedAt: task.PullStoppedAt,
    ExecutionStoppedAt: task.ExecutionStoppedAt,
    Limits: task.Limits,
    EphemeralStorageMetrics: task.EphemeralStorageMetrics && {
      Utilized: undefined,
      Reserved: task.EphemeralStorageMetrics.Reserved,
    },
    ClockDrift: undefined,
    // Tags have a source and an age of their own.
    TaskTags: task.TaskTags,
    Errors: [],
    Containers: task.Containers.map(lastingContainer),
  };
}

function lastingContainer(container: TaskContainer): TaskContainer {
  return {
    DockerId: container.DockerId,
    Name: container.Name,
    DockerName: container.DockerName,
    Type: container.Type,
    Image: container.Image,
    ImageID: container.ImageID,
    DesiredStatus: undefined,
    KnownStatus: undefined,
    ExitCode: undefined,
    Limits: container.Limits,
    // A count that stands still would say that nothing restarts.
    RestartCount: undefined,
    CreatedAt: container.CreatedAt,
    StartedAt: container.StartedAt,
    // With a restart policy a container that had ended may run again.
    FinishedAt: undefined,
    Health: undefined,
    Networks: container.Networks,
  };
}

/**
 * Of the tasks of an instance, which come and go, those that are known to run by their statistics.
 */
export function runningTasks(
  tasks: readonly TaskMetadata[],
  stats: TaskStats | undefined,
): readonly TaskMetadata[] {
  return tasks.filter(({ Containers }) =>
    Containers.some(({ DockerId }) => hasFigures(stats?.[DockerId])),
  );
}
