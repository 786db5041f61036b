/**
 * Name profiles: under which names the figures of a task are served, so that dashboards made for
 * other exporters go on. Several may be on at once.
 */
import type { TaskMetadata, TaskStats } from '../aws/task-metadata-schema.ts';
import type { MetricFamily } from '../model/metric-family.ts';
import { gauge, FamilyList, type SampleLabels } from './family-list.ts';
import { putAdot } from './profiles/adot.ts';
import { putDetails } from './profiles/details.ts';
import { putEcsExporter } from './profiles/ecs-exporter.ts';
import { putEcsPrometheusExporter } from './profiles/ecs-prometheus-exporter.ts';
import { putCpuPercent, putOlder } from './profiles/older.ts';
import { type TaskReading, shortArnName } from './reading.ts';

type PutProfile = (
  page: FamilyList,
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
  /** Only what ecs_exporter itself has: fewer series to pay for. */
  readonly isBasic: boolean;
  /** Whether the tasks of a whole instance are served: samples then say whose they are. */
  readonly isInstance: boolean;
}

const UP = gauge(
  'ecs_up',
  'Whether the task metadata endpoint gave metadata and statistics (1) or not (0).',
);

/** Families without samples are of things that the tasks have not. */
export function collectFamilies(reading: TaskReading, options: ExpositionOptions): MetricFamily[] {
  const { isUp, tasks, stats, tMs } = reading;
  const page = new FamilyList();
  page.put(UP, {}, isUp ? 1 : 0);
  for (const task of tasks ?? []) {
    const shared: SampleLabels = options.isInstance
      ? { task_family: task.Family ?? '', task_id: shortArnName(task.TaskARN) }
      : {};
    for (const name of options.profiles) {
      PROFILES[name](page, task, stats, shared);
      if (name === 'ecs_exporter' && !options.isBasic) putDetails(page, task, stats, shared, tMs);
    }
  }
  return page.families();
}
