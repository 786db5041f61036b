/**
 * Picks from old metadata what still holds: the identity of a task and its containers, their
 * limits, and when their images were pulled. Their state is left out, since it may have changed.
 * Pure.
 *
 * Every field is named here, so that a field that is new to the schema does not compile until
 * somebody has decided whether it lasts.
 */
import type { TaskContainer, TaskMetadata, TaskStats } from '../aws/task-metadata-schema.ts';
import { hasFigures } from './reading.ts';

export function pickLastingTask(task: TaskMetadata): TaskMetadata {
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
    // The reader drops old tags itself: they come from a request of their own.
    TaskTags: task.TaskTags,
    Errors: [],
    Containers: task.Containers.map(pickLastingContainer),
  };
}

function pickLastingContainer(container: TaskContainer): TaskContainer {
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
    // An old count would look as if nothing restarted.
    RestartCount: undefined,
    CreatedAt: container.CreatedAt,
    StartedAt: container.StartedAt,
    // With a restart policy, a container that had finished may run again.
    FinishedAt: undefined,
    Health: undefined,
    Networks: container.Networks,
    LogDriver: container.LogDriver,
    LogOptions: container.LogOptions,
  };
}

/** Selects the tasks of an instance that run, which their statistics show. */
export function selectRunningTasks(
  tasks: readonly TaskMetadata[],
  stats: TaskStats | undefined,
): readonly TaskMetadata[] {
  return tasks.filter(({ Containers }) =>
    Containers.some(({ DockerId }) => hasFigures(stats?.[DockerId])),
  );
}
