/**
 * Presets of emf_write: the events that CloudWatch's own dashboards are made for. A preset fills in
 * the keys that an entry leaves out. Pure.
 * Source: aws-otel-collector 0.49's config/ecs/container-insights/otel-task-metrics-config.yaml;
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/ContainerInsights-Prometheus-metrics.html
 */
import type { RenamedMetric } from './config.ts';
import type { DeclarationInput } from './declarations.ts';

export const PRESETS = ['container_insights', 'prometheus'] as const;
export type PresetName = (typeof PRESETS)[number];

export interface Preset {
  readonly namespace: string;
  readonly logGroup: string;
  readonly logStream: string;
  readonly declarations: readonly DeclarationInput[];
  readonly renamedLabels: ReadonlyMap<string, string>;
  readonly renamedMetrics: ReadonlyMap<string, RenamedMetric>;
}

const CLUSTER_LABELS = [['aws.ecs.cluster.name', 'ClusterName']] as const;

export const presets: Readonly<Record<PresetName, Preset>> = {
  container_insights: {
    namespace: 'ECS/ContainerInsights',
    logGroup: '/aws/ecs/containerinsights/{ClusterName}/performance',
    logStream: '{TaskId}',
    declarations: [],
    renamedLabels: new Map(CLUSTER_LABELS),
    renamedMetrics: new Map(),
  },
  prometheus: {
    namespace: 'ECS/ContainerInsights/Prometheus',
    logGroup: '/aws/ecs/containerinsights/{ClusterName}/prometheus',
    logStream: '{job}',
    declarations: [],
    renamedLabels: new Map(CLUSTER_LABELS),
    renamedMetrics: new Map(),
  },
};
