/**
 * The profiles: sets of names under which the figures of a task are served, so that dashboards for
 * other exporters keep working. Several may be on at once.
 */
import type { TaskMetadata, TaskStats } from '../aws/task-metadata-schema.ts';
import type { MetricFamily } from '../model/metric-family.ts';
import { gauge, FamilyList, type SampleLabels } from './family-list.ts';
import { putAdot } from './profiles/adot.ts';
import { putDetails } from './profiles/details.ts';
import { putEcsExporter } from './profiles/ecs-exporter.ts';
import { putEcsPrometheusExporter } from './profiles/ecs-prometheus-exporter.ts';
import { putCpuPercent, putOlder } from './profiles/older.ts';
import { type TaskReading, shortenArn } from './reading.ts';

type PutProfile = (
  families: FamilyList,
  task: TaskMetadata,
  stats: TaskStats | undefined,
  shared: SampleLabels,
) => void;

const PROFILES = {
  ecs_exporter: putEcsExporter,
  'ecs_exporter_v0.1': (...all) => putOlder('0.1', ...all),
  'ecs_exporter_v0.2': (...all) => putOlder('0.2', ...all),
  'ecs_exporter_v0.3': (...all) => putOlder('0.3', ...all),
  ecs_prometheus_exporter: putEcsPrometheusExporter,
  adot: (...all) => putAdot(false, ...all),
  adot_units: (...all) => putAdot(true, ...all),
  ecs_cpu_percent: putCpuPercent,
} as const satisfies Record<string, PutProfile>;

export type ProfileName = keyof typeof PROFILES;
export const PROFILE_NAMES = Object.keys(PROFILES) as ProfileName[];

export interface ExpositionOptions {
  readonly profiles: readonly ProfileName[];
  /** Whether only the metrics of ecs_exporter itself are served, which are fewer series. */
  readonly isBasic: boolean;
  /** Whether the tasks of a whole instance are served. Samples then have labels of their task. */
  readonly isInstance: boolean;
}

const UP = gauge(
  'ecs_up',
  'Whether the task metadata endpoint gave metadata and statistics (1) or not (0).',
);

/** Makes the families of a reading. There is no family for what no task has. */
export function collectFamilies(reading: TaskReading, options: ExpositionOptions): MetricFamily[] {
  const { isUp, tasks, stats, tMs } = reading;
  const families = new FamilyList();
  families.put(UP, {}, isUp ? 1 : 0);
  for (const task of tasks ?? []) {
    const shared: SampleLabels = options.isInstance
      ? { task_family: task.Family ?? '', task_id: shortenArn(task.TaskARN) }
      : {};
    for (const name of options.profiles) {
      PROFILES[name](families, task, stats, shared);
      if (name === 'ecs_exporter' && !options.isBasic)
        putDetails(families, task, stats, shared, tMs);
    }
  }
  return families.list();
}
